//! A request as the client sends it.

use super::base_url::BaseUrl;
use super::bounds::CallBounds;
use bytes::Bytes;
use http::{HeaderMap, Method};

/// A request on its way.
#[derive(Debug, Clone)]
pub struct HttpRequest<'a> {
    /// The server as error messages name it, which callers see: "provider `openai`".
    pub peer: String,
    /// Usually POST.
    pub method: Method,
    /// Where the provider is.
    pub base_url: &'a BaseUrl,
    /// The path below it, with a leading slash.
    pub path: &'a str,
    /// The query, without the question mark.
    pub query: Option<&'a str>,
    /// Headers, credentials included; secrets marked sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long it may take.
    pub bounds: CallBounds,
}
