//! Commands out of the durable consumer, and what becomes of them.

use super::shared::{NatsConnection, PAUSE};
use crate::delivery::CommandReceipt;
use crate::{BusError, CommandDelivery};
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::message::Acker;
use async_nats::jetstream::{AckKind, Message};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a request for a command waits at the server.
const WAIT: Duration = Duration::from_secs(5);

/// Commands, over as many connections as it takes.
pub(super) fn commands(shared: Arc<NatsConnection>) -> BoxStream<'static, CommandDelivery> {
    let stream = async_stream::stream! {
        let (mut consumer, mut away) = (None, false);
        loop {
            match next(&shared, &mut consumer).await {
                Ok(message) => {
                    if std::mem::take(&mut away) {
                        tracing::info!("commands can be read again");
                    }
                    if let Some(delivery) = message.and_then(|message| delivery(&shared, message)) {
                        yield delivery;
                    }
                }
                Err(error) => {
                    // The server may have restarted with the consumer gone, so both are set up again.
                    consumer = None;
                    shared.ready.store(false, Ordering::Relaxed);
                    if !std::mem::replace(&mut away, true) {
                        tracing::warn!(%error, "commands can't be read");
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    };
    stream.boxed()
}

/// The next command, or none after a while.
async fn next(shared: &NatsConnection, consumer: &mut Option<PullConsumer>) -> Result<Option<Message>, BusError> {
    let consumer = match consumer {
        Some(consumer) => consumer,
        None => {
            shared.prepare().await?;
            let names = &shared.names;
            let found = shared
                .context
                .get_consumer_from_stream::<pull::Config, _, _>(names.consumer(), names.command_stream())
                .await
                .map_err(|error| shared.unreachable(&error.to_string()))?;
            consumer.insert(found)
        }
    };
    let asking = async {
        // One at a time, so that the commands that wait can go to another node.
        let mut batch =
            consumer.batch().max_messages(1).expires(WAIT).messages().await.map_err(|error| error.to_string())?;
        batch.next().await.transpose().map_err(|error| error.to_string())
    };
    // The client waits for its reply without a bound of its own when the connection is half dead.
    match timeout(WAIT + shared.settings.timeout, asking).await {
        Ok(message) => message.map_err(|problem| shared.unreachable(&problem)),
        Err(_) => Err(shared.unreachable("does not respond in time")),
    }
}

fn delivery(shared: &Arc<NatsConnection>, message: Message) -> Option<CommandDelivery> {
    let (attempt, place) = {
        let info = message.info().ok()?;
        // The server counts deliveries, so the count survives a node.
        (u32::try_from(info.delivered).unwrap_or(u32::MAX), info.stream_sequence.to_string())
    };
    let (message, acker) = message.split();
    let receipt = Held { shared: Arc::clone(shared), acker };
    Some(CommandDelivery::new(message.payload, attempt, place, receipt))
}

struct Held {
    shared: Arc<NatsConnection>,
    acker: Acker,
}

impl Held {
    /// Tells the server, and waits until it has heard.
    fn acknowledge(&self, kind: AckKind) -> BoxFuture<'_, Result<(), BusError>> {
        async move {
            // Confirmed by the server: an acknowledgement that got lost would have the command executed twice.
            match timeout(self.shared.settings.timeout, self.acker.double_ack_with(kind)).await {
                Ok(told) => told.map_err(|error| self.shared.unreachable(&error.to_string())),
                Err(_) => Err(self.shared.unreachable("does not respond in time")),
            }
        }
        .boxed()
    }
}

impl CommandReceipt for Held {
    fn ack(&self) -> BoxFuture<'_, Result<(), BusError>> {
        self.acknowledge(AckKind::Ack)
    }

    fn retry(&self, after: Duration) -> BoxFuture<'_, Result<(), BusError>> {
        self.acknowledge(AckKind::Nak(Some(after)))
    }

    fn extend(&self) -> BoxFuture<'_, Result<(), BusError>> {
        self.acknowledge(AckKind::Progress)
    }
}
