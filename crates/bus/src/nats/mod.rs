//! A bus on NATS JetStream.
//!
//! Subjects `PREFIX.events.TYPE`, `PREFIX.commands.TYPE` and `PREFIX.dead`, kept in the streams `PREFIX_EVENTS`,
//! `PREFIX_COMMANDS` and `PREFIX_DEAD` (the prefix in capitals). All nodes read commands through one durable consumer. What
//! of these is there already stays as an operator has set it up.

mod address;
mod commands;
mod fault;
mod setup;
mod shared;

use crate::{Bus, BusError, BusEvent, BusSettings, CommandDelivery, DeadLetter};
use address::NatsServers;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use setup::NatsNames;
use shared::{NatsConnection, PublishFault};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::time::timeout;

/// A bus on NATS JetStream. Clones share its connection.
#[derive(Clone)]
pub struct Nats {
    shared: Arc<NatsConnection>,
}

/// How many events are on their way at once.
const BATCH: usize = 100;
impl Nats {
    /// A bus at `nats://…` or `tls://…`, or at several such addresses of one cluster, with commas between them; it need
    /// not be there yet.
    ///
    /// # Errors
    /// If one is no address.
    pub async fn open(url: &str, settings: BusSettings) -> Result<Self, BusError> {
        let address = NatsServers::read(url)?;
        let client =
            address.connect_with_retry(&settings).await.map_err(|error| fault::connecting(&error, &address))?;
        let context = fault::context(client.clone(), &settings);
        let names = NatsNames::new(&settings.prefix);
        let ready = AtomicBool::new(false);
        Ok(Self { shared: Arc::new(NatsConnection { settings, address, names, client, context, ready }) })
    }
}

impl Bus for Nats {
    fn publish<'a>(&'a self, events: &'a [BusEvent]) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            for batch in events.chunks(BATCH) {
                // Side by side: each waits for the server's acknowledgement, and one after the other would take a
                // round trip each.
                let all = batch.iter().map(async |event| {
                    let subject = self.shared.names.event(&event.kind)?;
                    self.shared.store(subject, Some(&event.id), event.write().into()).await
                });
                futures::future::try_join_all(all).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn listen(&self) -> BoxFuture<'_, Result<BoxStream<'static, BusEvent>, BusError>> {
        self.shared.subscribe_subject(self.shared.names.all_events()).boxed()
    }

    fn send<'a>(&'a self, command: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            let subject = self.shared.names.command(&command.kind)?;
            self.shared.store(subject, None, command.write().into()).await
        }
        .boxed()
    }

    fn commands(&self) -> BoxStream<'static, CommandDelivery> {
        commands::commands(Arc::clone(&self.shared))
    }

    fn reply<'a>(&'a self, to: &'a str, event: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            // A command comes from anybody. Its reply must not become a command, an event or a call of the server's
            // own API.
            if !setup::is_subject(to) || self.shared.names.is_own(to) {
                return Err(BusError::Refused(format!("replyto: must be a subject outside of Baton's, got `{to}`")));
            }
            let payload: Bytes = event.write().into();
            // Checked here: a server closes the connection of a client that sends more.
            if payload.len() > self.shared.client.max_payload() {
                return Err(self.shared.publish_error(PublishFault::TooLarge));
            }
            let replying = async {
                let sent = self.shared.client.publish(to.to_owned(), payload).await;
                sent.map_err(|error| self.shared.unreachable(&error.to_string()))?;
                // Plain messages are not acknowledged, so this is how it is known that the reply has arrived.
                self.shared.wait_for_server().await
            };
            timeout(self.shared.settings.timeout, replying)
                .await
                .map_err(|_| self.shared.unreachable("does not respond in time"))?
        }
        .boxed()
    }

    fn replies<'a>(&'a self, to: &'a str) -> BoxFuture<'a, Result<BoxStream<'static, BusEvent>, BusError>> {
        self.shared.subscribe_subject(to.to_owned()).boxed()
    }

    fn put_dead_letter<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            let letter = letter.event();
            self.shared.store(self.shared.names.dead_letters(), Some(&letter.id), letter.write().into()).await
        }
        .boxed()
    }

    fn list_dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<BusEvent>, BusError>> {
        async move {
            self.shared.prepare().await?;
            let stream = self.shared.names.dead_stream();
            let last = setup::last_messages(&self.shared.context, &stream, limit);
            match timeout(self.shared.settings.timeout, last).await {
                Ok(Ok(last)) => Ok(last.iter().filter_map(|bytes| BusEvent::read(bytes).ok()).collect()),
                Ok(Err(problem)) => Err(self.shared.unreachable(&problem)),
                Err(_) => Err(self.shared.unreachable("does not respond in time")),
            }
        }
        .boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<String, BusError>> {
        async move {
            let NatsConnection { settings, address, names, .. } = &*self.shared;
            // Anew: the connection that is there tries again and again, and never tells why.
            let client = match timeout(settings.timeout, address.connect_once(settings)).await {
                Ok(client) => client.map_err(|error| fault::connecting(&error, address))?,
                Err(_) => return Err(self.shared.unreachable("does not respond in time")),
            };
            let version = client.server_info().version;
            let context = fault::context(client, settings);
            setup::prepare(&context, names, settings, address).await?;
            Ok(format!("JetStream of NATS {version} at {address}"))
        }
        .boxed()
    }
}
