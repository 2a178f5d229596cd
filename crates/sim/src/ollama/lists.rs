//! `GET /api/tags`, `POST /api/show` and `GET /api/ps`.

use super::{capabilities, model, plan_json};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::BilledTokens;
use serde_json::{Value, json};

/// The context window of every model.
const CONTEXT: u64 = 32_768;

pub(super) fn tags(call: &SimRequest<'_>) -> SimPlan {
    list(call, |_| {})
}

pub(super) fn list_running(call: &SimRequest<'_>) -> SimPlan {
    list(call, |entry| {
        entry["expires_at"] = json!("2026-01-01T00:05:00Z");
        entry["size_vram"] = json!(0);
    })
}

pub(super) fn show(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    let body = json!({
        "modelfile": format!("FROM {model}\n"),
        "template": "{{ .Prompt }}",
        "details": details(),
        "model_info": {
            "general.architecture": "llama",
            "general.parameter_count": 3_200_000_000_u64,
            "llama.context_length": CONTEXT,
            "llama.embedding_length": 8,
        },
        "capabilities": capabilities(&model),
        "modified_at": "2026-01-01T00:00:00Z",
    });
    Ok(plan_json(&body, BilledTokens::default()))
}

fn list(call: &SimRequest<'_>, more: impl Fn(&mut Value)) -> SimPlan {
    let models = call.options.models.iter().map(|name| {
        let digest = "0".repeat(64);
        let mut entry = json!({ "name": name, "model": name, "size": 1000, "digest": digest, "details": details() });
        entry["modified_at"] = json!("2026-01-01T00:00:00Z");
        more(&mut entry);
        entry
    });
    plan_json(&json!({ "models": models.collect::<Vec<_>>() }), BilledTokens::default())
}

fn details() -> Value {
    json!({
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "3.2B",
        "quantization_level": "Q4_K_M",
    })
}
