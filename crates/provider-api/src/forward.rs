//! Requests that a provider serves and Baton does not read: files, batches, whatever a provider keeps for a client.

use crate::error::ProviderError;
use crate::exchange::ReplyForm;
use bytes::Bytes;
use futures::stream::BoxStream;
use http::Method;
use std::time::Duration;

/// A request that goes to a provider as it is, with Baton's credentials in place of the client's.
#[derive(Debug, Clone)]
pub struct Forward<'a> {
    /// How it is asked.
    pub method: Method,
    /// The path in the format's own terms, with a leading slash: below `/v1` in OpenAI's format (`/files/file-1`), from
    /// the root in Anthropic's (`/v1/messages/batches`) and Ollama's (`/api/pull`). Ids of clients must be
    /// percent-encoded in it.
    pub path: &'a str,
    /// The client's query, without the question mark.
    pub query: Option<&'a str>,
    /// Client headers to be passed on (lower-case name and value).
    pub headers: &'a [(String, String)],
    /// The media type of the body; `None` without a body.
    pub content_type: Option<&'a str>,
    /// The body.
    pub body: Bytes,
    /// Whether the reply may come in pieces with pauses: then the bound on the first piece holds.
    pub form: ReplyForm,
    /// The most time that the whole call may take, where it is less than the provider's own total.
    pub timeout: Option<Duration>,
}

/// What a provider replied, whatever its status. Dropping it cancels the call.
pub struct Forwarded {
    /// The HTTP status; never a redirect.
    pub status: u16,
    /// The media type as the provider said it; empty if it said none.
    pub content_type: String,
    /// Headers that may matter to the client (rate limits, request ids, waits): lower-case name and value.
    pub headers: Vec<(String, String)>,
    /// The body as it comes. An error item is the last.
    pub body: BoxStream<'static, Result<Bytes, ProviderError>>,
}
