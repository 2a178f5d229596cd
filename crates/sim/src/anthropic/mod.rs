//! Anthropic's API (Anthropic API reference: messages, count tokens, models, errors).

mod batches;
mod check;
mod messages;
mod stream;

use crate::journal::Billed;
use crate::server::{Call, Plan, Refusal};
use serde_json::{Value, json};

pub(crate) fn plan(call: &Call<'_>) -> Result<Plan, Refusal> {
    authorize(call)?;
    if call.header("anthropic-version").is_none() {
        return Err(invalid("anthropic-version: header is required"));
    }
    match (call.method.as_str(), call.path) {
        ("POST", "/v1/messages") => messages::plan(call),
        ("POST", "/v1/messages/count_tokens") => messages::count(call),
        ("POST", "/v1/messages/batches") => batches::create(call),
        (_, path) if path.starts_with("/v1/messages/batches/") => {
            batches::kept(call, path.trim_start_matches("/v1/messages/batches/"))
        }
        ("GET", "/v1/models") => Ok(models(call)),
        _ => Err(Refusal::new(404, "not_found_error", "Not Found")),
    }
}

fn authorize(call: &Call<'_>) -> Result<(), Refusal> {
    let (key, bearer) = (call.header("x-api-key"), call.header("authorization"));
    if key.is_some() && bearer.is_some() {
        return Err(Refusal::new(401, "authentication_error", "send either x-api-key or authorization, not both"));
    }
    let sent = key.or(bearer.and_then(|value| value.strip_prefix("Bearer ")));
    match &call.options.key {
        Some(wanted) if sent != Some(wanted.as_str()) => {
            Err(Refusal::new(401, "authentication_error", "invalid x-api-key"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn error_json(refusal: &Refusal, number: usize) -> Value {
    json!({
        "type": "error",
        "error": { "type": refusal.kind, "message": refusal.message },
        "request_id": format!("req_sim_{number}"),
    })
}

/// The vendor's words for a status (API reference, errors).
pub(crate) fn forced(status: u16) -> Refusal {
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "Your credit balance is too low to access the API."),
        403 => ("permission_error", "Your API key does not have permission to use the specified resource."),
        404 => ("not_found_error", "The requested resource could not be found."),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => ("rate_limit_error", "This request would exceed your organization's rate limit."),
        504 => ("timeout_error", "The request timed out."),
        529 => ("overloaded_error", "Overloaded"),
        400..500 => ("invalid_request_error", "The request is wrong."),
        _ => ("api_error", "Internal server error"),
    };
    Refusal::new(status, kind, message)
}

pub(crate) fn context_refusal() -> Refusal {
    invalid("prompt is too long: 210000 tokens > 200000 maximum")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "invalid_request_error", message)
}

/// `GET /v1/models`, two a page, so that pages are walked.
fn models(call: &Call<'_>) -> Plan {
    let after = call.query.split('&').find_map(|pair| pair.strip_prefix("after_id=")).map(|id| id.replace("%2D", "-"));
    let all = &call.options.models;
    let start = after.and_then(|after| all.iter().position(|id| *id == after)).map_or(0, |place| place + 1);
    let page: Vec<_> = all.iter().skip(start).take(2).collect();
    let model = |id: &&String| {
        json!({
            "type": "model",
            "id": id,
            "display_name": format!("Simulated {id}"),
            "created_at": "2026-01-01T00:00:00Z",
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
            "capabilities": { "thinking": { "supported": true } },
        })
    };
    let body = json!({
        "data": page.iter().map(model).collect::<Vec<_>>(),
        "has_more": start + page.len() < all.len(),
        "first_id": page.first(),
        "last_id": page.last(),
    });
    whole(&body, Billed::default())
}

fn whole(body: &Value, billed: Billed) -> Plan {
    Plan::Whole { content_type: "application/json", body: body.to_string().into_bytes(), billed }
}
