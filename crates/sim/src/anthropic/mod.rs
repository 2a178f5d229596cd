//! Anthropic's API (Anthropic API reference: messages, count tokens, models, errors).

mod batches;
mod check;
mod messages;
mod reply;
mod shape;
mod stream;

pub(crate) use shape::{context_refusal, error_json, forced_refusal, invalid, plan_json};

use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::BilledTokens;
use serde_json::json;

pub(crate) fn plan(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    authorize(call)?;
    // The vendor requires it of every request, and SDKs set it, so a gateway that drops it is noticed here.
    if call.header("anthropic-version").is_none() {
        return Err(invalid("anthropic-version: header is required"));
    }
    match (call.method.as_str(), call.path) {
        ("POST", "/v1/messages") => messages::plan(call),
        ("POST", "/v1/messages/count_tokens") => messages::count(call),
        ("POST", "/v1/messages/batches") => batches::create(call),
        (_, path) if path.starts_with("/v1/messages/batches/") => {
            batches::stored_batch(call, path.trim_start_matches("/v1/messages/batches/"))
        }
        ("GET", "/v1/models") => Ok(models(call)),
        _ => Err(SimRefusal::new(404, "not_found_error", "Not Found")),
    }
}

fn authorize(call: &SimRequest<'_>) -> Result<(), SimRefusal> {
    let (key, bearer) = (call.header("x-api-key"), call.header("authorization"));
    // A gateway that adds its own key must take the client's away.
    if key.is_some() && bearer.is_some() {
        return Err(SimRefusal::new(401, "authentication_error", "send either x-api-key or authorization, not both"));
    }
    let sent = key.or(bearer.and_then(|value| value.strip_prefix("Bearer ")));
    match &call.options.key {
        Some(wanted) if sent != Some(wanted.as_str()) => {
            Err(SimRefusal::new(401, "authentication_error", "invalid x-api-key"))
        }
        _ => Ok(()),
    }
}

/// `GET /v1/models`, two a page, so that pages are walked.
fn models(call: &SimRequest<'_>) -> SimPlan {
    let after = call.query.split('&').find_map(|pair| pair.strip_prefix("after_id=")).map(|id| id.replace("%2D", "-"));
    let all = &call.options.models;
    let start = after.and_then(|after| all.iter().position(|id| *id == after)).map_or(0, |place| place + 1);
    // Two on a page, so that a list of a few models has several.
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
    plan_json(&body, BilledTokens::default())
}
