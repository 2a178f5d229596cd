//! Bodies on their way in and out: each holds its request under way, and those that go out are cut into small pieces.

use super::activity::UnderWay;
use super::streams::Reading;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The largest piece, in bytes. hyper takes a piece as a whole, however little the client reads.
const PIECE: usize = 16 << 10;

/// The body of a request.
pub struct RequestBody<B> {
    body: B,
    _request: UnderWay,
}

impl<B> RequestBody<B> {
    /// One that holds its request under way until it is dropped: what nobody has read is still to come.
    pub fn new(body: B, request: UnderWay) -> Self {
        Self { body, _request: request }
    }
}

impl<B: HttpBody + Unpin> HttpBody for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response.
pub struct ResponseBody {
    body: Body,
    /// What is left of a piece that was too large.
    rest: Bytes,
    /// Of a stream of HTTP/2.
    reading: Option<Arc<Reading>>,
    _request: UnderWay,
}

impl ResponseBody {
    /// One that holds its request under way until it is dropped. To be called by the task that carries the stream.
    pub fn new(body: Body, request: UnderWay) -> Self {
        Self { body, rest: Bytes::new(), reading: Reading::of_stream(), _request: request }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(reading) = &self.reading {
            // hyper asks for the next piece only when the client's window has room again.
            reading.note_taken();
        }
        let piece = ready!(self.poll_piece(cx));
        if let Some(reading) = &self.reading {
            // Until the next is asked for, or all is dropped because the last was taken.
            reading.note_offered();
        }
        Poll::Ready(piece)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::serve::activity::Activity;
    use http_body_util::BodyExt;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(120);

    #[tokio::test]
    async fn large_pieces_are_cut_and_nothing_is_lost() {
        let all: Vec<u8> = (0..100_001_u32).map(|number| number as u8).collect();
        let activity = Activity::new(LONG, LONG);
        let mut body = ResponseBody::new(Body::from(all.clone()), activity.begin());
        assert_eq!(body.size_hint().exact(), Some(100_001));
        let mut read = Vec::new();
        while !body.is_end_stream() {
            let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(piece.len() <= PIECE);
            read.extend_from_slice(&piece);
            assert_eq!(body.size_hint().exact(), Some((all.len() - read.len()) as u64));
        }
        assert!(read == all);
        assert!(!activity.is_idle(), "a body that is not dropped may still be on its way");
        drop(body);
        assert!(activity.is_idle());
    }
}
