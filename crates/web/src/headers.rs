//! Writing headers.

use crate::ClientApi;
use baton_model::RequestId;
use http::{HeaderMap, HeaderName, HeaderValue};

/// A header value of any text: what a header can't hold becomes `?`.
pub fn value(text: &str) -> HeaderValue {
    let visible: Vec<u8> = text.bytes().map(|byte| if (0x20..0x7f).contains(&byte) { byte } else { b'?' }).collect();
    HeaderValue::from_bytes(&visible).unwrap_or(HeaderValue::from_static(""))
}

/// The text of a header; `None` if it is absent, empty or no text.
pub fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// Names a request by its id, as the clients of the API read it.
pub fn name_request(headers: &mut HeaderMap, api: ClientApi, id: &RequestId) {
    headers.insert("x-request-id", value(id.as_str()));
    if api == ClientApi::Anthropic {
        headers.insert("request-id", value(id.as_str()));
    }
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
