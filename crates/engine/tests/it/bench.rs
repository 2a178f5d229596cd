//! A test bench: an engine with scripted providers, and calls as an API would make them.

use baton_engine::{
    CachePolicy, Call, CallOptions, Content, Engine, EngineParts, EngineSettings, HeadSent, Identity, JournalSettings,
    Ledger, ModelSelector, Registry, Reply, RetrySettings, Routing, Snapshot,
};
use baton_kv::Memory;
use baton_model::chat::{ChatRequest, Message, MessageRole, Part};
use baton_model::entity::Role as CallerRole;
use baton_model::price::Rates;
use baton_model::record::{Attribution, RequestRecord};
use baton_model::{
    Body, BodyField, Caller, Capability, Clock, Dialect, KeyId, Model, ModelId, ModelSource, Nanos, Operation, Price,
    ProviderId, PublicError, RequestId, ShortWords, SystemClock, Usage, UsageClass, Wire,
};
use baton_provider_api::fake::FakeProvider;
use baton_provider_api::{Frame, Provider, ReplyForm};
use baton_store::Store;
use bytes::Bytes;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// An engine, and what it is made of.
pub struct Bench {
    pub engine: Engine,
    pub store: Store,
    pub folder: TempDir,
}

/// A provider's price in every test: 1 dollar per million tokens read, 2 per million produced.
pub fn price() -> Price {
    let rates =
        Rates::default().with(UsageClass::Input, Nanos::DOLLAR).with(UsageClass::Output, Nanos(2 * Nanos::DOLLAR.0));
    Price { rates, ..Price::default() }
}

/// 10 tokens read, 5 produced: 20 micro-dollars at [`price`].
pub fn usage() -> Usage {
    Usage::default().with(UsageClass::Input, 10).with(UsageClass::Output, 5)
}

/// A model of that provider that can do everything.
pub fn model(id: &str, provider: &str) -> Model {
    Model {
        upstream: format!("{id}-upstream"),
        capabilities: Capability::ALL.to_vec(),
        price: Some(price()),
        source: ModelSource::Config,
        ..Model::new(id, provider)
    }
}

/// The same with fallbacks.
pub fn falling_back(model: Model, fallbacks: &[&str]) -> Model {
    Model { fallbacks: fallbacks.iter().map(ModelId::from).collect(), ..model }
}

impl Bench {
    pub async fn new(models: Vec<Model>, providers: Vec<Arc<FakeProvider>>) -> Self {
        Self::with(models, providers, EngineSettings::default()).await
    }

    pub async fn with(models: Vec<Model>, providers: Vec<Arc<FakeProvider>>, settings: EngineSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        Self::over(models, providers, settings, folder, store)
    }

    pub fn over(
        models: Vec<Model>,
        providers: Vec<Arc<FakeProvider>>,
        settings: EngineSettings,
        folder: TempDir,
        store: Store,
    ) -> Self {
        let journal = JournalSettings::in_folder(folder.path().join("journal"));
        Self::build(models, providers, settings, journal, folder, store)
    }

    /// With a journal of its own kind, in that folder.
    pub fn journaled(
        models: Vec<Model>,
        providers: Vec<Arc<FakeProvider>>,
        journal: JournalSettings,
        folder: TempDir,
        store: Store,
    ) -> Self {
        Self::build(models, providers, EngineSettings::default(), journal, folder, store)
    }

    fn build(
        models: Vec<Model>,
        providers: Vec<Arc<FakeProvider>>,
        settings: EngineSettings,
        journal: JournalSettings,
        folder: TempDir,
        store: Store,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ledger = Ledger::open(journal, store.clone(), Arc::clone(&clock)).unwrap();
        let snapshot = Snapshot {
            models: models.into_iter().map(|model| (model.id.clone(), Arc::new(model))).collect(),
            providers: providers
                .into_iter()
                .map(|provider| (provider.id().clone(), provider as Arc<dyn Provider>))
                .collect::<BTreeMap<ProviderId, _>>(),
            ..Snapshot::default()
        };
        // Short, because real time passes here: the journal's thread knows nothing of tokio's clock.
        let retry = RetrySettings { pause: Duration::from_millis(1), ..settings.retry };
        let engine = Engine::new(EngineParts {
            settings: EngineSettings { retry, ..settings },
            registry: Registry::new(snapshot),
            counters: None,
            cache: Arc::new(Memory::new(1 << 20)),
            ledger,
            observer: None,
            clock,
            seed: 1,
        });
        Self { engine, store, folder }
    }

    /// Serves a call to its end.
    pub async fn ask(&self, call: Call) -> Result<CompleteReply, PublicError> {
        let reply = self.engine.serve(call).await?;
        Ok(read(reply).await)
    }

    /// The record of a request, once everything under way is settled.
    pub async fn record(&self, id: &RequestId) -> RequestRecord {
        self.engine.close().await;
        self.store.ledger().get(id).await.unwrap()
    }
}

/// A reply, read to its end.
pub struct CompleteReply {
    pub model: String,
    pub head: baton_engine::ReplyHead,
    /// The bytes that a client of the same format sees.
    pub text: String,
    /// The error in place of the end.
    pub error: Option<PublicError>,
}

pub async fn read(mut reply: Reply) -> CompleteReply {
    let (mut text, mut error) = (String::new(), None);
    while let Some(item) = reply.frames.next().await {
        match item {
            Ok(Frame { hidden: true, .. }) => {}
            Ok(frame) => text.push_str(std::str::from_utf8(&frame.bytes).unwrap()),
            Err(told) => error = Some(told),
        }
    }
    CompleteReply { model: reply.head.model.to_string(), head: reply.head, text, error }
}

/// A chat that says hello, as the OpenAI API makes it.
pub fn chat(model: &str) -> Call {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let text = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello"}}]}}"#);
    Call {
        identity: Identity {
            id: RequestId::from(format!("request-{number:04}")),
            arrived: SystemClock.now(),
            trace: baton_engine::Trace::none(),
            caller: Caller::new(CallerRole::Caller),
            attribution: Attribution::default(),
            api: "openai",
            status: |error| error.code.status(),
        },
        wire: Wire::new(Dialect::OpenAi, Capability::Chat),
        routing: Routing {
            selector: ModelSelector::Model(model.into()),
            fallbacks: None,
            strict: false,
            max_cost: None,
            run_budget: None,
            timeout: None,
        },
        options: CallOptions {
            form: ReplyForm::Stream,
            max_output_tokens: None,
            deterministic: false,
            cache: CachePolicy::Default,
            headers: Vec::new(),
            query: None,
            head_sent: HeadSent::default(),
        },
        content: content(&text, said("hello")),
    }
}

/// The same, changed.
pub fn with(mut call: Call, change: impl FnOnce(&mut Call)) -> Call {
    change(&mut call);
    call
}

/// The same on behalf of a key.
pub fn of_key(mut call: Call, key: &str) -> Call {
    call.identity.attribution.key = Some(KeyId::from(key));
    call.identity.caller.key = Some(KeyId::from(key));
    call
}

/// A body whose top level holds the text as one field, and what it means.
pub fn content(text: &str, read: baton_engine::call::ParsedCall) -> Content {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let mut words = ShortWords::default();
    text.split('"').for_each(|part| words.note(part.as_bytes()));
    let fields = vec![BodyField { name: "messages".into(), key: 0..0, value: 0..bytes.len(), words }];
    Content::json(Body { bytes, fields }, read)
}

fn said(_text: &str) -> baton_engine::call::ParsedCall {
    Box::new(|_| Ok(conversation("hello")))
}

/// A conversation in which the user says that.
pub fn conversation(text: &str) -> Operation {
    let message = Message { role: MessageRole::User, name: None, parts: vec![Part::text(text)] };
    Operation::Chat(Box::new(ChatRequest { messages: vec![message], ..ChatRequest::default() }))
}
