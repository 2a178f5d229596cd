//! What the vendor's endpoints share: errors in its words, and the shape of its replies.

use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::BilledTokens;
use crate::openai;
use serde_json::{Value, json};

pub(crate) fn error_json(refusal: &SimRefusal) -> Value {
    // What comes from the OpenAI-compatible endpoint has a kind, and OpenAI's shape.
    if refusal.kind.is_empty() { json!({ "error": refusal.message }) } else { openai::error_json(refusal) }
}

pub(crate) fn forced_refusal(status: u16) -> SimRefusal {
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

pub(crate) fn context_refusal() -> SimRefusal {
    refusal(400, "the input length exceeds the context length")
}

pub(crate) fn refusal(status: u16, message: impl Into<String>) -> SimRefusal {
    SimRefusal::new(status, "", message)
}

/// The model that is asked for, with its tag.
pub(crate) fn model(call: &SimRequest<'_>) -> Result<String, SimRefusal> {
    // The vendor's own command line still writes the older field, beside an empty one.
    let name = [&call.json["model"], &call.json["name"]].into_iter().filter_map(Value::as_str);
    let mut name = name.filter(|name| !name.is_empty());
    let name = name.next();
    let name = name.ok_or_else(|| refusal(400, "model is required"))?;
    if call.has_model(name) {
        return Ok(name.to_owned());
    }
    Err(refusal(404, format!("model '{name}' not found")))
}

/// What a model can do, by its name.
pub(crate) fn capabilities(model: &str) -> Vec<&'static str> {
    if model.contains("embed") {
        return vec!["embedding"];
    }
    let mut all = vec!["completion", "tools", "vision"];
    if ["qwen3", "deepseek-r1", "gpt-oss"].iter().any(|family| model.starts_with(family)) {
        all.push("thinking");
    }
    all
}

pub(crate) fn plan_json(body: &Value, billed: BilledTokens) -> SimPlan {
    SimPlan::Whole { content_type: "application/json; charset=utf-8", body: body.to_string().into_bytes(), billed }
}
