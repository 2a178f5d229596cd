//! The response object, whole or as the first and last event of a stream.

use crate::call::SimRequest;
use crate::journal::BilledTokens;
use crate::openai::CREATED;
use crate::reply::SimEnd;
use serde_json::{Value, json};

/// The response object; without an end it is still in progress.
pub(super) fn response(
    call: &SimRequest<'_>,
    model: &str,
    output: &[Value],
    end: Option<&SimEnd>,
    billed: Option<BilledTokens>,
) -> Value {
    let json = call.json;
    let or = |name: &str, default: Value| if json[name].is_null() { default } else { json[name].clone() };
    let (status, details) = match end {
        None => ("in_progress", Value::Null),
        Some(SimEnd::Length) => ("incomplete", json!({ "reason": "max_output_tokens" })),
        Some(_) => ("completed", Value::Null),
    };
    json!({
        "id": id(call),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": null,
        "incomplete_details": details,
        "instructions": json["instructions"],
        "max_output_tokens": json["max_output_tokens"],
        "model": model,
        "output": output,
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": json["previous_response_id"],
        "reasoning": or("reasoning", json!({ "effort": null, "summary": null })),
        "service_tier": "default",
        "store": or("store", json!(true)),
        "temperature": or("temperature", json!(1.0)),
        "text": or("text", json!({ "format": { "type": "text" } })),
        "tool_choice": or("tool_choice", json!("auto")),
        "tools": or("tools", json!([])),
        "top_p": or("top_p", json!(1.0)),
        "truncation": "disabled",
        "usage": billed.map(usage),
        "metadata": or("metadata", json!({})),
    })
}

pub(super) fn usage(billed: BilledTokens) -> Value {
    let input = billed.input + billed.cache_read;
    json!({
        "input_tokens": input,
        "input_tokens_details": { "cached_tokens": billed.cache_read },
        "output_tokens": billed.output,
        "output_tokens_details": { "reasoning_tokens": billed.reasoning },
        "total_tokens": input + billed.output,
    })
}

pub(super) fn id(call: &SimRequest<'_>) -> String {
    format!("resp_sim_{}", call.number)
}
