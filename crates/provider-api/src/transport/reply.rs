//! The way back: a head, then pieces.

use super::bounds::CallBounds;
use super::{failure, headers};
use crate::error::ProviderError;
use baton_model::Clock;
use baton_model::fault::ErrorKind;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the body of an error reply is waited for. It is small and comes with its head, unless the provider is in
/// trouble; then what has come by now says enough.
const ERROR_BODY_TIME: Duration = Duration::from_secs(2);

/// The reply to a request. Dropping it cancels the call.
pub struct HttpReply {
    status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
    /// The server as messages name it.
    peer: String,
    /// Host and port, for the log.
    place: String,
    bounds: CallBounds,
    started: Instant,
    begun: bool,
    clock: Arc<dyn Clock>,
}

impl HttpReply {
    pub(super) fn new(
        response: http::Response<Incoming>,
        peer: String,
        place: String,
        bounds: CallBounds,
        started: Instant,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status, headers: head.headers, body, peer, place, bounds, started, begun: false, clock }
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
    /// If it takes too long, or the connection fails.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, ProviderError> {
        loop {
            let now = Instant::now();
            let (until, bound) = self.next_deadline(now);
            let Ok(frame) = tokio::time::timeout_at(until, self.body.frame()).await else {
                return Err(self.late(bound));
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => {
                    return Err(failure::of_connection(error, &self.peer, &self.place, "in the middle of its reply"));
                }
                Some(Ok(frame)) => {
                    // From here on the pauses count, not the wait for the first token.
                    self.begun = true;
                    // What is no data is a trailer, which no provider uses.
                    match frame.into_data() {
                        Ok(data) if !data.is_empty() => return Ok(Some(data)),
                        _ => {}
                    }
                }
            }
        }
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

    fn late(&self, bound: ReachedBound) -> ProviderError {
        match bound {
            ReachedBound::FirstToken(time) => failure::first_token(&self.peer, time),
            ReachedBound::Idle => failure::idle(&self.peer, self.bounds.idle),
            ReachedBound::Total => failure::total(&self.peer, self.bounds.total),
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
