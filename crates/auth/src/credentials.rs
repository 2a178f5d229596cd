//! Which headers hold a key.

use crate::AuthError;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::fmt;

/// The key that a request shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credentials<'r>(&'r str);

/// Where clients of the dialects put a key: OpenAI's and Ollama's as bearer token, Anthropic's in `x-api-key`, Azure's
/// in `api-key`.
const HEADERS: [&str; 2] = ["x-api-key", "api-key"];

impl<'r> Credentials<'r> {
    /// The key in the headers; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`AuthError::Malformed`] for a header that is there but holds no key, [`AuthError::Ambiguous`] for several that
    /// differ.
    pub fn read(headers: &'r HeaderMap) -> Result<Option<Self>, AuthError> {
        let mut found = None;
        // All of them: a proxy may add a header of its own beside the client's, and to take the first would be a
        // guess.
        for value in headers.get_all(AUTHORIZATION) {
            let expected = "`Bearer` and an API key";
            let malformed = || AuthError::Malformed { header: "authorization", expected };
            let (scheme, key) =
                value.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(malformed)?;
            // The scheme of `Authorization` is case-insensitive (RFC 9110).
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(malformed());
            }
            Self::add(&mut found, key, malformed)?;
        }
        for header in HEADERS {
            for value in headers.get_all(header) {
                let malformed = || AuthError::Malformed { header, expected: "an API key" };
                Self::add(&mut found, value.to_str().map_err(|_| malformed())?, malformed)?;
            }
        }
        Ok(found)
    }

    /// The key.
    pub fn reveal(self) -> &'r str {
        self.0
    }

    fn add(found: &mut Option<Self>, key: &'r str, malformed: impl Fn() -> AuthError) -> Result<(), AuthError> {
        let key = Self(key.trim());
        match found {
            _ if key.0.is_empty() => Err(malformed()),
            // The same key in two headers leaves no doubt which is meant.
            Some(other) if *other != key => Err(AuthError::Ambiguous),
            _ => {
                *found = Some(key);
                Ok(())
            }
        }
    }
}

/// Says nothing of the key.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn check(headers: &[(&'static str, &'static str)], expected: Result<Option<&str>, &str>) {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect::<HeaderMap>();
        let read =
            Credentials::read(&map).map(|found| found.map(Credentials::reveal)).map_err(|error| error.to_string());
        match (read, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{headers:?}"),
            (Err(message), Err(part)) => assert!(message.contains(part) && !message.contains("k1"), "{message}"),
            (read, _) => assert_eq!(read, expected.map_err(str::to_owned), "{headers:?}"),
        }
    }

    #[test]
    fn keys_are_found_where_clients_put_them() {
        check(&[], Ok(None));
        check(&[("authorization", "Bearer k1")], Ok(Some("k1")));
        check(&[("authorization", "bearer  k1 ")], Ok(Some("k1")));
        check(&[("x-api-key", "k1")], Ok(Some("k1")));
        check(&[("api-key", "k1")], Ok(Some("k1")));
        check(&[("authorization", "Bearer k1"), ("x-api-key", "k1")], Ok(Some("k1")));
    }

    #[test]
    fn what_is_no_key_is_named_and_not_echoed() {
        check(&[("authorization", "Basic k1")], Err("`authorization` header is malformed"));
        check(&[("authorization", "k1")], Err("`Bearer` and an API key"));
        check(&[("authorization", "Bearer ")], Err("malformed"));
        check(&[("x-api-key", " ")], Err("`x-api-key` header is malformed"));
        check(&[("authorization", "Bearer k1"), ("x-api-key", "k2")], Err("different API keys"));
    }
}
