//! Where a provider is.

use super::origin::Origin;
use crate::error::ProviderError;
use baton_model::fault::ErrorKind;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

/// An address that paths are appended to: scheme, host, port and the start of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    origin: Origin,
    host: HeaderValue,
    prefix: String,
}

impl BaseUrl {
    /// Reads an address as an operator writes it: `https://api.openai.com/v1`, a slash at its end or not.
    ///
    /// # Errors
    /// What was expected instead, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        // A blank at the end of a variable is a slip that nobody sees.
        let uri: Uri = text.trim().parse().map_err(|_| expected(text))?;
        let parts = uri.into_parts();
        let scheme = parts.scheme.filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
        let (Some(scheme), Some(authority)) = (scheme, parts.authority) else { return Err(expected(text)) };
        // It would be in every message and log line that names the address.
        if authority.as_str().contains('@') {
            return Err("must not contain a user name or password; set the key separately".into());
        }
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        // It would stand before the path that is appended.
        if path.query().is_some() {
            return Err("must not contain a query".into());
        }
        let prefix = path.path().trim_end_matches('/').to_owned();
        let origin = Origin { scheme, authority };
        let host = HeaderValue::try_from(origin.host()).map_err(|_| expected(text))?;
        Ok(Self { origin, host, prefix })
    }

    /// Host, and port if one was named.
    pub fn authority(&self) -> &str {
        self.origin.authority.as_str()
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What requests over HTTP/1 have in `host`.
    pub(super) fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// The address of a path below it.
    ///
    /// # Errors
    /// If path or query hold characters that no address may hold: an [`ErrorKind::InvalidRequest`], because only the
    /// query comes from a client.
    pub fn uri(&self, path: &str, query: Option<&str>) -> Result<Uri, ProviderError> {
        // Appended as text. Resolved like a link, it would take the place of the prefix.
        let mut whole = format!("{}{path}", self.prefix);
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            whole.push('?');
            whole.push_str(query);
        }
        let built = Uri::builder()
            .scheme(self.origin.scheme.clone())
            .authority(self.origin.authority.clone())
            .path_and_query(whole)
            .build();
        built.map_err(|_| ProviderError::new(ErrorKind::InvalidRequest, format!("`{path}` does not form a valid URL")))
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.origin.scheme, self.origin.authority, self.prefix)
    }
}

/// Never repeats the address itself where it may hold a password.
fn expected(text: &str) -> String {
    let shown = if text.contains('@') { String::new() } else { format!(", not `{text}`") };
    format!("must be http:// or https:// and a host{shown}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn paths_are_appended() {
        let check = |base: &str, path: &str, query, expected: &str| {
            assert_eq!(BaseUrl::parse(base).unwrap().uri(path, query).unwrap().to_string(), expected);
        };
        check("https://api.openai.com/v1", "/models", None, "https://api.openai.com/v1/models");
        check("https://api.openai.com/v1/", "/models", Some(""), "https://api.openai.com/v1/models");
        check("http://[::1]:11434", "/api/chat", Some("beta=true"), "http://[::1]:11434/api/chat?beta=true");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "localhost:11434", "ftp://host", "https://", "/v1", "https://me:secret@host", "http://h/?a=b"]
        {
            let problem = BaseUrl::parse(text).unwrap_err();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
