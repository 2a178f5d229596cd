//! Waiting until everything that was recorded so far is in the database.

use std::sync::{Mutex, PoisonError};
use tokio::sync::{Notify, oneshot};

/// Those who wait until the drain has moved everything that was in the journal when they asked.
pub struct FlushRequests {
    /// `None`: the drain has ended, and nobody will come for them.
    waiting: Mutex<Option<Vec<oneshot::Sender<()>>>>,
    asked: Notify,
}

impl Default for FlushRequests {
    fn default() -> Self {
        Self { waiting: Mutex::new(Some(Vec::new())), asked: Notify::new() }
    }
}

impl FlushRequests {
    /// Asks; the receiver resolves when the drain is that far, or has ended.
    pub fn add(&self) -> oneshot::Receiver<()> {
        let (done, receiver) = oneshot::channel();
        if let Some(waiting) = &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            waiting.push(done);
        }
        self.asked.notify_one();
        receiver
    }

    /// Those who have asked until now, for a drain that begins a round.
    pub fn take(&self) -> Vec<oneshot::Sender<()>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The drain has ended: whoever waits, or asks from now on, is let go.
    pub fn end(&self) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Resolves when somebody has asked.
    pub async fn wait(&self) {
        self.asked.notified().await;
    }
}
