//! Files and batches (OpenAI API reference, files and batch). A batch is over as soon as it is looked at: its output
//! says of each line which model was asked.

use super::CREATED;
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::{BilledTokens, SimResponse};
use serde_json::{Value, json};

/// Serves a request below `/v1/files` or `/v1/batches`; `rest` follows `/v1/`.
pub(super) fn plan(call: &SimRequest<'_>, rest: &str) -> Result<SimPlan, SimRefusal> {
    let parts: Vec<&str> = rest.split('/').collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["files"]) => upload(call),
        ("GET", ["files", id]) => find_stored(call, id).map(|file| plan_json(&file.body)),
        ("GET", ["files", id, "content"]) => content(call, id),
        ("DELETE", ["files", id]) => {
            find_stored(call, id)?;
            call.journal.forget(id);
            Ok(plan_json(&json!({ "id": id, "object": "file", "deleted": true })))
        }
        ("POST", ["batches"]) => create(call),
        ("GET", ["batches", id]) => look(call, id),
        ("POST", ["batches", id, "cancel"]) => {
            let mut batch = find_stored(call, id)?.body;
            batch["status"] = json!("cancelling");
            Ok(plan_json(&batch))
        }
        _ => Err(SimRefusal::new(404, "invalid_request_error", "Invalid URL")),
    }
}

fn upload(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let purpose = field(call.body, "purpose").ok_or_else(|| invalid("'purpose' is a required property"))?;
    let text = field(call.body, "file").ok_or_else(|| invalid("'file' is a required property"))?;
    Ok(plan_json(&store_object(call, &format!("file-sim{}", call.number), &purpose, &text)))
}

fn store_object(call: &SimRequest<'_>, id: &str, purpose: &str, text: &str) -> Value {
    let body = json!({
        "id": id,
        "object": "file",
        "bytes": text.len(),
        "created_at": CREATED,
        "filename": "file.jsonl",
        "purpose": purpose,
        "status": "processed",
    });
    call.journal.store(id, SimResponse { body: body.clone(), context: Vec::new(), input: vec![json!(text)] });
    body
}

/// The text of a part of a form.
fn field(form: &[u8], name: &str) -> Option<String> {
    // The files of batches are lines of text, so the form may be read as text.
    let form = String::from_utf8_lossy(form);
    let boundary = form.lines().next()?.trim_end();
    let part = form.split(boundary).find(|part| part.contains(&format!("name=\"{name}\"")))?;
    let (_, text) = part.split_once("\r\n\r\n")?;
    Some(text.strip_suffix("\r\n").unwrap_or(text).to_owned())
}

fn text(call: &SimRequest<'_>, id: &str) -> Result<String, SimRefusal> {
    let file = find_stored(call, id)?;
    Ok(file.input.first().and_then(Value::as_str).unwrap_or_default().to_owned())
}

fn content(call: &SimRequest<'_>, id: &str) -> Result<SimPlan, SimRefusal> {
    let body = text(call, id)?.into_bytes();
    Ok(SimPlan::Whole { content_type: "application/octet-stream", body, billed: BilledTokens::default() })
}

fn create(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let input = call.json["input_file_id"].as_str().unwrap_or_default();
    find_stored(call, input)?;
    let id = format!("batch_sim{}", call.number);
    let body = json!({
        "id": id,
        "object": "batch",
        "endpoint": call.json["endpoint"],
        "input_file_id": input,
        "completion_window": call.json["completion_window"],
        "status": "validating",
        "created_at": CREATED,
        "output_file_id": null,
        "error_file_id": null,
    });
    call.journal.store(&id, SimResponse { body: body.clone(), context: Vec::new(), input: Vec::new() });
    Ok(plan_json(&body))
}

fn look(call: &SimRequest<'_>, id: &str) -> Result<SimPlan, SimRefusal> {
    let mut batch = find_stored(call, id)?;
    if batch.body["output_file_id"].is_null() {
        let input = text(call, batch.body["input_file_id"].as_str().unwrap_or_default())?;
        let lines = input.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let output: Vec<String> = lines
            .map(|line| {
                let usage = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 });
                let body = json!({ "object": "chat.completion", "model": line["body"]["model"], "choices": [], "usage": usage });
                json!({ "custom_id": line["custom_id"], "response": { "status_code": 200, "body": body } }).to_string()
            })
            .collect();
        // A file that no caller has uploaded: whoever looks at the batch must come to own it.
        let file = format!("file-out-{id}");
        store_object(call, &file, "batch_output", &output.join("\n"));
        batch.body["output_file_id"] = json!(file);
        batch.body["status"] = json!("completed");
        call.journal.store(id, batch.clone());
    }
    Ok(plan_json(&batch.body))
}

fn find_stored(call: &SimRequest<'_>, id: &str) -> Result<SimResponse, SimRefusal> {
    call.journal
        .find_response(id)
        .ok_or_else(|| SimRefusal::new(404, "invalid_request_error", format!("No such File object: {id}")))
}

fn invalid(message: &str) -> SimRefusal {
    SimRefusal::new(400, "invalid_request_error", message)
}

fn plan_json(body: &Value) -> SimPlan {
    SimPlan::Whole {
        content_type: "application/json",
        body: body.to_string().into_bytes(),
        billed: BilledTokens::default(),
    }
}
