//! Message batches (Anthropic API reference, message batches). A batch has ended as soon as it is looked at: its
//! results say of each request which model was asked.

use super::{invalid, plan_json};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::{BilledTokens, SimResponse};
use serde_json::{Value, json};

/// Serves a request below `/v1/messages/batches/`; `rest` follows that.
pub(super) fn stored_batch(call: &SimRequest<'_>, rest: &str) -> Result<SimPlan, SimRefusal> {
    let (id, below) = rest.split_once('/').unwrap_or((rest, ""));
    let missing = || SimRefusal::new(404, "not_found_error", format!("Message batch {id} not found."));
    let mut batch = call.journal.find_response(id).ok_or_else(missing)?;
    match (call.method.as_str(), below) {
        ("GET", "") => {
            batch.body["processing_status"] = json!("ended");
            // At the vendor's own host, as the vendor gives it: Baton has to replace it, or its clients would go
            // there.
            batch.body["results_url"] = json!(format!("https://api.anthropic.com/v1/messages/batches/{id}/results"));
            Ok(plan_json(&batch.body, BilledTokens::default()))
        }
        ("DELETE", "") => {
            call.journal.forget(id);
            Ok(plan_json(&json!({ "id": id, "type": "message_batch_deleted" }), BilledTokens::default()))
        }
        ("POST", "cancel") => {
            // Said and not kept: the next look finds the batch ended, as always here.
            batch.body["processing_status"] = json!("canceling");
            Ok(plan_json(&batch.body, BilledTokens::default()))
        }
        ("GET", "results") => {
            let line = |request: &Value| {
                let usage = json!({ "input_tokens": 10, "output_tokens": 5, "service_tier": "batch" });
                let model = &request["params"]["model"];
                let message =
                    json!({ "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage });
                let result = json!({ "type": "succeeded", "message": message });
                format!("{}\n", json!({ "custom_id": request["custom_id"], "result": result }))
            };
            let body = batch.input.iter().map(line).collect::<String>().into_bytes();
            Ok(SimPlan::Whole { content_type: "application/x-jsonl", body, billed: BilledTokens::default() })
        }
        _ => Err(SimRefusal::new(404, "not_found_error", "Not Found")),
    }
}

/// `POST /v1/messages/batches`.
pub(super) fn create(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let requests = call.json["requests"].as_array().ok_or_else(|| invalid("requests: Field required"))?;
    // Names of the vendor's models alone: a batch that still has Baton's names fails.
    let unknown = requests.iter().find(|request| {
        let model = request["params"]["model"].as_str().unwrap_or_default();
        !call.options.models.iter().any(|known| known == model)
    });
    if let Some(unknown) = unknown {
        return Err(SimRefusal::new(404, "not_found_error", format!("model: {}", unknown["params"]["model"])));
    }
    let id = format!("msgbatch_sim{}", call.number);
    let body = json!({
        "id": id,
        "type": "message_batch",
        "processing_status": "in_progress",
        "request_counts": { "processing": requests.len(), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0 },
        "created_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-01-02T00:00:00Z",
        "results_url": null,
    });
    call.journal.store(&id, SimResponse { body: body.clone(), context: Vec::new(), input: requests.clone() });
    Ok(plan_json(&body, BilledTokens::default()))
}
