//! Errors in Anthropic's format: `{"type": "error", "error": {type, message}, "request_id"}`.
//!
//! Reference: Anthropic API reference, errors. Status 529 says that it is overloaded. Services that speak this format
//! often keep OpenAI's shape for errors, so both are read.

use crate::error::context_length::ContextLength;
use crate::error::{ErrorReply, openai_shape};
use crate::json::{Node, object};
use baton_model::fault::{ErrorKind, UpstreamError};
use baton_model::{Code, Dialect, PublicError};

/// What a provider's error reply means.
pub fn read(status: u16, body: &[u8]) -> UpstreamError {
    refine_kind(status, openai_shape::read(status, body))
}

/// The same of a body that is parsed already; status 200 for one inside a stream.
pub fn read_node(status: u16, root: &Node<'_>) -> UpstreamError {
    refine_kind(status, openai_shape::read_node(status, root))
}

/// The words of this format, where they say more than the status.
fn refine_kind(status: u16, mut error: UpstreamError) -> UpstreamError {
    error.kind = match error.code.as_deref() {
        Some("billing_error") => ErrorKind::Billing,
        Some("overloaded_error") => ErrorKind::Overloaded,
        Some("rate_limit_error") => ErrorKind::RateLimited,
        Some("timeout_error") => ErrorKind::Timeout,
        Some("request_too_large") => ErrorKind::TooLarge,
        // 529 is a status of Anthropic's own, which the common reader takes for an internal error.
        _ if status == 529 => ErrorKind::Overloaded,
        // "input length and `max_tokens` exceed context limit"
        _ if error.kind == ErrorKind::InvalidRequest && error.message.contains("exceed context limit") => {
            ErrorKind::ContextLength
        }
        _ => error.kind,
    };
    error
}

/// An error in this format. A provider's own in the same format goes through as it came.
pub fn write(error: &PublicError, request_id: &str) -> ErrorReply {
    if let Some(upstream) = &error.upstream
        && upstream.dialect == Dialect::Anthropic
        // Services that keep OpenAI's shape have no `type` here: theirs is written anew.
        && Node::parse(&upstream.body).is_ok_and(|root| root.get("error").is_some() && root.get("type").is_some())
    {
        return ErrorReply { status: upstream.status, body: upstream.body.to_vec() };
    }
    let (status, type_) = status_and_type(error.code);
    let message = match &error.param {
        _ if error.code == Code::TokenLimitExceeded => describe_length(error),
        // This format has no member for the field, so the message names it.
        Some(param) if !error.message.contains(param.as_str()) => format!("{param}: {}", error.message),
        _ => error.message.clone(),
    };
    let body = object(|o| {
        o.string("type", "error").object("error", |o| {
            o.string("type", type_).string("message", &message);
            // Programs of the vendor's read them where there is a code of its own.
            if error.details.iter().any(|(name, _)| *name == "error_code") {
                o.object("details", |o| {
                    for (name, value) in &error.details {
                        o.json(name, value);
                    }
                });
            }
        });
        o.string("request_id", request_id);
    });
    ErrorReply { status, body }
}

/// That a prompt is too long, in the words by which this vendor's programs know it.
fn describe_length(error: &PublicError) -> String {
    match ContextLength::of(error) {
        Some(ContextLength { tokens, limit }) => format!("prompt is too long: {tokens} tokens > {limit} maximum"),
        None => format!("prompt is too long: {}", error.message),
    }
}

/// Status and `type`, such that the SDKs raise the class that fits and retry when it helps.
fn status_and_type(code: Code) -> (u16, &'static str) {
    const REQUEST: &str = "invalid_request_error";
    match code {
        Code::InvalidRequest | Code::TokenLimitExceeded | Code::ContentFiltered => (400, REQUEST),
        Code::AuthenticationError => (401, "authentication_error"),
        Code::BudgetExceeded => (402, "billing_error"),
        Code::PermissionDenied => (403, "permission_error"),
        Code::ModelNotFound | Code::NotFound => (404, "not_found_error"),
        Code::MethodNotAllowed => (405, REQUEST),
        Code::BodyTimeout => (408, "timeout_error"),
        Code::Conflict => (409, REQUEST),
        Code::PreconditionFailed => (412, REQUEST),
        Code::PayloadTooLarge => (413, "request_too_large"),
        Code::UnsupportedMediaType => (415, REQUEST),
        Code::ValidationError => (422, REQUEST),
        Code::RateLimitExceeded => (429, "rate_limit_error"),
        Code::Internal => (500, "api_error"),
        // Not 401: the client's key is right, it is the operator's key at the provider that was refused.
        Code::ProviderError | Code::ProviderAuthenticationError => (502, "api_error"),
        Code::ProviderNotAvailable => (503, "api_error"),
        // The SDKs have a class of their own for 529, and retry it.
        Code::Overloaded => (529, "overloaded_error"),
        Code::RequestTimeout => (504, "timeout_error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::fault::UpstreamBody;

    fn check(status: u16, type_: &str, message: &str, kind: ErrorKind) {
        let body =
            format!(r#"{{"type":"error","error":{{"type":"{type_}","message":"{message}"}},"request_id":"req_1"}}"#);
        let error = read(status, body.as_bytes());
        assert_eq!((error.kind, error.message.as_str(), error.code.as_deref()), (kind, message, Some(type_)), "{body}");
    }

    #[test]
    fn errors_are_told_by_status_type_and_message() {
        use ErrorKind as K;
        check(400, "invalid_request_error", "max_tokens: Field required", K::InvalidRequest);
        check(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", K::ContextLength);
        let both = "input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000";
        check(400, "invalid_request_error", both, K::ContextLength);
        check(400, "invalid_request_error", "Your credit balance is too low to access the API", K::Billing);
        check(400, "invalid_request_error", "Output blocked by content filtering policy", K::ContentFiltered);
        check(401, "authentication_error", "invalid x-api-key", K::Authentication);
        check(402, "billing_error", "m", K::Billing);
        check(403, "permission_error", "m", K::Permission);
        check(404, "not_found_error", "model: claude-9", K::NotFound);
        check(413, "request_too_large", "m", K::TooLarge);
        check(429, "rate_limit_error", "m", K::RateLimited);
        check(500, "api_error", "Internal server error", K::Internal);
        check(504, "timeout_error", "m", K::Timeout);
        check(529, "overloaded_error", "Overloaded", K::Overloaded);
        check(200, "overloaded_error", "Overloaded", K::Overloaded);
        check(200, "api_error", "m", K::Internal);
    }

    #[test]
    fn bodies_may_be_anything() {
        assert_eq!(read(529, b"").kind, ErrorKind::Overloaded);
        assert_eq!(read(502, b"<html>").kind, ErrorKind::Internal);
        let recorded = include_bytes!("fixtures/llama-server/error_messages_no_messages.response.txt");
        assert_eq!(read(500, recorded).message, "'messages' is required");
    }

    #[test]
    fn errors_wear_the_formats_words() {
        let reply = write(&PublicError::new(Code::Overloaded, "later"), "r1");
        let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"later"},"request_id":"r1"}"#;
        assert_eq!((reply.status, String::from_utf8_lossy(&reply.body).as_ref()), (529, body));
        let mut error = PublicError::new(Code::InvalidRequest, "mine");
        let theirs = bytes::Bytes::from_static(br#"{"type":"error","error":{"type":"x","message":"y"}}"#);
        error.upstream = Some(UpstreamBody::json(Dialect::Anthropic, 400, theirs.clone()));
        assert_eq!(write(&error, "r").body, theirs);
    }
}
