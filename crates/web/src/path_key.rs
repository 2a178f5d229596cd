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

/// The same request with its key as a header, if its path has one. A key that is also in a header has to be the same:
/// that is found where headers are read.
pub fn move_path_key<B>(mut request: Request<B>) -> Request<B> {
    // Whatever comes again behind it would be in an error that names the path.
    while let Some((key, uri)) = split(request.uri()) {
        *request.uri_mut() = uri;
        request.headers_mut().append(AUTHORIZATION, key);
    }
    request
}

/// The header of the key in a path, and the address without it.
fn split(uri: &Uri) -> Option<(HeaderValue, Uri)> {
    let rest = uri.path().strip_prefix(PREFIX)?;
    let (key, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    // What is no key stays in the path, which then is an unknown one.
    let key = percent_decode_str(key).decode_utf8().ok().filter(|key| !key.is_empty())?;
    let mut header = HeaderValue::try_from(format!("Bearer {key}")).ok()?;
    header.set_sensitive(true);
    let mut parts = uri.clone().into_parts();
    let path = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Some((header, Uri::from_parts(parts).ok()?))
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
    fn a_key_in_a_header_stays_beside_it() {
        let request = Request::builder().uri("/key/bt-a1/api/ps").header(AUTHORIZATION, "Bearer bt-b2").body(());
        let request = move_path_key(request.unwrap());
        assert_eq!(request.headers().get_all(AUTHORIZATION).iter().count(), 2);
    }
}
