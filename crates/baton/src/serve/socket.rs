//! A connection's bytes on their way: tells [`Activity`] what comes, and counts clients that read nothing.

use super::activity::Activity;
use baton_engine::{EdgeMetrics, SlowClient};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// With what every connection of HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection below HTTP, and above TLS if there is any.
pub struct Socket<S> {
    stream: S,
    activity: Arc<Activity>,
    metrics: EdgeMetrics,
    protocol: Protocol,
}

enum Protocol {
    /// All that came so far, that many bytes, is the beginning of [`PREFACE`].
    Unknown(usize),
    Http1,
    Http2,
}

impl<S> Socket<S> {
    /// A socket that reports there.
    pub fn new(stream: S, activity: Arc<Activity>, metrics: EdgeMetrics) -> Self {
        Self { stream, activity, metrics, protocol: Protocol::Unknown(0) }
    }

    fn received(&mut self, bytes: &[u8]) {
        if let Protocol::Unknown(known) = self.protocol {
            // hyper tells the two apart by the same bytes, but says so to nobody. The preface may come in pieces.
            let rest = PREFACE.get(known..).unwrap_or_default();
            self.protocol = if rest.len() <= bytes.len() && bytes.starts_with(rest) {
                self.activity.begin_http2();
                Protocol::Http2
            } else if rest.starts_with(bytes) {
                Protocol::Unknown(known + bytes.len())
            } else {
                Protocol::Http1
            };
        }
        // Of HTTP/2 PINGs and the like may come at any time. Of HTTP/1 nothing but the next request.
        if matches!(self.protocol, Protocol::Http1) {
            self.activity.received();
        }
    }

    /// Counts a client that has read nothing for so long that its connection is given up.
    fn count_slow_reader<T>(&self, written: Result<T>) -> Result<T> {
        written.inspect_err(|error| {
            if is_own(error) {
                self.metrics.too_slow(SlowClient::Read);
            }
        })
    }
}

/// Whether a timeout is Baton's own and not the system's, whose errors have a number.
fn is_own(error: &Error) -> bool {
    error.kind() == ErrorKind::TimedOut && error.raw_os_error().is_none()
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        // The bytes that were in the buffer before are not new ones.
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        if let Some(bytes) = buffer.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            this.received(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        Poll::Ready(self.count_slow_reader(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bytes));
        Poll::Ready(self.count_slow_reader(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let written = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        Poll::Ready(self.count_slow_reader(written))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let written = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
        Poll::Ready(self.count_slow_reader(written))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const LONG: Duration = Duration::from_secs(120);

    /// What a connection does after these bytes came, in those pieces.
    async fn after(pieces: &[&[u8]]) -> Arc<Activity> {
        let activity = Activity::new(LONG, LONG);
        let (mut client, server) = tokio::io::duplex(64);
        let mut socket = Socket::new(server, Arc::clone(&activity), EdgeMetrics::default());
        for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
            client.write_all(piece).await.unwrap();
            assert_eq!(socket.read(&mut [0; 64]).await.unwrap(), piece.len());
        }
        activity
    }

    #[tokio::test]
    async fn http2_is_known_by_its_preface_in_whatever_pieces() {
        for cut in 0..PREFACE.len() {
            let (one, two) = PREFACE.split_at(cut);
            assert!(after(&[one, two, b"frames"]).await.is_idle(), "{cut}");
            let all = [two, b"frames"].concat();
            assert!(after(&[one, &all]).await.is_idle(), "{cut}");
            // A part of it is not enough.
            assert!(!after(&[one]).await.is_idle(), "{cut}");
        }
        assert!(!after(&[b"PRI * HTTP/1.1\r\n"]).await.is_idle());
    }
}
