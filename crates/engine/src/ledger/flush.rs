//! Waiting until everything that was recorded so far is in the database.

use std::sync::{Mutex, PoisonError};
use tokio::sync::{Notify, oneshot};

/// Those who wait until the drain has moved everything that was in the journal when they asked.
#[derive(Default)]
pub struct FlushRequests {
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
    asked: Notify,
}

impl FlushRequests {
    /// Asks; the receiver resolves when the drain is that far.
    pub fn add(&self) -> oneshot::Receiver<()> {
        let (done, receiver) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(done);
        self.asked.notify_one();
        receiver
    }

    /// Those who have asked until now, for a drain that begins a round.
    pub fn take(&self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves when somebody has asked.
    pub async fn wait(&self) {
        self.asked.notified().await;
    }
}
