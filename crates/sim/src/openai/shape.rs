//! What the vendor's endpoints share: errors in its words, and the shape of its replies.

use crate::call::{SimRefusal, SimRequest};
use serde_json::{Value, json};

/// When everything here was created: 2026-01-01T00:00:00Z.
pub(crate) const CREATED: u64 = 1_767_225_600;

pub(crate) fn error_json(refusal: &SimRefusal) -> Value {
    json!({ "error": {
        "message": refusal.message,
        "type": refusal.kind,
        "param": refusal.param,
        "code": refusal.code,
    } })
}

/// The vendor's words for a status.
pub(crate) fn forced_refusal(status: u16) -> SimRefusal {
    let (kind, code, message) = match status {
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided."),
        403 => ("invalid_request_error", Some("unsupported_country_region_territory"), "Not available here."),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        413 => ("invalid_request_error", None, "The request is too large."),
        429 => ("requests", Some("rate_limit_exceeded"), "Rate limit reached. Please try again in 1s."),
        500 => ("server_error", None, "The server had an error while processing your request."),
        503 => ("server_error", None, "The engine is currently overloaded, please try again later."),
        400..500 => ("invalid_request_error", None, "The request is wrong."),
        _ => ("server_error", None, "The server failed."),
    };
    SimRefusal { code, ..SimRefusal::new(status, kind, message) }
}

pub(crate) fn context_refusal() -> SimRefusal {
    let message = "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 \
                   tokens. Please reduce the length of the messages.";
    SimRefusal {
        code: Some("context_length_exceeded"),
        param: Some("messages".into()),
        ..SimRefusal::new(400, "invalid_request_error", message)
    }
}

pub(crate) fn quota_refusal() -> SimRefusal {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    SimRefusal { code: Some("insufficient_quota"), ..SimRefusal::new(429, "insufficient_quota", message) }
}

/// A wrong field.
pub(crate) fn invalid(param: &str, message: impl Into<String>) -> SimRefusal {
    SimRefusal { param: Some(param.to_owned()), ..SimRefusal::new(400, "invalid_request_error", message) }
}

/// The model that is asked for, if it exists.
pub(crate) fn model(call: &SimRequest<'_>) -> Result<String, SimRefusal> {
    let name = call.json["model"].as_str().ok_or_else(|| invalid("model", "you must provide a model parameter"))?;
    check_model(call, name)?;
    Ok(name.to_owned())
}

pub(crate) fn check_model(call: &SimRequest<'_>, name: &str) -> Result<(), SimRefusal> {
    if call.has_model(name) {
        return Ok(());
    }
    let message = format!("The model `{name}` does not exist or you do not have access to it.");
    Err(SimRefusal { code: Some("model_not_found"), ..SimRefusal::new(404, "invalid_request_error", message) })
}

/// A frame of a stream.
pub(crate) fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}
