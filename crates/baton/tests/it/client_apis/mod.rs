//! What the client APIs have beside requests for models: counts, lists, and what providers keep for their callers.

mod counts_and_lists;
mod documents;
mod images;
mod ollama;
mod provider_objects;

use crate::baton::{Baton, ClientReply};
use bytes::Bytes;
use http::Method;
use serde_json::Value;

const JSON: (&str, &str) = ("content-type", "application/json");
const ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");

/// A key with these fields.
pub(crate) async fn key(baton: &Baton, fields: Value) -> String {
    baton.post("/api/keys", &fields).await.expect(201).json()["key"].as_str().unwrap().to_owned()
}

/// Asks with a key.
pub(crate) async fn with(baton: &Baton, key: &str, method: Method, path: &str, body: impl Into<Bytes>) -> ClientReply {
    baton.send(method, path, &[("x-api-key", key), JSON, ANTHROPIC], body).await
}

/// A form with a file.
pub(crate) fn form(purpose: &str, file: &str) -> String {
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--b\r\nContent-Disposition: \
         form-data; name=\"file\"; filename=\"f.jsonl\"\r\nContent-Type: text/plain\r\n\r\n{file}\r\n--b--\r\n"
    )
}
