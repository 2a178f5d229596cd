//! The connection, and what is done over it.

use super::address::NatsServers;
use super::fault;
use super::setup::{self, NatsNames};
use crate::{BusError, BusEvent, BusSettings};
use async_nats::Client;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// What the bus and its streams of commands share.
pub(super) struct NatsConnection {
    pub settings: BusSettings,
    pub address: NatsServers,
    pub names: NatsNames,
    pub client: Client,
    pub context: Context,
    /// Whether streams and consumer are known to be there.
    pub ready: AtomicBool,
}

/// The wait after a failure.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

impl NatsConnection {
    /// Sees to it that streams and consumer are there.
    pub async fn prepare(&self) -> Result<(), BusError> {
        if !self.ready.load(Ordering::Relaxed) {
            setup::prepare(&self.context, &self.names, &self.settings, &self.address).await?;
            self.ready.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    pub fn unreachable(&self, problem: &str) -> BusError {
        BusError::Away(format!("NATS at {} {problem}", self.address))
    }

    /// Puts a message into a stream; `id`: the stream drops it if it had it lately.
    pub async fn store(&self, subject: String, id: Option<&str>, payload: Bytes) -> Result<(), BusError> {
        self.prepare().await?;
        let message = || {
            let message = PublishMessage::build().payload(payload.clone());
            id.map_or(message.clone(), |id| message.message_id(id))
        };
        match self.put(&subject, message()).await {
            // Somebody has removed the stream, or the server has lost it.
            Err(PublishFault::Nowhere) => {
                self.ready.store(false, Ordering::Relaxed);
                self.prepare().await?;
                // Once only: a stream that is gone again at once is an operator's doing.
                self.put(&subject, message()).await.map_err(|put| self.publish_error(put))
            }
            done => done.map_err(|put| self.publish_error(put)),
        }
    }

    pub async fn put(&self, subject: &str, message: PublishMessage) -> Result<(), PublishFault> {
        // Both waits within one limit: for the message to leave, and for the server to have stored it.
        let put = async { self.context.send_publish(subject.to_owned(), message).await?.await };
        let error = match timeout(self.settings.timeout, put).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => return Err(PublishFault::Silence),
        };
        Err(match error.kind() {
            PublishErrorKind::StreamNotFound => PublishFault::Nowhere,
            // The message may have arrived all the same, so this is an outage and no refusal.
            PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe | PublishErrorKind::MaxAckPending => {
                PublishFault::Silence
            }
            PublishErrorKind::MaxPayloadExceeded => PublishFault::TooLarge,
            // JetStream has no code of its own for a full stream: with `DiscardPolicy::New` it says that it could not
            // store.
            _ if fault::code(&error) == Some(jetstream::ErrorCode::STREAM_STORE_FAILED) => PublishFault::Full,
            _ => PublishFault::Other(error.to_string()),
        })
    }

    pub fn publish_error(&self, put: PublishFault) -> BusError {
        match put {
            PublishFault::Nowhere => BusError::Setup(fault::jetstream_off(&self.address)),
            PublishFault::Silence => self.unreachable("does not respond in time"),
            PublishFault::TooLarge => BusError::Refused(format!(
                "the message is too large for NATS at {}: raise its max_payload",
                self.address
            )),
            PublishFault::Full => BusError::Full(self.settings.max_commands),
            PublishFault::Other(problem) => self.unreachable(&format!("did not accept a message: {problem}")),
        }
    }

    /// Waits until the server has done all that this connection has asked of it: it replies in order.
    pub async fn wait_for_server(&self) -> Result<(), BusError> {
        let inbox = self.client.new_inbox();
        let asked = async {
            let mut echo = self.client.subscribe(inbox.clone()).await.ok()?;
            self.client.publish(inbox, Bytes::new()).await.ok()?;
            echo.next().await
        };
        asked.await.map(drop).ok_or_else(|| self.unreachable("has closed the connection"))
    }

    pub async fn subscribe_subject(&self, subject: String) -> Result<BoxStream<'static, BusEvent>, BusError> {
        let listening = async {
            let messages =
                self.client.subscribe(subject).await.map_err(|error| self.unreachable(&error.to_string()))?;
            // The server knows of the subscription before anything is sent that it should hear.
            self.wait_for_server().await?;
            Ok(messages)
        };
        let messages = timeout(self.settings.timeout, listening)
            .await
            .map_err(|_| self.unreachable("does not respond in time"))??;
        // Others may publish on the subject too; what is no event is not for Baton.
        Ok(messages.filter_map(async |message| BusEvent::read(&message.payload).ok()).boxed())
    }
}

/// Why a message is not in its stream.
pub(super) enum PublishFault {
    /// No stream has that subject.
    Nowhere,
    Silence,
    TooLarge,
    Full,
    Other(String),
}
