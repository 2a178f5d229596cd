//! Ollama's API (Ollama API documentation, and replies recorded from version 0.9.3).

mod check;
mod generate;
mod lists;
mod shape;

pub(crate) use shape::{capabilities, context_refusal, error_json, forced_refusal, model, plan_json, refusal};

use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::{journal::BilledTokens, openai};
use serde_json::json;

pub(crate) fn plan(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    authorize(call)?;
    match (call.method.as_str(), call.path) {
        ("POST", "/api/chat") => generate::chat(call),
        ("POST", "/api/generate") => generate::generate(call),
        ("POST", "/api/embed") => generate::embed(call),
        ("GET", "/api/tags") => Ok(lists::tags(call)),
        ("POST", "/api/show") => lists::show(call),
        ("GET", "/api/ps") => Ok(lists::list_running(call)),
        ("GET", "/api/version") => Ok(plan_json(&json!({ "version": "0.9.3" }), BilledTokens::default())),
        ("POST", "/api/pull" | "/api/push" | "/api/create") => {
            let body = b"{\"status\":\"pulling manifest\"}\n{\"status\":\"success\"}\n".to_vec();
            Ok(SimPlan::Whole { content_type: "application/x-ndjson", body, billed: BilledTokens::default() })
        }
        ("POST", "/api/copy") | ("DELETE", "/api/delete") => {
            Ok(SimPlan::Whole { content_type: "text/plain", body: Vec::new(), billed: BilledTokens::default() })
        }
        ("POST", "/v1/audio/transcriptions") => openai::transcription(call),
        _ => Err(refusal(404, "404 page not found")),
    }
}

fn authorize(call: &SimRequest<'_>) -> Result<(), SimRefusal> {
    let sent = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match &call.options.key {
        Some(key) if sent != Some(key.as_str()) => Err(refusal(401, "unauthorized")),
        _ => Ok(()),
    }
}
