//! What the vendor's endpoints share: errors in its words, and the shape of its replies.

use crate::call::{SimPlan, SimRefusal};
use crate::journal::BilledTokens;
use serde_json::{Value, json};

pub(crate) fn error_json(refusal: &SimRefusal, number: usize) -> Value {
    let mut error = json!({ "type": refusal.kind, "message": refusal.message });
    if let (Some(code), Some(error)) = (refusal.code, error.as_object_mut()) {
        error.insert("details".into(), json!({ "error_code": code, "unsupported": ["model"] }));
    }
    json!({ "type": "error", "error": error, "request_id": format!("req_sim_{number}") })
}

/// The vendor's words for a status (API reference, errors).
pub(crate) fn forced_refusal(status: u16) -> SimRefusal {
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
    SimRefusal::new(status, kind, message)
}

pub(crate) fn context_refusal() -> SimRefusal {
    invalid("prompt is too long: 210000 tokens > 200000 maximum")
}

pub(crate) fn invalid(message: impl Into<String>) -> SimRefusal {
    SimRefusal::new(400, "invalid_request_error", message)
}

pub(crate) fn plan_json(body: &Value, billed: BilledTokens) -> SimPlan {
    SimPlan::Whole { content_type: "application/json", body: body.to_string().into_bytes(), billed }
}
