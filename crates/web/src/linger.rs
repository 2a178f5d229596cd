//! What a refused client still sends.
//!
//! A server that replies before it has read the request, and then closes, makes the client fail while it writes, or
//! lose the reply. So what nobody reads is read and forgotten, within bounds, and the connection stays of use.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use baton_tasks::supervised;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The most that is read for nobody, in bytes.
const MOST_BYTES: usize = 4 << 20;
/// And the longest time.
const LONGEST: Duration = Duration::from_secs(5);

/// The request, its body read to the end even if the handler does not.
pub fn linger(request: Request) -> Request {
    // A request without a body needs no guard.
    request.map(|body| if body.is_end_stream() { body } else { Body::new(Lingering { body: Some(body) }) })
}

/// A body that is read on when it is dropped.
struct Lingering {
    /// `None` after its end.
    body: Option<Body>,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(cx));
        // After its end, or an error, nothing is left to be read on.
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.as_ref().map_or_else(|| http_body::SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        // Without a runtime the process is ending anyway.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(supervised("linger", tokio::time::timeout(LONGEST, forget(body))));
        }
    }
}

async fn forget(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST_BYTES {
            return;
        }
    }
}
