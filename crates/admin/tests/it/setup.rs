//! One Baton with two simulated vendors, spoken to in few words.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use baton_admin::{Admin, Quotas};
use baton_auth::{ApiKeys, KeySecret};
use baton_control::policies::ConfiguredPolicies;
use baton_control::{
    ConfiguredProvider, ModelDirectory, PolicyDirectory, ProviderDirectory, ProviderObjects, VendorInfo,
};
use baton_conversations::{Conversations, StoredResponseBounds};
use baton_engine::{Engine, EngineParts, EngineSettings, JournalSettings, Ledger, Registry, Snapshot};
use baton_http::HttpState;
use baton_model::entity::{Budget, RateLimit, WhenUnpriced};
use baton_model::{Capability, Clock, Model, ModelSource, Nanos, ProviderId, Timestamp};
use baton_provider_api::{Provider, Transport};
use baton_providers::{ProviderConfig, build};
use baton_seal::Keyring;
use baton_sim::{Kind, Sim, SimOptions};
use baton_store::Store;
use baton_web::Web;
use http_body_util::BodyExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tower::ServiceExt;

/// The key that is admin.
const ADMIN: &str = "bt-admin-key-of-the-tests-0123456789";
/// What secrets in the database are encrypted with.
pub(crate) const SECRET_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200_000_000;

/// A clock set by hand.
pub(crate) struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// One Baton: providers `openai` and `lab` (Ollama), and the model `house` of its configuration file.
pub(crate) struct TestAdmin {
    router: Router,
    pub(crate) openai: Sim,
    pub(crate) lab: Sim,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) providers: Arc<ProviderDirectory>,
    pub(crate) draining: baton_web::Draining,
    clock: Arc<ManualClock>,
    key: String,
    _folder: TempDir,
}

/// A reply, read.
#[derive(Debug)]
pub(crate) struct ApiReply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl TestAdmin {
    pub(crate) async fn new() -> Self {
        Self::with_secret_key(Some(SECRET_KEY)).await
    }

    /// One that encrypts what it keeps with that key, or has none.
    pub(crate) async fn with_secret_key(secret_key: Option<&str>) -> Self {
        Self::build(secret_key, Quotas::default()).await
    }

    /// One with these quotas.
    pub(crate) async fn with_quotas(quotas: Quotas) -> Self {
        Self::build(Some(SECRET_KEY), quotas).await
    }

    async fn build(secret_key: Option<&str>, quotas: Quotas) -> Self {
        let openai = Sim::start(Kind::OpenAi, SimOptions::of(Kind::OpenAi)).await.unwrap();
        let lab = Sim::start(Kind::Ollama, SimOptions::of(Kind::Ollama)).await.unwrap();
        let providers = BTreeMap::from([provider("openai", &openai), provider("lab", &lab)]);
        let configured = providers.clone();
        let clock = Arc::new(ManualClock(AtomicI64::new(NOON)));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let store = Store::open("sqlite::memory:").await.unwrap().for_node("node-1", Arc::clone(&shared));
        store.migrate().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ledger =
            Ledger::open(JournalSettings::in_folder(folder.path()), store.clone(), Arc::clone(&shared)).unwrap();
        let engine = Engine::new(EngineParts {
            settings: EngineSettings::default(),
            registry: Registry::new(Snapshot { providers, ..Snapshot::default() }),
            counters: None,
            cache: Arc::new(baton_kv::Memory::new(1 << 20)),
            ledger,
            observer: None,
            clock: Arc::clone(&shared),
            seed: 1,
        });
        let names = BTreeMap::from([(ProviderId::from("openai"), "openai".to_owned())]);
        let vendors = VendorInfo { names, ..VendorInfo::default() };
        let models = ModelDirectory::new(store.clone(), engine.clone(), vec![house()], vendors.clone());
        let models = Arc::new(models);
        let keyring = secret_key.map(|list| Keyring::parse(list).unwrap());
        let configured = ConfiguredProvider { providers: configured, vendors, ..ConfiguredProvider::default() };
        let providers = ProviderDirectory::new(store.clone(), Arc::clone(&models), engine.clone(), keyring, configured);
        let providers = Arc::new(providers);
        providers.reload().await.unwrap();
        let policies = PolicyDirectory::new(store.clone(), engine.clone(), house_policies());
        policies.reload().await.unwrap();
        let keys = ApiKeys::open(store.clone(), shared, &mut StdRng::seed_from_u64(1)).await.unwrap();
        let keys = Arc::new(keys.with_admin(&KeySecret::from_text(ADMIN)));
        let web = Web::new(engine.clone(), keys);
        let parts = (Arc::clone(&models), store.clone(), Arc::clone(&providers), Arc::new(policies));
        let admin = Admin::new(web.clone(), parts.0, parts.1, parts.2, parts.3);
        let admin = admin.allow_networks(vec!["10.0.0.0/8".parse().unwrap()]).with_quotas(quotas);
        let management = baton_admin::router(admin.clone()).merge(baton_admin::health(admin));
        let draining = web.draining.clone();
        let state = HttpState {
            web,
            models,
            provider_objects: ProviderObjects::new(store.clone(), Arc::clone(engine.clock())),
            conversations: Conversations::new(
                store.clone(),
                Arc::clone(engine.clock()),
                StoredResponseBounds::default(),
            ),
            fetch: baton_fetch::FetchClient::guarded(Vec::new()),
            cors: baton_http::CorsOrigins::None,
        };
        let router = baton_http::router(state).merge(management);
        Self { router, openai, lab, store, engine, providers, draining, clock, key: ADMIN.into(), _folder: folder }
    }

    /// Asks with another key from now on; `""` sends none.
    pub(crate) fn with(&self, key: &str) -> As<'_> {
        As { admin: self, key: key.to_owned() }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub(crate) async fn get(&self, path: &str) -> ApiReply {
        self.with(&self.key).get(path).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> ApiReply {
        self.with(&self.key).post(path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> ApiReply {
        self.with(&self.key).put(path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> ApiReply {
        self.with(&self.key).delete(path).await
    }

    pub(crate) async fn chat(&self, model: &str, text: &str) -> ApiReply {
        self.with(&self.key).chat(model, text).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> ApiReply {
        self.with(&self.key).send(method, path, headers, body).await
    }

    /// Registers a model of the simulated OpenAI.
    pub(crate) async fn register(&self, id: &str, more: &str) -> ApiReply {
        let body = format!(r#"{{"model_id": "{id}", "provider": "openai", "upstream": "gpt-4o"{more}}}"#);
        let reply = self.post("/api/models", &body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply
    }

    /// Makes a key of that role; the key itself, and its id.
    pub(crate) async fn make_key(&self, role: &str, more: &str) -> (String, String) {
        let reply = self.post("/api/keys", &format!(r#"{{"name": "k", "role": "{role}"{more}}}"#)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let json = reply.json();
        (json["key"].as_str().unwrap().to_owned(), json["id"].as_str().unwrap().to_owned())
    }

    /// Gives what has happened its place in the stream, as the relay does.
    pub(crate) async fn relay(&self) {
        let events = self.store.events().list_unplaced(1_000).await.unwrap();
        let ids: Vec<String> = events.into_iter().map(|event| event.id).collect();
        self.store.events().place_events(&ids).await.unwrap();
    }

    /// Waits until everything that was served is in the database.
    pub(crate) async fn settle(&self) {
        self.engine.close().await;
    }
}

/// One Baton, asked with a key.
pub(crate) struct As<'a> {
    admin: &'a TestAdmin,
    key: String,
}

impl As<'_> {
    pub(crate) async fn get(&self, path: &str) -> ApiReply {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> ApiReply {
        self.send(Method::POST, path, &[], body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> ApiReply {
        self.send(Method::PUT, path, &[], body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> ApiReply {
        self.send(Method::DELETE, path, &[], "").await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> ApiReply {
        let response = self.open(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        ApiReply { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// The reply as it begins; its body may never end.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> axum::response::Response {
        let mut request = Request::builder().method(method).uri(path);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.admin.router.clone().oneshot(request).await.unwrap()
    }

    /// A chat through Baton's own API.
    pub(crate) async fn chat(&self, model: &str, text: &str) -> ApiReply {
        self.try_chat(model, text).await.expect(200)
    }

    /// The same, which may be refused.
    pub(crate) async fn try_chat(&self, model: &str, text: &str) -> ApiReply {
        let body = format!(r#"{{"model_id": "{model}", "messages": [{{"role": "user", "content": "{text}"}}]}}"#);
        self.post("/api/models/chat", &body).await
    }
}

impl ApiReply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| unreadable(&self.text, &error))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The strings of a field of each item.
    pub(crate) fn items(&self, field: &str) -> Vec<String> {
        let json = self.json();
        json["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
    }

    /// The sentence of an error.
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }

    /// A reply of that status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// An error in the contract's shape, with this status and code, naming these fields.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, code: &str, fields: &[&str]) {
        assert_eq!(self.status, status, "{}", self.text);
        let json = self.json();
        let error = &json["error"];
        assert_eq!(error["code"], code, "{error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert_eq!(error["request_id"], self.header("x-request-id"));
        assert_eq!(self.header("content-type"), "application/json");
        if !fields.is_empty() {
            let errors = error["details"]["errors"].as_array().unwrap();
            let named: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
            assert_eq!(named, fields, "{error}");
        }
    }
}

#[expect(clippy::panic, reason = "a test's failure with its reason")]
fn unreadable(text: &str, error: &serde_json::Error) -> Value {
    panic!("{error}: {text}")
}

fn provider(name: &str, sim: &Sim) -> (ProviderId, Arc<dyn Provider>) {
    let mut config = ProviderConfig::new(name, sim.kind().name());
    config.base_url = Some(sim.base_url());
    (ProviderId::from(name), build(&config, &Transport::default()).unwrap())
}

/// A budget and a limit of the configuration file.
fn house_policies() -> ConfiguredPolicies {
    // Models of these tests often have no price.
    let when_unpriced = WhenUnpriced::Allow;
    let budget = Budget { amount: Nanos(500 * Nanos::DOLLAR.0), when_unpriced, ..Budget::new("house") };
    let limit = RateLimit { concurrency: Some(100), ..RateLimit::new("house") };
    ConfiguredPolicies { budgets: vec![budget], limits: vec![limit] }
}

/// A model of the configuration file.
fn house() -> Model {
    Model {
        upstream: "llama3.2".into(),
        capabilities: vec![Capability::Chat],
        display_name: Some("House model".into()),
        token_limit: Some(100),
        source: ModelSource::Config,
        created_at: Timestamp(NOON),
        updated_at: Timestamp(NOON),
        ..Model::new("house", "lab")
    }
}
