//! Streams of HTTP/2 whose client takes nothing of what is there for it.
//!
//! A client that gives a stream no window keeps its reply where it is: the body is not asked for more, and the socket has
//! nothing to write, so neither can notice. What notices is the task that carries the stream, by a timer of its own. It
//! ends the stream, and with it the request, its place and the connection to the provider.

use baton_engine::{EdgeMetrics, SlowClient};
use baton_tasks::run_supervised;
use hyper::rt::Executor;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

tokio::task_local! {
    /// Of the stream that the running task carries.
    static STREAM: Arc<Reading>;
}

/// What hyper runs the streams of a connection with.
#[derive(Clone)]
pub struct Streams {
    /// How long a client may take nothing.
    pub longest: Duration,
    /// Where those who do are counted.
    pub metrics: EdgeMetrics,
}

/// Whether a client takes what is there for it.
#[derive(Debug, Default)]
pub struct Reading {
    /// Since when something waits to be taken.
    waiting: Mutex<Option<Instant>>,
}

impl Reading {
    /// That of the stream that is carried here; `None` outside of HTTP/2.
    pub fn of_stream() -> Option<Arc<Self>> {
        STREAM.try_with(Arc::clone).ok()
    }

    /// A piece is there to be taken.
    pub fn note_offered(&self) {
        self.set(Some(Instant::now()));
    }

    /// The last one was taken: the next is asked for.
    pub fn note_taken(&self) {
        self.set(None);
    }

    fn set(&self, waiting: Option<Instant>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = waiting;
    }

    /// Resolves when nothing was taken for that long.
    async fn stalled(&self, longest: Duration) {
        // Looked at now and then instead of being woken: pieces come far more often than a client stalls.
        let mut look = Instant::now() + longest;
        loop {
            sleep_until(look).await;
            let now = Instant::now();
            let waiting = *self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            look = waiting.unwrap_or(now) + longest;
            if look <= now {
                return;
            }
        }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        let Self { longest, metrics } = self.clone();
        let reading = Arc::new(Reading::default());
        tokio::spawn(run_supervised("stream", async move {
            tokio::select! {
                _ = STREAM.scope(Arc::clone(&reading), stream) => {}
                // What the stream holds is dropped; hyper tells the client by a reset.
                () = reading.stalled(longest) => metrics.too_slow(SlowClient::Stream),
            }
        }));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const LONGEST: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn only_what_is_not_taken_stalls() {
        let begun = Instant::now();
        let reading = Arc::new(Reading::default());
        let client = Arc::clone(&reading);
        tokio::spawn(async move {
            // A provider that is silent is no fault of the client.
            sleep(Duration::from_secs(500)).await;
            for _ in 0..10 {
                client.note_offered();
                sleep(Duration::from_secs(29)).await;
                client.note_taken();
            }
            client.note_offered();
        });
        reading.stalled(LONGEST).await;
        assert_eq!(begun.elapsed().as_secs(), 500 + 290 + 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_stream_is_dropped_with_all_that_it_holds() {
        let metrics = EdgeMetrics::default();
        let (held, released) = tokio::sync::oneshot::channel::<()>();
        Streams { longest: LONGEST, metrics }.execute(async move {
            let _held = held;
            Reading::of_stream().unwrap().note_offered();
            std::future::pending::<()>().await;
        });
        assert!(released.await.is_err(), "it was dropped");
        assert!(Reading::of_stream().is_none());
    }
}
