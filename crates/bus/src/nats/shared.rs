//! The connection, and what is done over it.

use super::address::Address;
use super::fault;
use super::setup::{self, Names};
use crate::{BusError, Event, Settings};
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
pub(super) struct Shared {
    pub settings: Settings,
    pub address: Address,
    pub names: Names,
    pub client: Client,
    pub context: Context,
    /// Whether streams and consumer are known to be there.
    pub ready: AtomicBool,
}

/// The wait after a failure.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

impl Shared {
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
            Err(Put::Nowhere) => {
                self.ready.store(false, Ordering::Relaxed);
                self.prepare().await?;
                // Once only: a stream that is gone again at once is an operator's doing.
                self.put(&subject, message()).await.map_err(|put| self.publish_error(put))
            }
            done => done.map_err(|put| self.publish_error(put)),
        }
    }

    pub async fn put(&self, subject: &str, message: PublishMessage) -> Result<(), Put> {
        // Both waits within one limit: for the message to leave, and for the server to have stored it.
        let put = async { self.context.send_publish(subject.to_owned(), message).await?.await };
        let error = match timeout(self.settings.timeout, put).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => return Err(Put::Silence),
        };
        Err(match error.kind() {
            PublishErrorKind::StreamNotFound => Put::Nowhere,
            // The message may have arrived all the same, so this is an outage and no refusal.
            PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe | PublishErrorKind::MaxAckPending => Put::Silence,
            PublishErrorKind::MaxPayloadExceeded => Put::TooLarge,
            // JetStream has no code of its own for a full stream: with `DiscardPolicy::New` it says that it could not
            // store.
            _ if fault::code(&error) == Some(jetstream::ErrorCode::STREAM_STORE_FAILED) => Put::Full,
            _ => Put::Other(error.to_string()),
        })
    }

    pub fn publish_error(&self, put: Put) -> BusError {
        match put {
            Put::Nowhere => BusError::Setup(fault::jetstream_off(&self.address)),
            Put::Silence => self.unreachable("does not respond in time"),
            Put::TooLarge => {
                BusError::Refused(format!("too large for NATS at {}: raise its max_payload", self.address))
            }
            Put::Full => BusError::Full(self.settings.max_commands),
            Put::Other(problem) => self.unreachable(&format!("did not take a message: {problem}")),
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

    pub async fn follow(&self, subject: String) -> Result<BoxStream<'static, Event>, BusError> {
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
        Ok(messages.filter_map(async |message| Event::read(&message.payload).ok()).boxed())
    }
}

/// Why a message is not in its stream.
pub(super) enum Put {
    /// No stream has that subject.
    Nowhere,
    Silence,
    TooLarge,
    Full,
    Other(String),
}
