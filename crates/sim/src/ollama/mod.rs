//! Ollama's API (Ollama API documentation, and replies recorded from version 0.9.3).

mod check;
mod generate;
mod lists;

use crate::server::{Call, Plan, Refusal};
use crate::{journal::Billed, openai};
use serde_json::{Value, json};

pub(crate) fn plan(call: &Call<'_>) -> Result<Plan, Refusal> {
    authorize(call)?;
    match (call.method.as_str(), call.path) {
        ("POST", "/api/chat") => generate::chat(call),
        ("POST", "/api/generate") => generate::generate(call),
        ("POST", "/api/embed") => generate::embed(call),
        ("GET", "/api/tags") => Ok(lists::tags(call)),
        ("POST", "/api/show") => lists::show(call),
        ("GET", "/api/ps") => Ok(lists::running(call)),
        ("GET", "/api/version") => Ok(whole(&json!({ "version": "0.9.3" }), Billed::default())),
        ("POST", "/api/pull" | "/api/push" | "/api/create") => {
            let body = b"{\"status\":\"pulling manifest\"}\n{\"status\":\"success\"}\n".to_vec();
            Ok(Plan::Whole { content_type: "application/x-ndjson", body, billed: Billed::default() })
        }
        ("POST", "/api/copy") | ("DELETE", "/api/delete") => {
            Ok(Plan::Whole { content_type: "text/plain", body: Vec::new(), billed: Billed::default() })
        }
        ("POST", "/v1/audio/transcriptions") => openai::transcription(call),
        _ => Err(refusal(404, "404 page not found")),
    }
}

fn authorize(call: &Call<'_>) -> Result<(), Refusal> {
    let sent = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match &call.options.key {
        Some(key) if sent != Some(key.as_str()) => Err(refusal(401, "unauthorized")),
        _ => Ok(()),
    }
}

pub(crate) fn error_json(refusal: &Refusal) -> Value {
    // What comes from the OpenAI-compatible endpoint has a kind, and OpenAI's shape.
    if refusal.kind.is_empty() { json!({ "error": refusal.message }) } else { openai::error_json(refusal) }
}

pub(crate) fn forced(status: u16) -> Refusal {
    let message = match status {
        401 => "unauthorized",
        404 => "model 'x' not found",
        429 => "too many requests",
        503 => "server busy, please try again. maximum pending requests exceeded",
        400..500 => "invalid request",
        _ => "llama runner process has terminated",
    };
    refusal(status, message)
}

pub(crate) fn context_refusal() -> Refusal {
    refusal(400, "the input length exceeds the context length")
}

fn refusal(status: u16, message: impl Into<String>) -> Refusal {
    Refusal::new(status, "", message)
}

/// The model that is asked for, with its tag.
fn model(call: &Call<'_>) -> Result<String, Refusal> {
    let name = call.json["model"].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| refusal(400, "model is required"))?;
    if call.knows(name) {
        return Ok(name.to_owned());
    }
    Err(refusal(404, format!("model '{name}' not found")))
}

/// What a model can do, by its name.
fn capabilities(model: &str) -> Vec<&'static str> {
    if model.contains("embed") {
        return vec!["embedding"];
    }
    let mut all = vec!["completion", "tools", "vision"];
    if ["qwen3", "deepseek-r1", "gpt-oss"].iter().any(|family| model.starts_with(family)) {
        all.push("thinking");
    }
    all
}

fn whole(body: &Value, billed: Billed) -> Plan {
    Plan::Whole { content_type: "application/json; charset=utf-8", body: body.to_string().into_bytes(), billed }
}
