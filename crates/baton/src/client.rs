//! A client of a running Baton's management API, for the commands.

use crate::config::Environment;
use anyhow::{Context, bail};
use baton_model::SystemClock;
use baton_provider::Transport;
use baton_provider::transport::{BaseUrl, Bounds, Reply, Request};
use bytes::Bytes;
use clap::Args;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Which Baton is asked, and with which key.
#[derive(Args, Debug, Clone)]
pub struct Server {
    /// Its address; by default BATON_URL, else http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// An API key; by default BATON_API_KEY, else BATON_ADMIN_KEY; none is needed in development on this machine
    #[arg(long, global = true, value_name = "KEY")]
    key: Option<String>,
    /// Prints JSON, as the API answers it
    #[arg(long, global = true)]
    pub json: bool,
}

/// A client of one Baton.
pub struct Client {
    transport: Transport,
    base_url: BaseUrl,
    key: Option<String>,
}

/// The largest answer that is read.
const MOST: usize = 256 << 20;

impl Server {
    /// A client of that Baton.
    ///
    /// # Errors
    /// If the address is none.
    pub fn client(&self, environment: &Environment) -> anyhow::Result<Client> {
        let url = self.url.as_deref().or_else(|| environment.get("BATON_URL")).unwrap_or("http://127.0.0.1:8080");
        let base_url = BaseUrl::parse(url).map_err(|problem| anyhow::anyhow!("--url: {problem}"))?;
        let key = self.key.as_deref();
        let key = key.or_else(|| environment.get("BATON_API_KEY")).or_else(|| environment.get("BATON_ADMIN_KEY"));
        let transport = Transport::new(Arc::new(SystemClock));
        Ok(Client { transport, base_url, key: key.map(str::to_owned) })
    }
}

impl Client {
    /// Asks for JSON.
    ///
    /// # Errors
    /// If Baton can't be reached, or refuses: its own sentence.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let query = encode(query);
        self.json(Method::GET, path, Some(&query).filter(|query| !query.is_empty()).map(String::as_str), None).await
    }

    /// Sends JSON and gets JSON; `null` for an empty answer.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        self.json(method, path, None, body).await
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let reply = self.open(method, path, query, body).await?;
        let bytes = reply.collect(MOST).await.map_err(|error| anyhow::anyhow!("{}", error.message))?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).context("the answer is no JSON: is this a Baton?")
    }

    /// Sends a request whose answer is read piece by piece.
    ///
    /// # Errors
    /// If Baton can't be reached, or refuses: its own sentence.
    pub async fn open(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Reply> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &self.key {
            let mut value = HeaderValue::try_from(format!("Bearer {key}")).context("the key holds odd characters")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let long = Duration::from_secs(600);
        let reply = self
            .transport
            .send(Request {
                method,
                base_url: &self.base_url,
                path,
                query,
                headers,
                body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
                bounds: Bounds { first_token: None, idle: long, total: long },
            })
            .await
            .map_err(|error| {
                anyhow::anyhow!(
                    "{}; is Baton running at {}? (`baton serve`, or --url)",
                    error.message,
                    self.base_url.authority()
                )
            })?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        let status = reply.status();
        let body = reply.collect_start(64 << 10).await;
        bail!("{}", refusal(status.as_u16(), &body))
    }
}

/// The sentence of an error answer, whichever format it wears.
fn refusal(status: u16, body: &[u8]) -> String {
    let told: Option<Value> = serde_json::from_slice(body).ok();
    let at = |pointer: &str| told.as_ref().and_then(|told| told.pointer(pointer));
    // Of several wrong fields the sentence tells only the first.
    if let Some(errors) = at("/error/details/errors").and_then(Value::as_array).filter(|errors| errors.len() > 1) {
        let text = |error: &Value, field: &str| error.get(field).and_then(Value::as_str).unwrap_or("?").to_owned();
        let lines = errors.iter().map(|error| format!("\n  {}: {}", text(error, "field"), text(error, "message")));
        return format!("{} fields are wrong:{}", errors.len(), lines.collect::<String>());
    }
    let message = at("/error/message").and_then(Value::as_str);
    message.map_or_else(|| format!("refused with status {status}"), str::to_owned)
}

/// A query string.
fn encode(pairs: &[(&str, &str)]) -> String {
    let escape =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect::<Vec<_>>().join("&")
}

/// A path segment that may hold slashes and colons.
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
