//! Tells those who follow the events that there are more: one question to the database, however many they are.

use baton_store::Store;
use baton_tasks::supervised;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How often the database is asked, while somebody follows.
const EVERY: Duration = Duration::from_millis(250);

/// The last position of the stream, as far as it is known here.
pub struct Feed {
    store: Store,
    last: watch::Sender<u64>,
    asking: Mutex<bool>,
}

impl Feed {
    /// Of that database.
    pub fn new(store: Store) -> Arc<Self> {
        Arc::new(Self { store, last: watch::Sender::new(0), asking: Mutex::new(false) })
    }

    /// The last position, from now on. The database is asked for it as long as somebody holds one of these.
    pub fn subscribe(self: &Arc<Self>) -> watch::Receiver<u64> {
        // Subscribed before the lock is taken: a task that is about to end counts its receivers under that lock, and
        // so sees this one or has already set `asking` to false.
        let follower = self.last.subscribe();
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *asking, true) {
            tokio::spawn(supervised("event_feed", Arc::clone(self).read_last_position()));
        }
        follower
    }

    async fn read_last_position(self: Arc<Self>) {
        while !self.is_over() {
            match self.store.events().last_position().await {
                Ok(last) => {
                    // Only a change wakes those who follow: each of them would ask the database.
                    self.last.send_if_modified(|known| std::mem::replace(known, last) != last);
                }
                Err(error) => tracing::debug!(%error, "new events can't be read"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Whether nobody follows any more; then who comes next begins anew.
    fn is_over(&self) -> bool {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        *asking = self.last.receiver_count() > 0;
        !*asking
    }
}
