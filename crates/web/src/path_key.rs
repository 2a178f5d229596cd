//! A key in the path, for programs that have one address and nothing else to set: `/key/bt-…/api/tags`.
//!
//! Ollama's command line sends no header of the user's, and of `OLLAMA_HOST` keeps the path alone. The key leaves the
//! path before anything reads it, so that routing, logs, traces and errors know the path without it.

use http::header::AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Uri};
use percent_encoding::percent_decode_str;

/// What the path begins with if it has a key.
const PREFIX: &str = "/key/";

/// The most keys that are taken over. Two tell already that they differ, for which the request is refused.
const MOST: usize = 2;

/// The same request with its key as a header, if its path has one. A key that is also in a header has to be the same:
/// that is found where headers are read.
pub fn move_path_key<B>(mut request: Request<B>) -> Request<B> {
    if let Some((keys, uri)) = split(request.uri()) {
        *request.uri_mut() = uri;
        for key in keys {
            request.headers_mut().append(AUTHORIZATION, key);
        }
    }
    request
}

/// The headers of the keys at the beginning of a path, and the address without them; `None` if there are none. One walk over
/// the path, which comes from anybody and may be long.
fn split(uri: &Uri) -> Option<(Vec<HeaderValue>, Uri)> {
    let (mut keys, mut path) = (Vec::new(), uri.path());
    // Whatever comes again behind it would be in an error that names the path.
    while let Some((key, rest)) = path.strip_prefix(PREFIX).and_then(take_key) {
        path = rest;
        if keys.len() < MOST {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    let path = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Some((keys, Uri::from_parts(parts).ok()?))
}

/// The key up to the next slash, as a header, and the path behind it. What is no key stays in the path, which then is an
/// unknown one.
fn take_key(rest: &str) -> Option<(HeaderValue, &str)> {
    let (key, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let key = percent_decode_str(key).decode_utf8().ok().filter(|key| !key.is_empty())?;
    let mut header = HeaderValue::try_from(format!("Bearer {key}")).ok()?;
    header.set_sensitive(true);
    Some((header, path))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_key_leaves_the_path() {
        for (sent, path, keys) in [
            ("/key/bt-a1/api/tags", "/api/tags", vec!["Bearer bt-a1"]),
            ("/key/bt-a1/v1/models?limit=2", "/v1/models?limit=2", vec!["Bearer bt-a1"]),
            // Ollama's command line looks whether somebody is there at the path alone, with a slash or without.
            ("/key/bt-a1/", "/", vec!["Bearer bt-a1"]),
            ("/key/bt-a1", "/", vec!["Bearer bt-a1"]),
            ("/key/bt-a1?x=1", "/?x=1", vec!["Bearer bt-a1"]),
            ("/key/a%2Fb%20c/api/ps", "/api/ps", vec!["Bearer a/b c"]),
            ("http://host:1/key/bt-a1/api/ps", "http://host:1/api/ps", vec!["Bearer bt-a1"]),
            ("/key/bt-a1/key/bt-a1/api/ps", "/api/ps", vec!["Bearer bt-a1", "Bearer bt-a1"]),
            ("/key//api/ps", "/key//api/ps", vec![]),
            ("/key/%0a/api/ps", "/key/%0a/api/ps", vec![]),
            ("/keys/bt-a1", "/keys/bt-a1", vec![]),
            ("/api/key/bt-a1", "/api/key/bt-a1", vec![]),
            ("*", "*", vec![]),
        ] {
            let request = move_path_key(Request::builder().uri(sent).body(()).unwrap());
            let found: Vec<&str> =
                request.headers().get_all(AUTHORIZATION).iter().map(|value| value.to_str().unwrap()).collect();
            assert_eq!((request.uri().to_string().as_str(), &found), (path, &keys), "{sent}");
            assert!(!format!("{request:?}").contains("bt-a1") || keys.is_empty(), "{request:?}");
        }
    }

    #[test]
    fn of_many_keys_two_are_taken_and_all_leave_the_path() {
        let request = Request::builder().uri(format!("{}/api/ps", "/key/bt-a1".repeat(5000))).body(());
        let request = move_path_key(request.unwrap());
        assert_eq!(request.uri().path(), "/api/ps");
        assert_eq!(request.headers().get_all(AUTHORIZATION).iter().count(), 2);
    }

    #[test]
    fn a_key_in_a_header_stays_beside_it() {
        let request = Request::builder().uri("/key/bt-a1/api/ps").header(AUTHORIZATION, "Bearer bt-b2").body(());
        let request = move_path_key(request.unwrap());
        assert_eq!(request.headers().get_all(AUTHORIZATION).iter().count(), 2);
    }
}
