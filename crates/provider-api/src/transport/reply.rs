//! The way back: a head, then pieces.

use super::body::RawBody;
use super::bounds::CallBounds;
use super::encoding::ContentEncoding;
use super::{failure, headers};
use crate::error::ProviderError;
use baton_model::Clock;
use baton_model::fault::ErrorKind;
use baton_tasks::Alarm;
use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt as _};
use http::{HeaderMap, StatusCode, header};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// How long the body of an error reply is waited for. It is small and comes with its head, unless the provider is in
/// trouble; then what has come by now says enough.
const ERROR_BODY_TIME: Duration = Duration::from_secs(2);

/// The reply to a request. Dropping it cancels the call.
pub struct HttpReply {
    status: StatusCode,
    headers: HeaderMap,
    body: ReplyBody,
    /// The server as messages name it.
    peer: String,
    /// Host and port, for the log.
    place: String,
    bounds: CallBounds,
    started: Instant,
    begun: bool,
    alarm: Alarm,
    clock: Arc<dyn Clock>,
}

/// A body as it comes, or as it was before the provider compressed it.
enum ReplyBody {
    Plain(RawBody),
    Encoded(ContentEncoding, BoxStream<'static, io::Result<Bytes>>),
}

impl HttpReply {
    pub(super) fn new(
        response: http::Response<RawBody>,
        encoding: Option<ContentEncoding>,
        peer: String,
        place: String,
        bounds: CallBounds,
        started: Instant,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (head, body) = response.into_parts();
        let body = match encoding {
            None => ReplyBody::Plain(body),
            // From here on its size is that of the decoded body, which is what all bounds count.
            Some(encoding) => ReplyBody::Encoded(encoding, encoding.decode(body)),
        };
        let (status, headers, alarm) = (head.status, head.headers, Alarm::default());
        Self { status, headers, body, peer, place, bounds, started, begun: false, alarm, clock }
    }

    /// Its status; never a redirect.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The server that replies, as messages name it.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// The media type as the provider wrote it; empty if it names none.
    pub fn content_type(&self) -> &str {
        self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// How long the provider asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        headers::retry_after(&self.headers, self.clock.now())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// If it takes too long, the connection fails, or it is not compressed as its head says.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, ProviderError> {
        // Only a piece that has to be waited for needs the time.
        let mut deadline = None;
        poll_fn(|context| {
            while let Poll::Ready(data) = self.body.poll_next(context) {
                match data {
                    None => return Poll::Ready(Ok(None)),
                    Some(Err(error)) => return Poll::Ready(Err(self.broken(error))),
                    Some(Ok(data)) => {
                        // From here on the pauses count, not the wait for the first token.
                        (self.begun, deadline) = (true, None);
                        if !data.is_empty() {
                            return Poll::Ready(Ok(Some(data)));
                        }
                    }
                }
            }
            let (until, bound) = *deadline.get_or_insert_with(|| self.next_deadline(Instant::now()));
            ready!(self.alarm.poll(context, until));
            Poll::Ready(Err(self.late(bound)))
        })
        .await
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Self::next_piece`], and if it is larger than `limit` bytes.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, ProviderError> {
        let Some(first) = self.next_piece().await? else { return Ok(Bytes::new()) };
        let mut whole = BytesMut::from(first);
        // Counted as it comes: `content-length` is only what the provider claims.
        while whole.len() <= limit {
            match self.next_piece().await? {
                Some(piece) => whole.extend_from_slice(&piece),
                None => return Ok(whole.freeze()),
            }
        }
        Err(ProviderError::new(ErrorKind::Protocol, format!("the reply of {} is larger than {limit} bytes", self.peer)))
    }

    /// The start of the body, as much as comes of it and fits into `limit` bytes: for error replies, of which a part
    /// is better than nothing. Within [`ERROR_BODY_TIME`]: the status is known, and a fallback waits for it.
    pub async fn collect_start(mut self, limit: usize) -> Bytes {
        let mut start = BytesMut::new();
        let until = Instant::now() + ERROR_BODY_TIME;
        while let Ok(Ok(Some(piece))) = tokio::time::timeout_at(until, self.next_piece()).await {
            let room = limit.saturating_sub(start.len());
            start.extend_from_slice(piece.get(..room).unwrap_or(&piece));
            if start.len() >= limit {
                break;
            }
        }
        start.freeze()
    }

    /// Until when the next piece must come, and which bound says so.
    fn next_deadline(&self, now: Instant) -> (Instant, ReachedBound) {
        let CallBounds { first_token, idle, total } = self.bounds;
        let mut next = (now + idle, ReachedBound::Idle);
        // Some services send the head at once and think afterwards.
        if let Some(first) = first_token.filter(|_| !self.begun).map(|first| self.started + first)
            && first > next.0
        {
            next = (first, ReachedBound::FirstToken(first - self.started));
        }
        // The total counts from the start of the request, so a stream that drips can't stretch it.
        let end = self.started + total;
        if end <= next.0 { (end, ReachedBound::Total) } else { next }
    }

    fn broken(&self, error: BrokenBody) -> ProviderError {
        match error {
            BrokenBody::Connection(error) => {
                failure::of_connection(error, &self.peer, &self.place, "in the middle of its reply")
            }
            BrokenBody::Encoding(encoding, error) => failure::of_encoding(encoding, &self.peer, &self.place, error),
        }
    }

    fn late(&self, bound: ReachedBound) -> ProviderError {
        match bound {
            ReachedBound::FirstToken(time) => failure::first_token(&self.peer, time),
            ReachedBound::Idle => failure::idle(&self.peer, self.bounds.idle),
            ReachedBound::Total => failure::total(&self.peer, self.bounds.total),
        }
    }
}

/// Why a body does not go on.
enum BrokenBody {
    Connection(hyper::Error),
    Encoding(ContentEncoding, io::Error),
}

impl ReplyBody {
    /// Its next data.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenBody>>> {
        match self {
            Self::Plain(body) => body.poll_next_unpin(context).map_err(BrokenBody::Connection),
            Self::Encoded(encoding, body) => {
                let encoding = *encoding;
                body.poll_next_unpin(context).map_err(|error| match error.downcast::<hyper::Error>() {
                    // Nothing is wrong with what has come.
                    Ok(error) => BrokenBody::Connection(error),
                    Err(error) => BrokenBody::Encoding(encoding, error),
                })
            }
        }
    }
}

/// Which bound was met.
#[derive(Clone, Copy)]
enum ReachedBound {
    FirstToken(Duration),
    Idle,
    Total,
}
