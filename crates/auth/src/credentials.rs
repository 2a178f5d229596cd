//! Which headers hold a key.

use crate::AuthError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::borrow::Cow;
use std::fmt;

/// The key that a request shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials<'r>(Cow<'r, str>);

/// Where clients of the dialects put a key beside `Authorization`: Anthropic's in `x-api-key`, Azure's in `api-key`.
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
            let expected = "`Bearer` and an API key, or `Basic` with the key as the password";
            let malformed = || AuthError::Malformed { header: "authorization", expected };
            let (scheme, shown) =
                value.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(malformed)?;
            // The scheme of `Authorization` is case-insensitive (RFC 9110).
            let key = if scheme.eq_ignore_ascii_case("bearer") {
                Cow::Borrowed(shown)
            } else if scheme.eq_ignore_ascii_case("basic") {
                Cow::Owned(password(shown.trim()).ok_or_else(malformed)?)
            } else {
                return Err(malformed());
            };
            Self::add(&mut found, key, malformed)?;
        }
        for header in HEADERS {
            for value in headers.get_all(header) {
                let malformed = || AuthError::Malformed { header, expected: "an API key" };
                Self::add(&mut found, value.to_str().map_err(|_| malformed())?.into(), malformed)?;
            }
        }
        Ok(found)
    }

    /// The key.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn add(found: &mut Option<Self>, key: Cow<'r, str>, malformed: impl Fn() -> AuthError) -> Result<(), AuthError> {
        let key = Self(match key {
            Cow::Borrowed(key) => Cow::Borrowed(key.trim()),
            Cow::Owned(key) => Cow::Owned(key.trim().to_owned()),
        });
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

/// The password of `user:password` in base64 (RFC 7617). The user is of no account: programs that take an address with
/// a user and a password want some name.
fn password(encoded: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

/// Says nothing of the key.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[cfg(test)]
#[expect(clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn check(headers: &[(&'static str, &'static str)], expected: Result<Option<&str>, &str>) {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect::<HeaderMap>();
        let read = Credentials::read(&map).map_err(|error| error.to_string());
        match (read.as_ref().map(|found| found.as_ref().map(Credentials::reveal)), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{headers:?}"),
            (Err(message), Err(part)) => {
                assert!(message.contains(part) && !message.contains("k1") && !message.contains("azE"), "{message}");
            }
            (read, expected) => panic!("{headers:?}: {read:?} and not {expected:?}"),
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
    fn a_key_may_be_the_password_of_any_user() {
        // `x:k1`, `:k1` and `a b:k:1`.
        check(&[("authorization", "Basic eDprMQ==")], Ok(Some("k1")));
        check(&[("authorization", "basic OmsxIA==")], Ok(Some("k1")));
        check(&[("authorization", "BASIC  YSBiOms6MQ==")], Ok(Some("k:1")));
        check(&[("authorization", "Basic eDprMQ=="), ("api-key", "k1")], Ok(Some("k1")));
        check(&[("authorization", "Basic eDprMQ=="), ("api-key", "k2")], Err("different API keys"));
        // `k1` without a user, `x:` without a password, and bytes that are no text.
        for encoded in ["azE=", "eDo=", "/w==", "eDprMQ", "%"] {
            let header = format!("Basic {encoded}");
            check(&[("authorization", header.leak())], Err("`Basic` with the key as the password"));
        }
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
