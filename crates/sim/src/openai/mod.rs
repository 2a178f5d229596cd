//! OpenAI's API (OpenAI API reference; error codes as its error guide lists them).

mod audio;
mod chat;
mod check;
mod form;
mod images;
mod kept;
pub(crate) mod others;
mod responses;

use crate::server::{Call, Plan, Refusal};
use serde_json::{Value, json};

/// When everything here was created: 2026-01-01T00:00:00Z.
const CREATED: u64 = 1_767_225_600;

pub(crate) fn plan(call: &Call<'_>) -> Result<Plan, Refusal> {
    authorize(call)?;
    match (call.method.as_str(), call.path) {
        ("POST", "/v1/chat/completions") => chat::plan(call),
        ("POST", "/v1/completions") => others::completion(call),
        ("POST", "/v1/embeddings") => others::embeddings(call),
        ("POST", "/v1/images/generations") => images::made(call),
        ("POST", "/v1/images/edits") => images::edited(call),
        ("POST", "/v1/images/variations") => images::varied(call),
        ("POST", "/v1/audio/transcriptions") => audio::heard(call, false),
        ("POST", "/v1/audio/translations") => audio::heard(call, true),
        ("POST", "/v1/audio/speech") => audio::speech(call),
        ("POST", "/v1/moderations") => others::moderation(call),
        ("POST", "/v1/rerank") => others::rerank(call),
        ("POST", "/v1/responses") => responses::create(call),
        (_, path) if path.starts_with("/v1/responses/") => {
            responses::kept(call, path.trim_start_matches("/v1/responses/"))
        }
        (_, path) if path.starts_with("/v1/files") || path.starts_with("/v1/batches") => {
            kept::plan(call, path.trim_start_matches("/v1/"))
        }
        ("GET", "/v1/models") => Ok(others::models(call)),
        (method, path) => {
            let message = format!("Invalid URL ({method} {path})");
            Err(Refusal::new(404, "invalid_request_error", message))
        }
    }
}

/// Ollama offers this endpoint too, without a key.
pub(crate) fn transcription(call: &Call<'_>) -> Result<Plan, Refusal> {
    audio::heard(call, false)
}

fn authorize(call: &Call<'_>) -> Result<(), Refusal> {
    let Some(key) = &call.options.key else { return Ok(()) };
    let sent = call.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).or(call.header("api-key"));
    if sent == Some(key.as_str()) {
        return Ok(());
    }
    let start: String = sent.unwrap_or_default().chars().take(4).collect();
    let message = format!("Incorrect API key provided: {start}****. You can find your API key in the dashboard.");
    Err(Refusal { code: Some("invalid_api_key"), ..Refusal::new(401, "invalid_request_error", message) })
}

pub(crate) fn error_json(refusal: &Refusal) -> Value {
    json!({ "error": {
        "message": refusal.message,
        "type": refusal.kind,
        "param": refusal.param,
        "code": refusal.code,
    } })
}

/// The vendor's words for a status.
pub(crate) fn forced(status: u16) -> Refusal {
    let (kind, code, message) = match status {
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided."),
        403 => ("invalid_request_error", Some("unsupported_country_region_territory"), "Not available here."),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        413 => ("invalid_request_error", None, "The request is too large."),
        429 => ("requests", Some("rate_limit_exceeded"), "Rate limit reached. Please try again in 1s."),
        500 => ("server_error", None, "The server had an error while processing your request."),
        503 => ("server_error", None, "The engine is currently overloaded, please try again later."),
        400..500 => ("invalid_request_error", None, "The request is wrong."),
        _ => ("server_error", None, "The server failed."),
    };
    Refusal { code, ..Refusal::new(status, kind, message) }
}

pub(crate) fn context_refusal() -> Refusal {
    let message = "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 \
                   tokens. Please reduce the length of the messages.";
    Refusal {
        code: Some("context_length_exceeded"),
        param: Some("messages".into()),
        ..Refusal::new(400, "invalid_request_error", message)
    }
}

pub(crate) fn quota_refusal() -> Refusal {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    Refusal { code: Some("insufficient_quota"), ..Refusal::new(429, "insufficient_quota", message) }
}

/// A wrong field.
fn invalid(param: &str, message: impl Into<String>) -> Refusal {
    Refusal { param: Some(param.to_owned()), ..Refusal::new(400, "invalid_request_error", message) }
}

/// The model that is asked for, if it exists.
fn model(call: &Call<'_>) -> Result<String, Refusal> {
    let name = call.json["model"].as_str().ok_or_else(|| invalid("model", "you must provide a model parameter"))?;
    known(call, name)?;
    Ok(name.to_owned())
}

fn known(call: &Call<'_>, name: &str) -> Result<(), Refusal> {
    if call.knows(name) {
        return Ok(());
    }
    let message = format!("The model `{name}` does not exist or you do not have access to it.");
    Err(Refusal { code: Some("model_not_found"), ..Refusal::new(404, "invalid_request_error", message) })
}

/// A frame of a stream.
fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}
