//! "Something changed, look now."

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Tells nodes to look at once. A notice may be lost, so whoever listens also looks now and then by himself.
pub trait Notices: Send + Sync {
    /// Tells all nodes, this one included.
    fn publish<'a>(&'a self, topic: &'a str, text: &'a str) -> BoxFuture<'a, ()>;

    /// What is told from now on, of every topic. The stream goes on by itself after an outage.
    fn subscribe(&self) -> BoxFuture<'_, BoxStream<'static, Notice>>;
}

/// What a subscriber receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Somebody published this.
    Published {
        /// What it is about.
        topic: String,
        /// The text.
        text: String,
    },
    /// Something may have been missed: look at everything.
    Missed,
}

/// Notices within this process.
#[derive(Debug, Clone)]
pub struct InProcess {
    sender: broadcast::Sender<Notice>,
}

impl Default for InProcess {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(256) }
    }
}

impl Notices for InProcess {
    fn publish<'a>(&'a self, topic: &'a str, text: &'a str) -> BoxFuture<'a, ()> {
        // Nobody listening is no error.
        let _ = self.sender.send(Notice::Published { topic: topic.to_owned(), text: text.to_owned() });
        futures::future::ready(()).boxed()
    }

    fn subscribe(&self) -> BoxFuture<'_, BoxStream<'static, Notice>> {
        let next = |mut receiver: broadcast::Receiver<Notice>| async move {
            match receiver.recv().await {
                Ok(notice) => Some((notice, receiver)),
                // What was missed is not known, so the listener has to look at everything.
                Err(RecvError::Lagged(_)) => Some((Notice::Missed, receiver)),
                Err(RecvError::Closed) => None,
            }
        };
        futures::future::ready(stream::unfold(self.sender.subscribe(), next).boxed()).boxed()
    }
}
