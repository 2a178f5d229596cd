//! A Baton for a test: the real parts in this process, on a port of its own, with a folder of its own.

use baton::app::App;
use baton::config::{Config, ConfigSource, Environment, load};
use baton_model::SystemClock;
use baton_provider_api::Transport;
use baton_provider_api::transport::{BaseUrl, CallBounds, HttpReply, HttpRequest};
use baton_sim::{Kind, Sim, SimOptions};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A running Baton and its providers.
pub struct Baton {
    pub openai: Sim,
    pub anthropic: Sim,
    pub ollama: Sim,
    pub app: App,
    address: SocketAddr,
    transport: Transport,
    _folder: TempDir,
}

/// A reply, complete.
pub struct ClientReply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl ClientReply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The JSON of each server-sent event.
    pub fn events(&self) -> Vec<Value> {
        self.text().lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect()
    }

    /// The text of all events of an OpenAI stream.
    pub fn streamed_text(&self) -> String {
        self.events()
            .iter()
            .filter_map(|event| event.pointer("/choices/0/delta/content")?.as_str().map(str::to_owned))
            .collect()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

/// The models of every test: one a provider, and some that misbehave.
const MODELS: &str = r#"
[[models]]
model_id = "gpt"
provider = "openai"
upstream = "gpt-4o-mini"
capabilities = ["CHAT"]
token_limit = 128000
price = { input = "1", output = "2", cache_read = "0.5" }

[[models]]
model_id = "claude"
provider = "anthropic"
upstream = "claude-haiku-4-5"
capabilities = ["CHAT"]
token_limit = 200000
max_tokens = 64000
price = { input = "1", output = "2", cache_read = "0.5", cache_write = "1.25" }

[[models]]
model_id = "llama"
provider = "ollama"
upstream = "llama3.2:latest"
capabilities = ["CHAT", "COMPLETION"]
token_limit = 131072
price = { input = "1", output = "2" }

[[models]]
model_id = "instruct"
provider = "openai"
upstream = "gpt-3.5-turbo-instruct"
capabilities = ["COMPLETION"]
price = { input = "1", output = "2" }

[[models]]
model_id = "embed"
provider = "openai"
upstream = "text-embedding-3-small"
capabilities = ["EMBEDDING"]
token_limit = 8191
price = { input = "1" }

[[models]]
model_id = "nomic"
provider = "ollama"
upstream = "nomic-embed-text:latest"
capabilities = ["EMBEDDING"]
price = { input = "1" }

[[models]]
model_id = "paint"
provider = "openai"
upstream = "gpt-image-1"
capabilities = ["IMAGE_GENERATION"]
price = { input = "1", image_output = "40" }

[[models]]
model_id = "listen"
provider = "openai"
upstream = "whisper-1"
capabilities = ["AUDIO_TRANSCRIPTION", "AUDIO_TRANSLATION"]
price = { audio_ms = "100" }

[[models]]
model_id = "speak"
provider = "openai"
upstream = "tts-1"
capabilities = ["AUDIO_SPEECH"]
price = { characters = "15" }
"#;

impl Baton {
    pub async fn start() -> Self {
        Self::with("").await
    }

    /// A Baton whose configuration says this too.
    pub async fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("baton.toml");
        let openai = Sim::start(Kind::OpenAi, SimOptions::of(Kind::OpenAi)).await.unwrap();
        let anthropic = Sim::start(Kind::Anthropic, SimOptions::of(Kind::Anthropic)).await.unwrap();
        let ollama = Sim::start(Kind::Ollama, SimOptions::of(Kind::Ollama)).await.unwrap();
        let mut providers = String::new();
        for sim in [&openai, &anthropic, &ollama] {
            let (name, url) = (sim.kind().name(), sim.base_url());
            providers.push_str(&format!(
                "[providers.{name}]\nkind = \"{name}\"\nbase_url = \"{url}\"\napi_key = \"sim\"\nretries = 0\n\
                 timeouts = {{ first_token = \"20s\", idle = \"20s\", total = \"60s\" }}\n"
            ));
        }
        // First what the test adds, because its top-level keys would otherwise belong to the last table.
        std::fs::write(&file, format!("{more}\n{providers}\n{MODELS}")).unwrap();
        let source = ConfigSource { file: Some(file), listen: None };
        let mut config = load(&source, &Environment::default()).unwrap();
        config.data_dir = folder.path().join("data");
        Self::run(config, folder, [openai, anthropic, ollama]).await
    }

    async fn run(config: Config, folder: TempDir, sims: [Sim; 3]) -> Self {
        // Another test of this process may have done it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // Boxed: with the whole of Baton on its stack the future of each test would be large.
        let app = Box::pin(App::build(&config)).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = app.paths.main.clone().into_router().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let [openai, anthropic, ollama] = sims;
        let transport = Transport::new(Arc::new(SystemClock));
        Self { openai, anthropic, ollama, app, address, transport, _folder: folder }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and reads the head of its reply.
    pub async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> HttpReply {
        let base_url = BaseUrl::parse(&format!("http://{}", self.address)).unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect();
        let long = Duration::from_secs(60);
        let bounds = CallBounds { first_token: None, idle: long, total: long };
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let request = HttpRequest {
            peer: "baton".into(),
            method,
            base_url: &base_url,
            path,
            query,
            headers,
            body: body.into(),
            bounds,
        };
        self.transport.send(request).await.unwrap()
    }

    /// Sends a request and reads its whole reply.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> ClientReply {
        let reply = self.open(method, path, headers, body).await;
        let (status, headers) = (reply.status(), reply.headers().clone());
        ClientReply { status, headers, body: reply.collect(usize::MAX).await.unwrap() }
    }

    pub async fn post(&self, path: &str, body: &Value) -> ClientReply {
        self.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn get(&self, path: &str) -> ClientReply {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// A chat by OpenAI's API.
    pub async fn chat(&self, model: &str, more: Value) -> ClientReply {
        self.post("/v1/chat/completions", &chat_body(model, "Say hello", more)).await
    }

    /// The record of the request that got this reply.
    pub async fn record(&self, told: &ClientReply) -> baton_model::record::RequestRecord {
        let id = baton_model::RequestId::from(told.header("x-request-id").expect("every answer has an id"));
        // Moves the journal into the database now, which otherwise happens in the background.
        self.app.engine.close().await;
        self.app.store.ledger().get(&id).await.unwrap()
    }
}

/// A chat request.
pub fn chat_body(model: &str, text: &str, more: Value) -> Value {
    let mut body = serde_json::json!({ "model": model, "messages": [{ "role": "user", "content": text }] });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}
