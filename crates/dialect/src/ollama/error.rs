//! Errors in this format: `{"error": "text"}`, as a reply or as a line of a stream.
//!
//! Reference: Ollama API documentation, and the messages of `server/routes.go`, `server/sched.go` and the runners:
//! there are neither codes nor types, so the status and the words tell all.

use crate::error::ErrorReply;
use crate::json::{Node, object};
use baton_model::fault::{ErrorKind, UpstreamError};
use baton_model::{Code, Dialect, PublicError};

/// The longest message taken from a body that is not of the format.
const LONGEST_EXCERPT: usize = 300;

/// What a provider's error reply means.
pub fn read(status: u16, body: &[u8]) -> UpstreamError {
    match Node::parse(body) {
        Ok(root) => read_node(status, &root),
        Err(_) => make_error(status, excerpt(status, body)),
    }
}

/// The same of a body that is parsed already: a whole error reply, or a line of a stream. Status 200 says that only the
/// words tell.
pub fn read_node(status: u16, root: &Node<'_>) -> UpstreamError {
    // Proxies in front may have no shell around it.
    let error = root.get("error").unwrap_or(root);
    // Proxies in front put an object there, as OpenAI's format has it.
    let message = error.as_str().or_else(|| error.get("message").and_then(Node::as_str));
    make_error(status, message.map_or_else(|| excerpt(status, root.text().as_bytes()), |message| message.into_owned()))
}

fn make_error(status: u16, message: String) -> UpstreamError {
    UpstreamError { kind: kind(status, &message.to_lowercase()), message, code: None, param: None }
}

/// A short sentence about a body that is not of the format.
fn excerpt(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..4 * LONGEST_EXCERPT).unwrap_or(body));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return format!("status {status} without a body");
    }
    format!("status {status}: {}", words.chars().take(LONGEST_EXCERPT).collect::<String>())
}

fn kind(status: u16, message: &str) -> ErrorKind {
    let says = |patterns: &[&str]| patterns.iter().any(|pattern| message.contains(pattern));
    // Only statuses that Ollama uses for faults of several kinds. 401 or 429 say enough, whatever the words are.
    if matches!(status, 200 | 400 | 413 | 500) {
        if says(&["context length", "context window", "context size", "prompt is too long", "input is too large"]) {
            return ErrorKind::ContextLength;
        }
        if says(&["does not support"]) {
            return ErrorKind::InvalidRequest;
        }
        if says(&["try pulling it first"]) || (says(&["model"]) && says(&["not found"])) {
            return ErrorKind::NotFound;
        }
        // Another model fills the memory; it goes when its requests are done.
        if says(&["server busy", "maximum pending requests", "requires more system memory", "out of memory"]) {
            return ErrorKind::Overloaded;
        }
        if says(&["timed out waiting for", "timed out"]) {
            return ErrorKind::Timeout;
        }
    }
    match status {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::Billing,
        403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        // The model is in use in a way that does not go together with this, for now.
        409 => ErrorKind::Overloaded,
        408 | 504 | 524 => ErrorKind::Timeout,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        503 | 529 => ErrorKind::Overloaded,
        400..500 => ErrorKind::InvalidRequest,
        // 200: an error inside a stream whose words say nothing of its kind. It broke at the provider.
        200 | 500.. => ErrorKind::Internal,
        _ => ErrorKind::Protocol,
    }
}

/// An error in this format. A provider's own in the same format goes through as it came.
pub fn write(error: &PublicError, _request_id: &str) -> ErrorReply {
    if let Some(upstream) = &error.upstream
        && upstream.dialect == Dialect::Ollama
        && Node::parse(&upstream.body).is_ok_and(|root| root.get("error").is_some())
    {
        // Clients can tell Ollama's errors by their wording alone, so the words must stay.
        return ErrorReply { status: upstream.status, body: upstream.body.to_vec() };
    }
    // Ollama's command line finds these two words in what a 404 says, and does something else without them.
    let missing = matches!(error.code, Code::ModelNotFound | Code::NotFound) && !error.message.contains("not found");
    let message = if missing { format!("not found: {}", error.message) } else { error.message.clone() };
    let body = object(|o| {
        o.string("error", &message);
    });
    ErrorReply { status: status(error.code), body }
}

/// Baton's own statuses, but for a spent budget: Ollama's cloud says 429 for a limit of use that was reached.
fn status(code: Code) -> u16 {
    if code == Code::BudgetExceeded { 429 } else { code.status() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::fault::UpstreamBody;

    fn check(status: u16, body: &[u8], kind: ErrorKind, message: &str) {
        let error = read(status, body);
        assert_eq!((error.kind, error.message.as_str()), (kind, message));
    }

    #[test]
    fn recorded_errors_are_read() {
        use ErrorKind as K;
        check(
            400,
            include_bytes!("fixtures/recorded/error_bad_json.response.txt"),
            K::InvalidRequest,
            "unexpected EOF",
        );
        let missing = include_bytes!("fixtures/recorded/error_missing_model.response.txt");
        check(400, missing, K::InvalidRequest, "model is required");
        check(
            400,
            include_bytes!("fixtures/recorded/error_think_unsupported.response.txt"),
            K::InvalidRequest,
            "registry.ollama.ai/library/smollm2:135m does not support thinking",
        );
        check(
            404,
            include_bytes!("fixtures/recorded/error_unknown_model.response.txt"),
            K::NotFound,
            r#"model "nope:1b" not found, try pulling it first"#,
        );
    }

    #[test]
    fn the_words_tell_what_the_status_does_not() {
        use ErrorKind as K;
        let check = |status, message: &str, kind| {
            let body = object(|o| {
                o.string("error", message);
            });
            self::check(status, &body, kind, message);
        };
        check(400, "the input length exceeds the context length", K::ContextLength);
        check(503, "server busy, please try again. maximum pending requests exceeded", K::Overloaded);
        check(500, "model requires more system memory (9 GiB) than is available (2 GiB)", K::Overloaded);
        check(500, "timed out waiting for llama runner to start", K::Timeout);
        check(500, "llama runner process has terminated: exit status 2", K::Internal);
        check(200, "an error was encountered while running the model", K::Internal);
        check(401, "unauthorized", K::Authentication);
        check(409, "model is being deleted", K::Overloaded);
    }

    #[test]
    fn bodies_may_be_anything() {
        check(404, b"404 page not found", ErrorKind::NotFound, "status 404: 404 page not found");
        check(502, b"", ErrorKind::Internal, "status 502 without a body");
        check(400, br#"{"error":{"message":"m"}}"#, ErrorKind::InvalidRequest, "m");
        check(302, b"[1]", ErrorKind::Protocol, "status 302: [1]");
    }

    #[test]
    fn errors_are_written_as_a_text() {
        let mut error = PublicError::new(Code::ModelNotFound, "model `x` not found");
        let reply = write(&error, "r1");
        assert_eq!((reply.status, reply.body.as_slice()), (404, &br#"{"error":"model `x` not found"}"#[..]));
        let other = PublicError::new(Code::ModelNotFound, "unknown model `x`");
        assert_eq!(write(&other, "r1").body, br#"{"error":"not found: unknown model `x`"}"#);
        let body = bytes::Bytes::from_static(br#"{"error":"theirs"}"#);
        error.upstream = Some(UpstreamBody::json(Dialect::Ollama, 400, body.clone()));
        assert_eq!(write(&error, "r"), ErrorReply { status: 400, body: body.to_vec() });
    }
}
