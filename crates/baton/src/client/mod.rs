//! A client of a running Baton's management API, for the commands.
//!
//! The credentials go to the address of [`Server`] and nowhere else: redirects are not followed. A command has succeeded
//! only if the reply is the one that [`ExpectedReply`] describes, so that a web page or another service at that address is
//! never taken for Baton.

mod expected;
mod refusal;
mod server;

pub use expected::{ExpectedField, ExpectedReply};
pub use server::Server;

use anyhow::{Context, bail};
use baton_provider_api::Transport;
use baton_provider_api::transport::{BaseUrl, CallBounds, HttpReply, HttpRequest};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// A client of one Baton.
pub struct ApiClient {
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
    /// A body that goes as it is, in place of `body`: JSON of somebody else, which must not change by a byte.
    pub raw: Option<Bytes>,
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
        Self { method, path, query: &[], body: None, raw: None }
    }
}

impl ApiClient {
    /// `GET` with a query.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn get(&self, path: &str, query: &[(&str, &str)], expected: &ExpectedReply) -> anyhow::Result<Value> {
        self.call(ApiCall { query, ..ApiCall::new(Method::GET, path) }, expected).await
    }

    /// `POST` with a body.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn post(&self, path: &str, body: &Value, expected: &ExpectedReply) -> anyhow::Result<Value> {
        self.call(ApiCall { body: Some(body), ..ApiCall::new(Method::POST, path) }, expected).await
    }

    /// `PUT` with a body.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn put(&self, path: &str, body: &Value, expected: &ExpectedReply) -> anyhow::Result<Value> {
        self.call(ApiCall { body: Some(body), ..ApiCall::new(Method::PUT, path) }, expected).await
    }

    /// `DELETE` of one thing.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn delete(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<()> {
        self.call(ApiCall { query, ..ApiCall::new(Method::DELETE, path) }, &ExpectedReply::NOTHING).await.map(drop)
    }

    /// Every item of a list in numbered pages: `{items, total}`.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn all(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let mut items = Vec::new();
        for page in 1.. {
            let number = page.to_string();
            let query = [query, &[("page_size", "100"), ("page", number.as_str())]].concat();
            let mut reply = self.get(path, &query, &ExpectedReply::LIST).await?;
            let found = take_items(&mut reply);
            let total = reply.get("total").and_then(Value::as_u64).unwrap_or_default();
            let is_last = found.is_empty();
            items.extend(found);
            // An empty page ends it too: things may be removed while pages are read.
            if is_last || items.len() as u64 >= total {
                break;
            }
        }
        Ok(json!({ "total": items.len(), "items": items }))
    }

    /// The first `limit` items of a list that is paged by cursor: `{items, next_cursor}`.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn list_newest(&self, path: &str, query: &[(&str, &str)], limit: u64) -> anyhow::Result<Value> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            // Even a limit of 0 asks once, so that a wrong filter is reported.
            let size = limit.saturating_sub(items.len() as u64).clamp(1, 100).to_string();
            let mut query = [query, &[("limit", size.as_str())]].concat();
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut reply = self.get(path, &query, &ExpectedReply::LIST).await?;
            items.extend(take_items(&mut reply));
            cursor = reply.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() || items.len() as u64 >= limit {
                return Ok(json!({ "items": items, "next_cursor": cursor }));
            }
        }
    }

    /// Whether there is something at that path.
    ///
    /// # Errors
    /// If Baton can't be reached or refuses for another reason.
    pub async fn exists(&self, path: &str) -> anyhow::Result<bool> {
        let reply = self.reply(ApiCall::new(Method::GET, path)).await?;
        match reply.status() {
            StatusCode::OK => Ok(true),
            // Any other refusal, such as that of a key without the right to look, says nothing about existence.
            StatusCode::NOT_FOUND => Ok(false),
            status => bail!("{path}: the status is {status}"),
        }
    }

    /// Makes a call and reads the whole reply; `null` where none is expected.
    ///
    /// # Errors
    /// If Baton can't be reached or refuses (its own sentence), or if the reply is not the expected one.
    pub async fn call(&self, call: ApiCall<'_>, expected: &ExpectedReply) -> anyhow::Result<Value> {
        let reply = self.send(call).await?;
        let head = (reply.status(), reply.headers().clone());
        let body = reply.collect(MAX_REPLY_BYTES).await.map_err(|error| anyhow::anyhow!("{}", error.message))?;
        expected.read(&head.0, &head.1, &body).map_err(|problem| self.not_baton(&problem))
    }

    /// Makes a call whose reply is a stream of events, read piece by piece.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub async fn stream(&self, call: ApiCall<'_>) -> anyhow::Result<HttpReply> {
        let reply = self.send(call).await?;
        let checked = ExpectedReply::stream(&reply.status(), reply.headers());
        checked.map_err(|problem| self.not_baton(&problem))?;
        Ok(reply)
    }

    /// Sends a call with the credentials; a reply with a status of 2xx.
    async fn send(&self, call: ApiCall<'_>) -> anyhow::Result<HttpReply> {
        let reply = self.reply(call).await?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        let status = reply.status();
        // Only the start is read: the error page of a proxy may be of any length, and one sentence is shown.
        bail!("{}", refusal::sentence(status, &reply.collect_start(MAX_REFUSAL_BYTES).await))
    }

    /// Sends a call with the credentials; the reply, whatever it is.
    async fn reply(&self, call: ApiCall<'_>) -> anyhow::Result<HttpReply> {
        let query = encode(call.query);
        let sent = self.transport.send(HttpRequest {
            peer: format!("the server at {}", self.base_url.authority()),
            method: call.method,
            base_url: &self.base_url,
            path: call.path,
            query: (!query.is_empty()).then_some(query.as_str()),
            headers: self.headers()?,
            body: call.raw.or_else(|| call.body.map(|body| Bytes::from(body.to_string()))).unwrap_or_default(),
            bounds: CallBounds { first_token: None, idle: PATIENCE, total: PATIENCE },
        });
        sent.await
            .map_err(|error| anyhow::anyhow!("{}; is Baton running there? (`baton serve`, or --url)", error.message))
    }

    fn headers(&self) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &self.key {
            let value = HeaderValue::try_from(format!("Bearer {key}"));
            let mut value = value.context("the API key contains characters that no header can carry")?;
            // So that no log line of the HTTP library shows it.
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(headers)
    }

    fn not_baton(&self, problem: &str) -> anyhow::Error {
        anyhow::anyhow!("{} did not reply like Baton: {problem}; check --url and BATON_URL", self.base_url)
    }
}

/// The items of a page, taken out of it.
fn take_items(page: &mut Value) -> Vec<Value> {
    match page.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
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
