//! A client of a running Baton's management API, for the commands.
//!
//! The credentials go to the address of [`Server`] and nowhere else: redirects are not followed. A command has succeeded
//! only if the reply is the one that [`Expected`] describes, so that a web page or another service at that address is
//! never taken for Baton.

mod expected;
mod refusal;
mod server;

pub use expected::{Expected, Field};
pub use server::Server;

use anyhow::{Context, bail};
use baton_provider::Transport;
use baton_provider::transport::{BaseUrl, Bounds, Reply, Request};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use std::time::Duration;

/// A client of one Baton.
pub struct Client {
    transport: Transport,
    base_url: BaseUrl,
    key: Option<String>,
}

/// One call of the management API.
pub struct ApiCall<'c> {
    /// The HTTP method.
    pub method: Method,
    /// The path, escaped.
    pub path: &'c str,
    /// Names and values of the query, not escaped.
    pub query: &'c [(&'c str, &'c str)],
    /// The body.
    pub body: Option<&'c Value>,
}

/// The largest reply that is read.
const MAX_REPLY_BYTES: usize = 256 << 20;
/// How much of a refusal is read.
const MAX_REFUSAL_BYTES: usize = 64 << 10;
/// How long a reply, or a pause in one, may take: audit and usage over years take a while.
const PATIENCE: Duration = Duration::from_secs(600);

impl<'c> ApiCall<'c> {
    /// Without query and body.
    pub fn new(method: Method, path: &'c str) -> Self {
        Self { method, path, query: &[], body: None }
    }
}

impl Client {
    /// `GET` with a query.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn get(&self, path: &str, query: &[(&str, &str)], expected: &Expected) -> anyhow::Result<Value> {
        self.call(ApiCall { query, ..ApiCall::new(Method::GET, path) }, expected).await
    }

    /// `POST` with a body.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn post(&self, path: &str, body: &Value, expected: &Expected) -> anyhow::Result<Value> {
        self.call(ApiCall { body: Some(body), ..ApiCall::new(Method::POST, path) }, expected).await
    }

    /// `PUT` with a body.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn put(&self, path: &str, body: &Value, expected: &Expected) -> anyhow::Result<Value> {
        self.call(ApiCall { body: Some(body), ..ApiCall::new(Method::PUT, path) }, expected).await
    }

    /// `DELETE` of one thing.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn delete(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<()> {
        self.call(ApiCall { query, ..ApiCall::new(Method::DELETE, path) }, &Expected::NOTHING).await.map(drop)
    }

    /// Makes a call and reads the whole reply; `null` where none is expected.
    ///
    /// # Errors
    /// If Baton can't be reached or refuses (its own sentence), or if the reply is not the expected one.
    pub async fn call(&self, call: ApiCall<'_>, expected: &Expected) -> anyhow::Result<Value> {
        let reply = self.send(call).await?;
        let head = (reply.status(), reply.headers().clone());
        let body = reply.collect(MAX_REPLY_BYTES).await.map_err(|error| anyhow::anyhow!("{}", error.message))?;
        expected.read(&head.0, &head.1, &body).map_err(|problem| self.not_baton(&problem))
    }

    /// Makes a call whose reply is a stream of events, read piece by piece.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn stream(&self, call: ApiCall<'_>) -> anyhow::Result<Reply> {
        let reply = self.send(call).await?;
        let checked = Expected::stream(&reply.status(), reply.headers());
        checked.map_err(|problem| self.not_baton(&problem))?;
        Ok(reply)
    }

    /// Sends a call with the credentials; any reply with a status of 2xx.
    async fn send(&self, call: ApiCall<'_>) -> anyhow::Result<Reply> {
        let query = encode(call.query);
        let sent = self.transport.send(Request {
            method: call.method,
            base_url: &self.base_url,
            path: call.path,
            query: (!query.is_empty()).then_some(query.as_str()),
            headers: self.headers()?,
            body: call.body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
            bounds: Bounds { first_token: None, idle: PATIENCE, total: PATIENCE },
        });
        let reply = sent.await.map_err(|error| {
            let place = self.base_url.authority();
            anyhow::anyhow!("{}; is Baton running at {place}? (`baton serve`, or --url)", error.message)
        })?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        let status = reply.status();
        bail!("{}", refusal::sentence(status, &reply.collect_start(MAX_REFUSAL_BYTES).await))
    }

    fn headers(&self) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &self.key {
            let value = HeaderValue::try_from(format!("Bearer {key}"));
            let mut value = value.context("the API key contains characters that no header can carry")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }

    fn not_baton(&self, problem: &str) -> anyhow::Error {
        anyhow::anyhow!("{} did not reply as Baton does: {problem}; check --url and BATON_URL", self.base_url)
    }
}

/// A query string.
fn encode(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", segment(value))).collect::<Vec<_>>().join("&")
}

/// Text as a path segment or a query value, whatever it contains: model ids contain slashes and colons.
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
