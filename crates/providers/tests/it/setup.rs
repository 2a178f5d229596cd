//! A provider in front of a simulated vendor, spoken to in few words.

use baton_dialect::{codec, framing::splice};
use baton_model::entity::{Model, ModelSource};
use baton_model::event::CollectedReply;
use baton_model::{Body, Capability, Detail, Dialect, Operation, ReplyEvent, Target};
use baton_provider_api::{Exchange, Frame, Mode, OutgoingRequest, Provider, ProviderError, ReplyForm, Transport};
use baton_providers::{ProviderConfig, SecretValue, build};
use baton_sim::{Kind, Sim, SimOptions};
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const KEY: &str = "sk-test-0123456789";

/// Each vendor, a model that it has, and the format of its chats.
pub(crate) const KINDS: &[(Kind, &str, Dialect)] = &[
    (Kind::OpenAi, "gpt-4o", Dialect::OpenAi),
    (Kind::Anthropic, "claude-sonnet-4-5", Dialect::Anthropic),
    (Kind::Ollama, "llama3.2", Dialect::Ollama),
];

/// A vendor and the provider that reaches it.
pub(crate) struct Pair {
    pub(crate) sim: Sim,
    pub(crate) provider: Arc<dyn Provider>,
}

/// What is asked.
pub(crate) struct TestRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) capability: Capability,
    /// OpenAI's format, or with [`TestRequest::exact`] the provider's own.
    pub(crate) body: Value,
    pub(crate) form: ReplyForm,
    pub(crate) exact: bool,
    pub(crate) strict: bool,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) query: Option<&'a str>,
    pub(crate) timeout: Option<Duration>,
}

impl Pair {
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::with(kind, |options| options, |_| {}).await
    }

    pub(crate) async fn with(
        kind: Kind,
        options: impl FnOnce(SimOptions) -> SimOptions,
        change: impl FnOnce(&mut ProviderConfig),
    ) -> Self {
        let sim = Sim::start(kind, options(SimOptions::of(kind).key(KEY))).await.unwrap();
        let mut config = ProviderConfig::new("p", kind.name());
        config.base_url = Some(sim.base_url());
        config.api_key = Some(SecretValue::new(KEY));
        change(&mut config);
        Self { provider: build(&config, &Transport::default()).unwrap(), sim }
    }

    /// Sends, and reads every frame.
    pub(crate) async fn ask(&self, ask: TestRequest<'_>) -> Result<(Exchange, Vec<Frame>), ProviderError> {
        let mut exchange = self.open(ask).await?;
        let mut frames = Vec::new();
        while let Some(frame) = exchange.frames.next().await {
            let frame = frame?;
            // A whole reply that failed says so in its one frame, beside what it used.
            if exchange.form == ReplyForm::Whole
                && let Some(error) = frame.events.iter().find_map(|event| match event {
                    ReplyEvent::Failed(error) => Some(error.clone()),
                    _ => None,
                })
            {
                return Err(error.into());
            }
            frames.push(frame);
        }
        Ok((exchange, frames))
    }

    /// Sends, and reads the head.
    pub(crate) async fn open(&self, ask: TestRequest<'_>) -> Result<Exchange, ProviderError> {
        let target = Target::new(Arc::new(model(ask.model)));
        let (body, operation): (Option<Body>, Option<Operation>);
        let mode = if ask.exact {
            body = Some(splice::scan(Bytes::from(ask.body.to_string())).unwrap());
            Mode::Passthrough(body.as_ref().unwrap())
        } else {
            let codec = codec(Dialect::OpenAi, ask.capability).unwrap();
            operation = Some(codec.read_request(ask.body.to_string().as_bytes()).unwrap());
            Mode::Translated(operation.as_ref().unwrap())
        };
        let outgoing = OutgoingRequest {
            target: &target,
            capability: ask.capability,
            dialect: self.provider.dialect(ask.capability, Dialect::OpenAi, &target.model).unwrap(),
            mode,
            size: 0,
            strict: ask.strict,
            form: ask.form,
            detail: if ask.exact { Detail::MeterOnly } else { Detail::Full },
            headers: ask.headers,
            query: ask.query,
            timeout: ask.timeout,
        };
        self.provider.send(outgoing).await
    }
}

impl<'a> TestRequest<'a> {
    /// A chat, translated, whole.
    pub(crate) fn chat(model: &'a str, text: &str) -> Self {
        let body = serde_json::json!({ "model": "asked", "messages": [{ "role": "user", "content": text }] });
        Self::of(model, Capability::Chat, body)
    }

    pub(crate) fn of(model: &'a str, capability: Capability, body: Value) -> Self {
        Self {
            model,
            capability,
            body,
            form: ReplyForm::Whole,
            exact: false,
            strict: false,
            headers: &[],
            query: None,
            timeout: None,
        }
    }

    pub(crate) fn stream(mut self) -> Self {
        self.form = ReplyForm::Stream;
        self.body["stream"] = true.into();
        self
    }

    pub(crate) fn exact(mut self) -> Self {
        self.exact = true;
        self
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.body[name] = value;
        self
    }
}

/// What the frames say, together.
pub(crate) fn collect(frames: &[Frame]) -> CollectedReply {
    let events: Vec<_> = frames.iter().flat_map(|frame| frame.events.clone()).collect();
    CollectedReply::collect(&events)
}

/// The bytes that a client of the same format gets.
pub(crate) fn visible(frames: &[Frame]) -> String {
    let bytes = frames.iter().filter(|frame| !frame.hidden).flat_map(|frame| frame.bytes.to_vec());
    String::from_utf8(bytes.collect()).unwrap()
}

pub(crate) fn model(upstream: &str) -> Model {
    Model {
        upstream: upstream.to_owned(),
        capabilities: Capability::ALL.to_vec(),
        max_tokens: Some(1000),
        source: ModelSource::Config,
        ..Model::new("asked", "p")
    }
}
