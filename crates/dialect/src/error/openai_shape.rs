//! Errors in OpenAI's shape, `{"error": {message, type, param, code}}`, which services of other formats often keep.
//!
//! Reference: OpenAI API reference, `Error`; the exception classes of its SDKs follow the status, and quota is told
//! from rate limits by the code alone. Compatible services write this in many ways, all read here.

use super::context_length::ContextLength;
use super::reply::ErrorReply;
use crate::json::{JsonValue, Node, object};
use baton_model::fault::{ErrorKind, UpstreamError};
use baton_model::{Code, Dialect, PublicError};
use std::borrow::Cow;

/// The longest message taken from a body that is not of the format.
const LONGEST_EXCERPT: usize = 300;

/// What a provider's error reply means.
pub fn read(status: u16, body: &[u8]) -> UpstreamError {
    match Node::parse(body) {
        Ok(root) => read_node(status, &root),
        Err(_) => {
            let message = excerpt(status, body);
            UpstreamError { kind: kind(status, "", "", &message), message, code: None, param: None }
        }
    }
}

/// The same of a body that is parsed already: a whole error reply, or a chunk of a stream that holds one. Status 200
/// says that only the words tell.
pub fn read_node(status: u16, root: &Node<'_>) -> UpstreamError {
    // Google wraps the object into an array.
    let root = match root.value() {
        JsonValue::Array(items) => items.first().unwrap_or(root),
        _ => root,
    };
    // Some services have no shell around it.
    let error = root.get("error").unwrap_or(root);
    let text = |name: &str| error.get(name).and_then(scalar_text);
    let message = error
        .as_str()
        .map(|message| message.into_owned())
        .or_else(|| text("message"))
        .or_else(|| root.get("message").and_then(scalar_text))
        // FastAPI services put a text or a list of faults there.
        .or_else(|| root.get("detail").map(|detail| scalar_text(detail).unwrap_or_else(|| detail.text().to_owned())))
        .unwrap_or_else(|| excerpt(status, root.text().as_bytes()));
    let (code, type_) = (text("code"), text("type"));
    // Some put the status into the code, and send 200.
    let said = code.as_deref().and_then(|code| code.parse().ok()).filter(|code| (400..600).contains(code));
    let status = if status < 400 { said.unwrap_or(status) } else { status };
    // A code that is a status is no word.
    let words = code.clone().filter(|_| said.is_none());
    UpstreamError {
        kind: kind(status, words.as_deref().unwrap_or(""), type_.as_deref().unwrap_or(""), &message),
        message,
        code: words.or(type_),
        param: text("param"),
    }
}

fn scalar_text(node: &Node<'_>) -> Option<String> {
    match node.value() {
        JsonValue::String => node.string().ok(),
        JsonValue::Number => Some(node.text().to_owned()),
        _ => None,
    }
}

/// A short sentence about a body that is not of the format.
fn excerpt(status: u16, body: &[u8]) -> String {
    // A character has four bytes at most, so this is enough, and an error page of megabytes costs no more.
    let text = String::from_utf8_lossy(body.get(..4 * LONGEST_EXCERPT).unwrap_or(body));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return format!("status {status} without a body");
    }
    format!("status {status}: {}", words.chars().take(LONGEST_EXCERPT).collect::<String>())
}

/// The kind of an error: by its words where they are plain, by the status, then by patterns in the message.
fn kind(status: u16, code: &str, type_: &str, message: &str) -> ErrorKind {
    let message = message.to_lowercase();
    kind_of_word(code)
        // Before the status: 400 says nothing of whether the prompt was too long.
        .or_else(|| kind_of_message(status, &message))
        .or_else(|| kind_of_status(status))
        .or_else(|| kind_of_word(type_))
        .unwrap_or(match status {
            400..500 => ErrorKind::InvalidRequest,
            // 200: an error inside a stream whose words say nothing of its kind. It broke at the provider.
            200 | 500.. => ErrorKind::Internal,
            _ => ErrorKind::Protocol,
        })
}

fn kind_of_word(word: &str) -> Option<ErrorKind> {
    Some(match word {
        "context_length_exceeded" | "exceed_context_size_error" | "context_window_exceeded" => ErrorKind::ContextLength,
        "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" => ErrorKind::Billing,
        "content_filter" | "content_policy_violation" | "moderation_blocked" => ErrorKind::ContentFiltered,
        "model_not_found" | "model_not_supported" | "model_decommissioned" | "not_found_error" => ErrorKind::NotFound,
        "invalid_api_key" | "authentication_error" => ErrorKind::Authentication,
        "permission_error" | "permission_denied" => ErrorKind::Permission,
        // OpenAI's `type` names what ran out: `requests` or `tokens`.
        "rate_limit_exceeded" | "rate_limit_error" | "rate_limited" | "requests" | "tokens" => ErrorKind::RateLimited,
        "overloaded" | "overloaded_error" | "unavailable_error" | "engine_overloaded" => ErrorKind::Overloaded,
        "timeout" | "timeout_error" | "request_timeout" => ErrorKind::Timeout,
        "request_too_large" => ErrorKind::TooLarge,
        "invalid_request_error" | "invalid_request" | "BadRequestError" => ErrorKind::InvalidRequest,
        "server_error" | "internal_error" | "api_error" => ErrorKind::Internal,
        _ => return None,
    })
}

/// What a status alone can't tell, in the words of OpenAI, Azure, llama.cpp, vLLM, Groq, Mistral, DeepSeek and others.
fn kind_of_message(status: u16, message: &str) -> Option<ErrorKind> {
    let says = |patterns: &[&str]| patterns.iter().any(|pattern| message.contains(pattern));
    // Only under statuses that leave the kind open: the same words may stand in the message of another error.
    if matches!(status, 200 | 400 | 413 | 422 | 500) {
        if says(&[
            "context length",
            "context_length",
            "context window",
            "context size",
            "prompt is too long",
            "prompt too long",
            "input is too long",
            "too many tokens",
            "reduce the length of the",
            "maximum number of tokens allowed",
            "exceeds the maximum number of tokens",
        ]) {
            return Some(ErrorKind::ContextLength);
        }
        if says(&["content management policy", "content filter", "responsibleaipolicyviolation", "safety system"]) {
            return Some(ErrorKind::ContentFiltered);
        }
    }
    if matches!(status, 200 | 400 | 402 | 403 | 429)
        && says(&["exceeded your current quota", "insufficient balance", "insufficient credits", "credit balance"])
    {
        return Some(ErrorKind::Billing);
    }
    if matches!(status, 200 | 400)
        && says(&["is not a valid model id", "invalid model:", "invalid model name", "no such model"])
    {
        return Some(ErrorKind::NotFound);
    }
    if matches!(status, 200 | 500) && says(&["overloaded", "no capacity", "server busy"]) {
        return Some(ErrorKind::Overloaded);
    }
    None
}

fn kind_of_status(status: u16) -> Option<ErrorKind> {
    Some(match status {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::Billing,
        403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        // 524 is Cloudflare's timeout.
        408 | 504 | 524 => ErrorKind::Timeout,
        // A conflict may be over at the next try, unlike other errors of a caller. The vendors' SDKs retry it too.
        409 => ErrorKind::Internal,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        503 | 529 => ErrorKind::Overloaded,
        500..=599 => ErrorKind::Internal,
        _ => return None,
    })
}

/// An error in this format. A provider's own in the same format goes through as it came.
pub fn write(error: &PublicError, request_id: &str) -> ErrorReply {
    if let Some(upstream) = &error.upstream
        && upstream.dialect == Dialect::OpenAi
        && Node::parse(&upstream.body).is_ok_and(|root| root.get("error").is_some())
    {
        return ErrorReply { status: upstream.status, body: upstream.body.to_vec() };
    }
    let (status, type_, code) = status_type_and_code(error.code);
    let body = object(|o| {
        o.object("error", |o| {
            o.string("message", &message(error)).string("type", type_);
            match &error.param {
                Some(param) => o.string("param", param),
                None => o.null("param"),
            };
            match code {
                Some(code) => o.string("code", code),
                None => o.null("code"),
            };
            o.string("request_id", request_id);
        });
    });
    ErrorReply { status, body }
}

/// The message: in the vendor's words where programs read it.
fn message(error: &PublicError) -> Cow<'_, str> {
    match ContextLength::of(error) {
        Some(ContextLength { tokens, limit }) => Cow::Owned(format!(
            "This model's maximum context length is {limit} tokens. However, your messages resulted in {tokens} tokens. \
             Please reduce the length of the messages."
        )),
        None => Cow::Borrowed(&error.message),
    }
}

/// Status, `type` and `code`, such that the SDKs raise the class that fits and retry when it helps.
fn status_type_and_code(code: Code) -> (u16, &'static str, Option<&'static str>) {
    const REQUEST: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    match code {
        Code::InvalidRequest => (400, REQUEST, None),
        Code::TokenLimitExceeded => (400, REQUEST, Some("context_length_exceeded")),
        Code::ContentFiltered => (400, REQUEST, Some("content_filter")),
        Code::AuthenticationError => (401, REQUEST, Some("invalid_api_key")),
        // As OpenAI says it of its own quota: its SDKs have no class for 402.
        Code::BudgetExceeded => (429, "insufficient_quota", Some("insufficient_quota")),
        Code::PermissionDenied => (403, REQUEST, Some("permission_denied")),
        Code::ModelNotFound => (404, REQUEST, Some("model_not_found")),
        Code::NotFound => (404, REQUEST, Some("not_found")),
        Code::MethodNotAllowed => (405, REQUEST, Some("method_not_allowed")),
        Code::BodyTimeout => (408, REQUEST, Some("body_timeout")),
        Code::Conflict => (409, REQUEST, Some("conflict")),
        Code::PreconditionFailed => (412, REQUEST, Some("precondition_failed")),
        Code::PayloadTooLarge => (413, REQUEST, Some("request_too_large")),
        Code::UnsupportedMediaType => (415, REQUEST, Some("unsupported_media_type")),
        Code::ValidationError => (422, REQUEST, Some("validation_error")),
        Code::RateLimitExceeded => (429, "requests", Some("rate_limit_exceeded")),
        Code::ProviderError => (502, SERVER, Some("provider_error")),
        // Not 401: the client's key is right, it is the operator's key at the provider that was refused.
        Code::ProviderAuthenticationError => (502, SERVER, Some("provider_authentication_error")),
        Code::ProviderNotAvailable => (503, SERVER, Some("provider_not_available")),
        Code::Overloaded => (503, SERVER, Some("overloaded")),
        Code::RequestTimeout => (504, SERVER, Some("request_timeout")),
        Code::Internal => (500, SERVER, Some("internal_error")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::fault::UpstreamBody;

    fn check(status: u16, body: &str, kind: ErrorKind, message: &str) {
        let error = read(status, body.as_bytes());
        assert_eq!((error.kind, error.message.as_str()), (kind, message), "{body}");
    }

    #[test]
    fn errors_are_read_in_every_way_they_are_written() {
        use ErrorKind as K;
        check(
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            K::ContextLength,
            "m",
        );
        check(
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            K::Billing,
            "You exceeded your current quota",
        );
        check(429, r#"{"error":{"message":"m","type":"requests","code":"rate_limit_exceeded"}}"#, K::RateLimited, "m");
        check(
            404,
            // llama.cpp.
            r#"{"error":{"message":"File Not Found","type":"not_found_error","code":404}}"#,
            K::NotFound,
            "File Not Found",
        );
        check(
            400,
            // vLLM, older versions: the object itself is the error.
            r#"{"object":"error","message":"This model's maximum context length is 8","type":"BadRequestError","code":400}"#,
            K::ContextLength,
            "This model's maximum context length is 8",
        );
        check(
            422,
            // FastAPI.
            r#"{"detail":[{"loc":["body"],"msg":"bad"}]}"#,
            K::InvalidRequest,
            r#"[{"loc":["body"],"msg":"bad"}]"#,
        );
        // Google.
        check(400, r#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#, K::InvalidRequest, "m");
        // Status 200: chunks of a stream.
        check(200, r#"{"error":{"message":"m","code":502}}"#, K::Internal, "m");
        check(200, r#"{"error":{"message":"m","type":"rate_limit_error"}}"#, K::RateLimited, "m");
        check(401, r#"{"error":"no key"}"#, K::Authentication, "no key");
    }

    #[test]
    fn bodies_may_be_anything() {
        check(
            502,
            "<html>\n <h1>Bad  Gateway</h1></html>",
            ErrorKind::Internal,
            "status 502: <html> <h1>Bad Gateway</h1></html>",
        );
        check(503, "", ErrorKind::Overloaded, "status 503 without a body");
        check(500, r#"{"error":{"mess"#, ErrorKind::Internal, r#"status 500: {"error":{"mess"#);
        check(302, "", ErrorKind::Protocol, "status 302 without a body");
    }

    #[test]
    fn llama_server_says_when_a_prompt_is_too_long() {
        let error = read(400, include_bytes!("../openai/fixtures/llama-server/error_context.response.txt"));
        assert_eq!(error.kind, ErrorKind::ContextLength);
    }

    #[test]
    fn a_spent_budget_is_quota_to_the_sdks() {
        let reply = write(&PublicError::new(Code::BudgetExceeded, "spent").at("x"), "r1");
        let body = r#"{"error":{"message":"spent","type":"insufficient_quota","param":"x","code":"insufficient_quota","request_id":"r1"}}"#;
        assert_eq!((reply.status, String::from_utf8_lossy(&reply.body).as_ref()), (429, body));
    }

    #[test]
    fn the_providers_own_words_go_through() {
        let mut error = PublicError::new(Code::InvalidRequest, "mine");
        let body = bytes::Bytes::from_static(br#"{"error":{"message":"theirs"}}"#);
        error.upstream = Some(UpstreamBody::json(Dialect::OpenAi, 422, body.clone()));
        assert_eq!(write(&error, "r"), ErrorReply { status: 422, body: body.to_vec() });
        error.upstream = Some(UpstreamBody::json(Dialect::OpenAi, 502, "<html>".into()));
        assert_eq!(write(&error, "r").status, 400);
    }
}
