//! A command in the hands of one node.

use crate::{BusError, BusEvent, EventFault};
use bytes::Bytes;
use futures::future::BoxFuture;
use std::time::Duration;

/// A command in the hands of this node. Dropped without a reply to the bus, it comes again, here or elsewhere.
pub struct CommandDelivery {
    /// Its bytes as they came.
    pub raw: Bytes,
    /// What they say, or why they can't be read.
    pub event: Result<BusEvent, EventFault>,
    /// How many times it has been delivered, this one included.
    pub attempt: u32,
    /// Its place in the stream of commands: no other command has had it.
    pub place: String,
    receipt: Box<dyn CommandReceipt>,
}

/// How a carrier is told what became of a delivery. What comes after the command went elsewhere counts too: an effect
/// that is durable stays so.
pub(crate) trait CommandReceipt: Send + Sync {
    /// It is done.
    fn ack(&self) -> BoxFuture<'_, Result<(), BusError>>;
    /// It shall come again after that time.
    fn retry(&self, after: Duration) -> BoxFuture<'_, Result<(), BusError>>;
    /// It is still being worked on.
    fn extend(&self) -> BoxFuture<'_, Result<(), BusError>>;
}

impl CommandDelivery {
    pub(crate) fn new(raw: Bytes, attempt: u32, place: String, receipt: impl CommandReceipt + 'static) -> Self {
        Self { event: BusEvent::read(&raw), raw, attempt, place, receipt: Box::new(receipt) }
    }

    /// Tells the bus that the command is done: it comes no more.
    ///
    /// # Errors
    /// If the bus may not have heard: the command may come again.
    pub async fn ack(&self) -> Result<(), BusError> {
        self.receipt.ack().await
    }

    /// Gives the command back, to come again after a wait.
    ///
    /// # Errors
    /// If the bus may not have heard: the command comes again when this node's time with it is over.
    pub async fn retry(&self, after: Duration) -> Result<(), BusError> {
        self.receipt.retry(after).await
    }

    /// Keeps the command for another [`Settings::ack_wait`](crate::BusSettings::ack_wait) from now on.
    ///
    /// # Errors
    /// If the bus may not have heard: the command may go to another node.
    pub async fn extend(&self) -> Result<(), BusError> {
        self.receipt.extend().await
    }
}

impl std::fmt::Debug for CommandDelivery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither its bytes nor its event: they carry credentials.
        let id = self.event.as_ref().map(|event| &event.id);
        formatter
            .debug_struct("Delivery")
            .field("place", &self.place)
            .field("attempt", &self.attempt)
            .field("id", &id)
            .finish_non_exhaustive()
    }
}
