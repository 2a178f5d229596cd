//! A timer for waits that are short and many.

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that rings at a moment which moves on with every wait: silence in a stream, for one.
///
/// Setting a timer anew for each event costs more than many an event. This one follows only when it rings too early.
#[derive(Debug, Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once `due` has come.
    pub fn poll(&mut self, context: &mut Context<'_>, due: Instant) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due < timer.deadline() {
            timer.as_mut().reset(due);
        }
        loop {
            std::task::ready!(timer.as_mut().poll(context));
            if due <= timer.deadline() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn it_rings_at_the_moment_that_is_due_and_no_other() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut alarm = Alarm::default();
        // Set for 10 s and never waited for: a later moment and an earlier one are both met.
        let pending = poll_fn(|context| Poll::Ready(alarm.poll(context, after(10)))).await;
        assert!(pending.is_pending());
        poll_fn(|context| alarm.poll(context, after(15))).await;
        assert_eq!(Instant::now(), after(15));
        let pending = poll_fn(|context| Poll::Ready(alarm.poll(context, after(60)))).await;
        assert!(pending.is_pending());
        poll_fn(|context| alarm.poll(context, after(20))).await;
        assert_eq!(Instant::now(), after(20));
    }
}
