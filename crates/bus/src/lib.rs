//! Events out and commands in: CloudEvents over this process, Redis Streams or NATS JetStream.
//!
//! A [`Bus`] promises the same whatever carries it: this process ([`Local`]), [`RedisStreams`] or [`Nats`].
//! - *events* go to whoever listens, at least once; the bus drops those it has seen lately, by their `id`;
//! - a *command* is held by one node at a time, and comes again until it is acknowledged: after [`BusSettings::ack_wait`]
//!   if its node died, after a wait of the node's choice if it asked for one ([`CommandDelivery::retry`]);
//! - order is not promised;
//! - what can't be carried out goes to the *dead letters*, with the reason.
//!
//! The crate carries and knows no command: what one means, and that it is executed once, is its reader's business.
//!
//! To add a carrier: a file beside `local.rs`, and a place in `tests/it/place.rs`.

mod dead;
mod delivery;
mod error;
mod event;
mod local;
mod nats;
mod redis_streams;
mod settings;

pub use dead::DeadLetter;
pub use delivery::CommandDelivery;
pub use error::BusError;
pub use event::{BusEvent, EventFault, ExtensionValue};
pub use local::Local;
pub use nats::Nats;
pub use redis_streams::RedisStreams;
pub use settings::{BusSettings, StreamBound};

use futures::future::BoxFuture;
use futures::stream::BoxStream;

/// What carries events and commands.
pub trait Bus: Send + Sync {
    /// Whether programs outside of this process hear what is published. Where none does, events of requests are not
    /// published: within the process only changes of what is registered are listened for.
    fn is_shared(&self) -> bool {
        true
    }

    /// Publishes events; returns once the bus has all of them. One whose `id` it has seen lately
    /// ([`BusSettings::duplicate_window`]) changes nothing.
    ///
    /// # Errors
    /// If some may not have arrived: publish them all again. With [`BusError::Refused`], one of them never will:
    /// publish one at a time to learn which.
    fn publish<'a>(&'a self, events: &'a [BusEvent]) -> BoxFuture<'a, Result<(), BusError>>;

    /// Events that any node publishes from now on. A notice to look, no more: one may come twice, and what comes while
    /// the bus is away or the reader is slow may be missed. The stream goes on by itself after the bus was away.
    ///
    /// # Errors
    /// If the bus is not there.
    fn listen(&self) -> BoxFuture<'_, Result<BoxStream<'static, BusEvent>, BusError>>;

    /// Sends a command.
    ///
    /// # Errors
    /// If it may not have arrived, or too many wait already ([`BusSettings::max_commands`]).
    fn send<'a>(&'a self, command: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>>;

    /// Commands for this node, one at a time as they are asked for; all nodes share them. The stream never ends: while
    /// the bus is away it waits.
    fn commands(&self) -> BoxStream<'static, CommandDelivery>;

    /// Puts the result of a command where its sender waits for it.
    ///
    /// # Errors
    /// If it may not have arrived; [`BusError::Refused`] if no reply can go there.
    fn reply<'a>(&'a self, to: &'a str, event: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>>;

    /// What is put there from now on, for who sends a command and waits. Ask for it before sending.
    ///
    /// # Errors
    /// If the bus is not there.
    fn replies<'a>(&'a self, to: &'a str) -> BoxFuture<'a, Result<BoxStream<'static, BusEvent>, BusError>>;

    /// Puts away what can't be carried out. Acknowledge its delivery afterwards.
    ///
    /// # Errors
    /// If it may not have arrived.
    fn put_dead_letter<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), BusError>>;

    /// The last dead letters, newest first, as they were written ([`DeadLetter::event`]).
    ///
    /// # Errors
    /// If the bus is not there.
    fn list_dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<BusEvent>, BusError>>;

    /// Whether it is there and can do all of this; what it is, for `baton check`.
    ///
    /// # Errors
    /// What is missing, and what to do about it.
    fn check(&self) -> BoxFuture<'_, Result<String, BusError>>;
}
