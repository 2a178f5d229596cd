//! Writing headers.

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

/// Passes a provider's headers on to the client.
pub fn forward(headers: &mut HeaderMap, theirs: &[(String, String)]) {
    for (name, text) in theirs {
        // The client's own request id is Baton's; the provider's goes beside it.
        let name = if name == "x-request-id" { "x-upstream-request-id" } else { name };
        if let Ok(name) = HeaderName::try_from(name) {
            // Appended: a provider may send a header more than once.
            headers.append(name, value(text));
        }
    }
}
