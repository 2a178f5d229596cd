//! Bodies of requests that must arrive with a least speed.
//!
//! A client that sends a byte now and then would hold a request, and what was read of its body, for as long as it likes.

use baton_engine::{EdgeMetrics, SlowClient};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// How slowly a body may arrive.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The fewest bytes a second, on average.
    pub bytes_per_second: u32,
    /// How much later than by that they may come, and so the longest silence.
    pub grace: Duration,
}

/// A body that ends with [`BodyTooSlow`] if it arrives too slowly. Time counts only while somebody waits for bytes: that a
/// request waits for its turn is not the client's fault.
pub struct Paced<B> {
    body: B,
    pace: Pace,
    metrics: EdgeMetrics,
    /// How long bytes may be waited for. Bytes add to it, but never beyond the grace: a fast start buys no long silence.
    left: Duration,
    /// Since when they are waited for.
    waiting: Option<Instant>,
    /// Made when bytes are first waited for: most bodies are there at once.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The body arrived too slowly.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("fewer than {} bytes a second arrived", .0.bytes_per_second)]
pub struct BodyTooSlow(Pace);

impl<B> Paced<B> {
    /// A body that must keep the pace.
    pub fn new(body: B, pace: Pace, metrics: EdgeMetrics) -> Self {
        Self { body, pace, metrics, left: pace.grace, waiting: None, timer: None }
    }

    /// Bytes came.
    fn received(&mut self, bytes: usize) {
        let waited = self.waiting.take().map_or(Duration::ZERO, |since| since.elapsed());
        // At least one: a time without end is none that a `Duration` can hold.
        let earned = Duration::from_secs_f64(bytes as f64 / f64::from(self.pace.bytes_per_second.max(1)));
        self.left = self.pace.grace.min(self.left.saturating_sub(waited) + earned);
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                this.received(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let due = *this.waiting.get_or_insert_with(Instant::now) + this.left;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due != timer.deadline() {
            timer.as_mut().reset(due);
        }
        ready!(timer.as_mut().poll(cx));
        this.metrics.too_slow(SlowClient::Body);
        Poll::Ready(Some(Err(BodyTooSlow(this.pace).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use futures::{StreamExt, stream};
    use http_body_util::{BodyExt, StreamBody};
    use tokio::time::sleep;

    const PACE: Pace = Pace { bytes_per_second: 100, grace: Duration::from_secs(10) };

    /// Reads a body of that many pieces of that size, with that wait before each.
    async fn read(pieces: usize, bytes: usize, wait: Duration) -> Result<usize, axum::BoxError> {
        let pieces = stream::iter(0..pieces).then(move |_| async move {
            sleep(wait).await;
            Ok::<_, axum::BoxError>(Frame::data(Bytes::from(vec![0; bytes])))
        });
        let body = Paced::new(StreamBody::new(Box::pin(pieces)), PACE, EdgeMetrics::default());
        body.collect().await.map(|body| body.to_bytes().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up() {
        let begun = Instant::now();
        let error = read(1000, 1, Duration::from_secs(1)).await.unwrap_err();
        assert!(error.is::<BodyTooSlow>(), "{error}");
        // The bytes earned a tenth of a second.
        assert_eq!(begun.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_start_buys_no_long_silence() {
        let begun = Instant::now();
        let pieces = stream::once(async { Ok::<_, axum::BoxError>(Frame::data(Bytes::from(vec![0; 1 << 20]))) });
        let body = StreamBody::new(Box::pin(pieces.chain(stream::pending())));
        let error = Paced::new(body, PACE, EdgeMetrics::default()).collect().await.unwrap_err();
        assert!(error.is::<BodyTooSlow>(), "{error}");
        assert_eq!(begun.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_at_the_pace_may_take_hours() {
        assert_eq!(read(10_000, 101, Duration::from_secs(1)).await.unwrap(), 1_010_000);
        // Longer pauses, with more between them.
        assert_eq!(read(100, 1000, Duration::from_secs(9)).await.unwrap(), 100_000);
    }
}
