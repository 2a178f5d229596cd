//! Headers and query of a request: the operator's, and what of the client's is passed on.

use crate::secret::SecretValue;
use baton_model::Dialect;
use baton_model::fault::ErrorKind;
use baton_provider_api::{ProviderError, ReplyForm};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

/// Defaults, then the client's headers, then ours.
pub(super) fn merge_headers(
    own: &HeaderMap,
    client: &[(String, String)],
    defaults: &[(&'static str, &'static str)],
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(client.len() + defaults.len() + own.len() + 4);
    for (name, value) in defaults {
        // First, so that a client that names a newer version of the API gets it.
        headers.insert(*name, HeaderValue::from_static(value));
    }
    for (name, value) in client {
        // A client must not reach the credentials or the framing of Baton's own request.
        let name = HeaderName::try_from(name.as_str()).ok().filter(|name| !is_ours(name));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    for (name, value) in own {
        // Ours wins, but for the features of Anthropic that both ask for.
        let betas = headers.get(name).filter(|_| name == "anthropic-beta");
        let joined = betas.and_then(|client| join_lists(value, client));
        headers.insert(name, joined.unwrap_or_else(|| value.clone()));
    }
    headers
}

/// What the reply may be.
pub(super) fn accept_header(form: ReplyForm, dialect: Dialect) -> HeaderValue {
    HeaderValue::from_static(match (form, dialect) {
        // Not `application/json`: audio, subtitles and plain text are whole replies too.
        (ReplyForm::Whole, _) => "*/*",
        (ReplyForm::Stream, Dialect::OpenAi | Dialect::Responses | Dialect::Anthropic) => "text/event-stream, */*",
        (ReplyForm::Stream, Dialect::Ollama) => "application/x-ndjson, */*",
    })
}

/// The client's headers without those that speak of another vendor's API: a fallback may lead there.
pub(super) fn without_other_vendors(client: &[(String, String)], dialect: Dialect) -> Vec<(String, String)> {
    let foreign: &[&str] = match dialect {
        Dialect::OpenAi | Dialect::Responses => &["anthropic-"],
        Dialect::Anthropic => &["openai-"],
        Dialect::Ollama => &["anthropic-", "openai-"],
    };
    let own = |name: &str| !foreign.iter().any(|vendor| name.starts_with(vendor));
    client.iter().filter(|(name, _)| own(name)).cloned().collect()
}

/// Headers that no client decides.
fn is_ours(name: &HeaderName) -> bool {
    // `accept-encoding` among them: a compressed stream could not be cut into frames, and arrives later.
    const OURS: [&str; 14] = [
        "accept",
        "accept-encoding",
        "api-key",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "x-api-key",
    ];
    OURS.contains(&name.as_str())
}

/// Two lists in one header.
fn join_lists(ours: &HeaderValue, client: &HeaderValue) -> Option<HeaderValue> {
    let (ours, client) = (ours.to_str().ok()?, client.to_str().ok()?);
    let new =
        client.split(',').map(str::trim).filter(|item| !item.is_empty() && !ours.split(',').any(|o| o.trim() == *item));
    let all: Vec<_> = std::iter::once(ours).chain(new).collect();
    HeaderValue::from_str(&all.join(",")).ok()
}

/// The operator's query, and the client's behind it.
pub(super) fn join_queries<'a>(ours: Option<&'a SecretValue>, client: Option<&'a str>) -> Option<Cow<'a, str>> {
    match (ours.map(SecretValue::reveal), client.filter(|query| !query.is_empty())) {
        (Some(ours), Some(client)) => Some(Cow::Owned(format!("{ours}&{client}"))),
        (one, other) => one.or(other).map(Cow::Borrowed),
    }
}

/// A media type as a header.
pub(super) fn content_type_header(text: &str) -> Result<HeaderValue, ProviderError> {
    if text == "application/json" {
        return Ok(HeaderValue::from_static("application/json"));
    }
    HeaderValue::from_str(text).map_err(|_| {
        ProviderError::new(ErrorKind::Internal, "the media type must not contain characters that no header can carry")
    })
}
