//! What is asked, and what comes.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// A call.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) types: Vec<&'static str>,
    pub(crate) cut: bool,
}

impl FetchRequest {
    /// A `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url, Bytes::new())
    }

    /// A `POST` of that body.
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, url, body.into())
    }

    fn new(method: Method, url: impl Into<String>, body: Bytes) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body, types: Vec::new(), cut: false }
    }

    /// The same with one header more.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same, refusing a successful reply of another type than these: `application/json`, or `audio/*`.
    #[must_use]
    pub fn expect_types(mut self, types: &[&'static str]) -> Self {
        self.types = types.to_vec();
        self
    }

    /// The same, cutting a reply that is too large instead of failing: for replies that only matter by their status.
    #[must_use]
    pub fn cut_large_replies(mut self) -> Self {
        self.cut = true;
        self
    }
}

/// What came, whatever its status. Redirects come as they are.
#[derive(Debug, Clone)]
pub struct FetchReply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Whether a `content-type` is one of these.
pub(crate) fn matches_type(found: &str, types: &[&str]) -> bool {
    let essence = found.split(';').next().unwrap_or_default().trim();
    types.iter().any(|wanted| match wanted.strip_suffix('*') {
        Some(family) => {
            essence.len() > family.len()
                && essence.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
        }
        None => essence.eq_ignore_ascii_case(wanted),
    })
}

#[cfg(test)]
mod tests {
    use super::matches_type;

    #[test]
    fn types_are_compared_without_their_parameters() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "audio/wav"] {
            assert!(matches_type(good, &["application/json", "audio/*"]), "{good}");
        }
        for bad in ["", "text/html", "application/jsonp", "audio/", "audiox/wav", "ä"] {
            assert!(!matches_type(bad, &["application/json", "audio/*"]), "{bad}");
        }
    }
}
