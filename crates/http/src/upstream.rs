//! Passing a request on to the provider that is meant, and its reply back, without reading either: for what providers
//! keep for their callers.

use axum::body::Body;
use axum::response::Response;
use baton_engine::Snapshot;
use baton_model::{Caller, Code, ProviderId, PublicError};
use baton_provider_api::{Forward, Forwarded, Provider, ReplyForm};
use baton_web::headers::{forward, value};
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

/// What may stand in a part of a path as it is.
// An id comes from a client: a slash in it would lead to another path of the provider, with Baton's key.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The most of a reply that Baton reads to know what was made.
const READ: usize = 32 << 20;

/// A reply, complete.
pub struct ProviderReply {
    /// Its status.
    pub status: u16,
    /// Its media type.
    pub content_type: String,
    /// Headers that matter to the client.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub body: Bytes,
}

impl ProviderReply {
    /// Whether it is no error.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// An id as part of a path.
pub fn encoded(id: &str) -> String {
    utf8_percent_encode(id, PATH).to_string()
}

/// The provider of that name.
///
/// # Errors
/// `provider_not_available` if it is configured no more.
pub fn provider(snapshot: &Snapshot, id: &ProviderId) -> Result<Arc<dyn Provider>, PublicError> {
    snapshot.providers.get(id).cloned().ok_or_else(|| {
        PublicError::new(
            Code::ProviderNotAvailable,
            format!("the provider `{id}`, which stores it, is not configured any more"),
        )
    })
}

/// The provider of a kind that is meant: what `x-baton-provider` names, else the only one that the caller may use, else
/// the default model's.
///
/// # Errors
/// `invalid_request` that names those there are.
pub fn choose_provider(
    snapshot: &Snapshot,
    caller: &Caller,
    headers: &HeaderMap,
    kind: &str,
) -> Result<Arc<dyn Provider>, PublicError> {
    let offered: Vec<&Arc<dyn Provider>> = snapshot
        .providers
        .values()
        .filter(|provider| provider.kind() == kind && snapshot.serves(caller, provider.id()))
        .collect();
    let names = || offered.iter().map(|provider| provider.id().as_str()).collect::<Vec<_>>().join(", ");
    let refuse = |message| Err(PublicError::new(Code::InvalidRequest, message).at("x-baton-provider"));
    if let Some(named) = headers.get("x-baton-provider") {
        let named = named.to_str().unwrap_or_default().trim();
        let found = offered.iter().find(|provider| provider.id().as_str().eq_ignore_ascii_case(named));
        return match found {
            Some(provider) => Ok(Arc::clone(provider)),
            None => refuse(format!(
                "x-baton-provider: unknown provider `{named}` for this request; available providers: {}",
                names()
            )),
        };
    }
    let default = snapshot.default_model.as_ref().and_then(|id| snapshot.models.get(id)).map(|model| &model.provider);
    match offered.as_slice() {
        [] => refuse(format!("no provider of the kind `{kind}` is configured for this")),
        // A choice is asked for only where there is one.
        [only] => Ok(Arc::clone(only)),
        // The default model's provider is where requests without a name go, so files without a name go there too.
        several => match several.iter().find(|provider| Some(provider.id()) == default) {
            Some(provider) => Ok(Arc::clone(provider)),
            None => refuse(format!("the header x-baton-provider is required; available providers: {}", names())),
        },
    }
}

/// A request without a body.
pub fn request_without_body<'a>(method: Method, path: &'a str, headers: &'a [(String, String)]) -> Forward<'a> {
    let (query, content_type, body) = (None, None, Bytes::new());
    Forward { method, path, query, headers, content_type, body, form: ReplyForm::Whole, timeout: None }
}

/// Sends a request.
///
/// # Errors
/// If there is no reply.
pub async fn send(provider: &dyn Provider, forward: Forward<'_>) -> Result<Forwarded, PublicError> {
    Ok(provider.forward(forward).await?)
}

/// Sends a request, and reads the whole reply.
///
/// # Errors
/// If there is no reply, or it is too large to be read.
pub async fn send_request(provider: &dyn Provider, forward: Forward<'_>) -> Result<ProviderReply, PublicError> {
    ask_within(provider, forward, READ).await
}

/// The same, of a reply of at most so many bytes.
///
/// # Errors
/// As of [`send_request`].
pub async fn ask_within(
    provider: &dyn Provider,
    forward: Forward<'_>,
    most: usize,
) -> Result<ProviderReply, PublicError> {
    let Forwarded { status, content_type, headers, mut body } = send(provider, forward).await?;
    let mut bytes = BytesMut::new();
    while let Some(piece) = body.try_next().await? {
        bytes.extend_from_slice(&piece);
        // Checked as it comes: a provider that never stops must not fill the memory.
        if bytes.len() > most {
            return Err(PublicError::new(Code::ProviderError, format!("the reply is larger than {most} bytes")));
        }
    }
    Ok(ProviderReply { status, content_type, headers, body: bytes.freeze() })
}

/// A reply as it came.
pub fn stream(reply: Forwarded, provider: &ProviderId) -> Response {
    let Forwarded { status, content_type, headers, body } = reply;
    respond(status, &content_type, &headers, Body::from_stream(body), provider)
}

/// The same of one that was read.
pub fn respond_whole(reply: ProviderReply, provider: &ProviderId) -> Response {
    let ProviderReply { status, content_type, headers, body } = reply;
    respond(status, &content_type, &headers, Body::from(body), provider)
}

/// JSON of Baton's own.
pub fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, value("application/json"));
    response
}

/// The media type of a request's body.
pub fn content_type(parts: &Parts) -> Option<&str> {
    parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

fn respond(
    status: u16,
    content_type: &str,
    theirs: &[(String, String)],
    body: Body,
    provider: &ProviderId,
) -> Response {
    let mut response = Response::new(body);
    // A provider can send a number that is no HTTP status.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    forward(response.headers_mut(), theirs);
    if !content_type.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, value(content_type));
    }
    response.headers_mut().insert("x-baton-provider", value(provider.as_str()));
    response
}
