//! `POST /api/chat` and `/api/generate`: a request that says nothing loads a model, or unloads it (`keep_alive: 0`).
//! A server of Ollama is asked to; of other vendors it is always true, so nobody is.

use super::is_ollamas;
use crate::{HttpState, exchange, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_dialect::framing::splice;
use baton_engine::ModelSelector;
use baton_model::{Body as Json, Caller, Capability, PublicError};
use baton_tasks::compute;
use baton_web::headers::value;
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

/// Serves a request, or says that the model is loaded.
///
/// # Errors
/// If the request can't be served.
pub async fn serve(
    capability: Capability,
    State(state): State<HttpState>,
    mut inbound: Inbound,
) -> Result<Response, Refused> {
    let bytes = inbound.read_body().await?;
    match compute(bytes.len(), || load_reply(&state, capability, &inbound.caller, &bytes))? {
        Some(response) => Ok(response),
        None => exchange::serve(ClientApi::Ollama, capability, &state, inbound.with_body(bytes)).await,
    }
}

/// The reply to a request that says nothing; `None` if it says something, or goes to a server of Ollama.
fn load_reply(
    state: &HttpState,
    capability: Capability,
    caller: &Caller,
    bytes: &Bytes,
) -> Result<Option<Response>, PublicError> {
    // What does not scan goes on to `exchange`, which refuses it with the right sentence.
    let Some(body) = splice::scan(bytes.clone()).ok().filter(|body| is_load_request(capability, body)) else {
        return Ok(None);
    };
    let name = body.value("model").and_then(|text| serde_json::from_slice::<String>(text).ok());
    let snapshot = state.web.engine.registry().snapshot();
    let selector = name.clone().map_or(ModelSelector::Default, ModelSelector::Model);
    let model = snapshot.find(caller, &selector, capability)?;
    // A real Ollama server has something to load, so the request goes there.
    if is_ollamas(&snapshot, model) {
        return Ok(None);
    }
    let now = DateTime::from_timestamp(state.web.engine.clock().now().seconds(), 0).unwrap_or_default();
    let mut reply = json!({
        "model": name.unwrap_or_else(|| model.id.to_string()),
        "created_at": now.to_rfc3339_opts(SecondsFormat::Secs, true),
        "done": true,
        "done_reason": if unloads(&body) { "unload" } else { "load" },
    });
    if let Some(reply) = reply.as_object_mut() {
        match capability {
            Capability::Chat => reply.insert("message".into(), json!({ "role": "assistant", "content": "" })),
            _ => reply.insert("response".into(), json!("")),
        };
    }
    let mut response = upstream::json(reply.to_string().into_bytes());
    response.headers_mut().insert("x-baton-model", value(model.id.as_str()));
    Ok(Some(response))
}

fn is_load_request(capability: Capability, body: &Json) -> bool {
    let empty = |name: &str| {
        let value = body.value(name).and_then(|text| serde_json::from_slice::<Value>(text).ok()).unwrap_or_default();
        match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            // Not empty: whoever reads the request refuses it.
            _ => false,
        }
    };
    match capability {
        Capability::Chat => empty("messages"),
        _ => empty("prompt") && empty("images"),
    }
}

/// Whether `keep_alive` is zero: a number of seconds, or a time such as `0s` or `0m`.
fn unloads(body: &Json) -> bool {
    match body.value("keep_alive").and_then(|text| serde_json::from_slice(text).ok()) {
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::String(text)) => {
            let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            number.parse::<f64>() == Ok(0.0)
        }
        _ => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing() {
        let scan = |text: &str| splice::scan(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        for (text, chat, generate) in [
            (r#"{"model":"m"}"#, true, true),
            (r#"{"messages":[],"prompt":""}"#, true, true),
            (r#"{"messages":[{}],"prompt":"x"}"#, false, false),
            (r#"{"images":["a"],"messages":null}"#, true, false),
        ] {
            assert_eq!(is_load_request(Capability::Chat, &scan(text)), chat, "{text}");
            assert_eq!(is_load_request(Capability::Completion, &scan(text)), generate, "{text}");
        }
        for (keep_alive, expected) in [("0", true), ("\"0s\"", true), ("\"0\"", true), ("\"5m\"", false), ("-1", false)]
        {
            assert_eq!(unloads(&scan(&format!(r#"{{"keep_alive":{keep_alive}}}"#))), expected, "{keep_alive}");
        }
        assert!(!unloads(&scan("{}")));
    }
}
