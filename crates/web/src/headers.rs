//! Writing headers.

use crate::ClientApi;
use baton_model::RequestId;
use http::header::AsHeaderName;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Names that are looked for or said with each request, made once: of a text they would be made anew each time.
pub mod names {
    use http::HeaderName;

    /// Of requests and responses.
    pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
    /// Of requests.
    pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
    /// Of responses.
    pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
    /// Of responses to Anthropic's clients.
    pub const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
    /// Of errors.
    pub const ERROR: HeaderName = HeaderName::from_static("x-baton-error");
    /// Of errors.
    pub const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
}

/// How many headers most responses have room for from the beginning: a map that grows is copied.
pub const USUAL: usize = 16;

/// A header value of any text: what a header can't hold becomes `?`.
pub fn value(text: &str) -> HeaderValue {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && let Ok(value) = HeaderValue::from_str(text)
    {
        return value;
    }
    let visible: Vec<u8> = text.bytes().map(|byte| if (0x20..0x7f).contains(&byte) { byte } else { b'?' }).collect();
    HeaderValue::from_bytes(&visible).unwrap_or(HeaderValue::from_static(""))
}

/// The text of a header; `None` if it is absent, empty or no text.
pub fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// Names a request by its id, as the clients of the API read it.
pub fn name_request(headers: &mut HeaderMap, api: ClientApi, id: &RequestId) {
    let id = value(id.as_str());
    if api == ClientApi::Anthropic {
        headers.insert(names::ANTHROPIC_REQUEST_ID, id.clone());
    }
    headers.insert(names::REQUEST_ID, id);
}

/// Passes a provider's headers on to the client.
pub fn forward(headers: &mut HeaderMap, theirs: &[(String, String)]) {
    for (name, text) in theirs {
        // What clients report as the request's id has to be the one that Baton's records, logs and traces have, and what
        // they take for their limits must be theirs, not those of a key that many share. The provider's go beside.
        let own = matches!(name.as_str(), "request-id" | "x-request-id")
            || ["x-ratelimit-", "anthropic-ratelimit-"].iter().any(|begin| name.starts_with(begin));
        let beside = own.then(|| format!("llm_provider-{name}"));
        if let Ok(name) = HeaderName::try_from(beside.as_ref().unwrap_or(name)) {
            // Appended: a provider may send a header more than once.
            headers.append(name, value(text));
        }
    }
}
