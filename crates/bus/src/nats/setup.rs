//! Subjects, streams and the consumer.

use super::address::NatsServers;
use super::fault;
use crate::{BusError, BusSettings, StreamBound};
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RawMessageErrorKind, RetentionPolicy};
use async_nats::jetstream::{Context, ErrorCode};
use bytes::Bytes;

/// What things are called.
pub(super) struct NatsNames {
    prefix: String,
}

impl NatsNames {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub fn event(&self, kind: &str) -> Result<String, BusError> {
        self.subject("events", kind)
    }

    pub fn command(&self, kind: &str) -> Result<String, BusError> {
        self.subject("commands", kind)
    }

    pub fn all_events(&self) -> String {
        format!("{}.events.>", self.prefix)
    }

    pub fn dead_letters(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// The durable consumer of all nodes.
    pub fn consumer(&self) -> &str {
        &self.prefix
    }

    pub fn command_stream(&self) -> String {
        self.stream("COMMANDS")
    }

    pub fn dead_stream(&self) -> String {
        self.stream("DEAD")
    }

    /// Whether a subject is one of the bus's own, or of the server's.
    pub fn is_own(&self, subject: &str) -> bool {
        let parts = ["events", "commands", "dead"].map(|part| format!("{}.{part}", self.prefix));
        let within =
            |part: &String| subject == part || subject.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'));
        subject.starts_with('$') || parts.iter().any(within)
    }

    fn stream(&self, name: &str) -> String {
        format!("{}_{name}", self.prefix.to_ascii_uppercase())
    }

    fn subject(&self, part: &str, kind: &str) -> Result<String, BusError> {
        let subject = format!("{}.{part}.{kind}", self.prefix);
        let problem = || BusError::Refused(format!("type: must be words separated by dots, got `{kind}`"));
        is_subject(&subject).then_some(subject).ok_or_else(problem)
    }
}

/// Whether something can be sent there: words without spaces and wildcards, with dots between them.
pub(super) fn is_subject(text: &str) -> bool {
    // A wildcard or a blank in a type would make another subject of it.
    let word = |word: &str| {
        !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c.is_control() || c == '*' || c == '>')
    };
    text.split('.').all(word)
}

/// Makes what is not there yet. Several nodes may do so at once.
pub(super) async fn prepare(
    context: &Context,
    names: &NatsNames,
    settings: &BusSettings,
    address: &NatsServers,
) -> Result<(), BusError> {
    let bounded = |name: &str, subject: String, bound: StreamBound| Config {
        name: names.stream(name),
        subjects: vec![subject],
        max_messages: i64::try_from(bound.length).unwrap_or(i64::MAX),
        max_age: bound.age,
        discard: DiscardPolicy::Old,
        // The server wants it to be no longer than the age.
        duplicate_window: settings.duplicate_window.min(bound.age),
        ..Config::default()
    };
    let commands = Config {
        name: names.command_stream(),
        subjects: vec![format!("{}.commands.>", names.prefix)],
        max_messages: i64::try_from(settings.max_commands).unwrap_or(i64::MAX),
        // A command leaves the stream when it is acknowledged, so the bound counts those that wait.
        retention: RetentionPolicy::WorkQueue,
        // Full means refused: dropping the oldest would lose a command that was accepted.
        discard: DiscardPolicy::New,
        ..Config::default()
    };
    let told = |error: CreateStreamError| stream_fault(&error, address);
    create_stream(context, bounded("EVENTS", names.all_events(), settings.events)).await.map_err(told)?;
    create_stream(context, bounded("DEAD", names.dead_letters(), settings.dead)).await.map_err(told)?;
    create_stream(context, commands).await.map_err(told)?;
    let consumer = pull::Config {
        durable_name: Some(names.consumer().to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.ack_wait,
        // Baton decides when a command has been tried often enough, and buries it with the reason.
        max_deliver: -1,
        // The server's default of a thousand would stop all nodes once so many commands wait for a retry.
        max_ack_pending: 10_000,
        ..pull::Config::default()
    };
    let made = context.create_consumer_on_stream(consumer, names.command_stream()).await;
    made.map(drop)
        .map_err(|error| BusError::Setup(format!("NATS at {address}: the consumer can't be created: {error}")))
}

async fn create_stream(context: &Context, config: Config) -> Result<(), CreateStreamError> {
    // What is there stays: an operator may have given it replicas or other bounds.
    match context.get_or_create_stream(config).await {
        // Another node has made it in between, with other bounds: one of them had to be first.
        Err(error) if fault_code(&error) == Some(ErrorCode::STREAM_NAME_EXIST) => Ok(()),
        made => made.map(drop),
    }
}

fn fault_code(error: &CreateStreamError) -> Option<ErrorCode> {
    match error.kind() {
        CreateStreamErrorKind::JetStream(error) => Some(error.error_code()),
        _ => None,
    }
}

fn stream_fault(error: &CreateStreamError, address: &NatsServers) -> BusError {
    match error.kind() {
        CreateStreamErrorKind::JetStreamUnavailable => BusError::Setup(fault::jetstream_off(address)),
        CreateStreamErrorKind::JetStream(inner) if fault::is_off(inner.error_code()) => {
            BusError::Setup(fault::jetstream_off(address))
        }
        CreateStreamErrorKind::TimedOut => BusError::Away(format!("NATS at {address} does not respond in time")),
        CreateStreamErrorKind::JetStream(inner) => {
            BusError::Setup(format!("NATS at {address}: a stream can't be created: {inner}"))
        }
        _ => BusError::Away(format!("NATS at {address} sent an unexpected reply")),
    }
}

/// The last messages of a stream, newest first.
pub(super) async fn last_messages(context: &Context, stream: &str, limit: usize) -> Result<Vec<Bytes>, String> {
    let stream = context.get_stream(stream).await.map_err(|error| error.to_string())?;
    let state = &stream.cached_info().state;
    let mut last = Vec::new();
    // From the end, because only the newest are shown.
    for sequence in (state.first_sequence.max(1)..=state.last_sequence).rev() {
        if last.len() >= limit {
            break;
        }
        match stream.get_raw_message(sequence).await {
            Ok(message) => last.push(message.payload),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(last)
}
