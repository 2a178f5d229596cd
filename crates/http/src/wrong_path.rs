//! Paths that nobody serves: mostly a client whose base URL has a part too much, or too little.
//!
//! The error says which base URL such a client needs, in the shape of its API, because many show nothing but its sentence.

use axum::extract::OriginalUri;
use axum::response::{IntoResponse, Response};
use baton_model::{Code, PublicError};
use baton_web::ClientApi::{self, Anthropic, Native, Ollama, OpenAi, Responses};
use baton_web::{ErrorResponse, identify};
use http::header::HOST;
use http::{HeaderMap, Uri};

/// What the clients of an API add to their base URL. The first that a path ends in decides, so longer ones stand before
/// shorter ones.
const ENDPOINTS: [(&str, ClientApi); 26] = [
    ("/api/chat", Ollama),
    ("/api/generate", Ollama),
    ("/api/embed", Ollama),
    ("/api/embeddings", Ollama),
    ("/api/tags", Ollama),
    ("/api/show", Ollama),
    ("/api/ps", Ollama),
    ("/api/version", Ollama),
    ("/api/pull", Ollama),
    ("/messages", Anthropic),
    ("/messages/count_tokens", Anthropic),
    ("/messages/batches", Anthropic),
    ("/chat/completions", OpenAi),
    ("/completions", OpenAi),
    ("/embeddings", OpenAi),
    ("/moderations", OpenAi),
    ("/images/generations", OpenAi),
    ("/images/edits", OpenAi),
    ("/images/variations", OpenAi),
    ("/audio/transcriptions", OpenAi),
    ("/audio/translations", OpenAi),
    ("/audio/speech", OpenAi),
    ("/responses", Responses),
    // Too short a word to be looked for at the end of every path.
    ("/openai/models", OpenAi),
    ("/v1/v1/models", OpenAi),
    ("/openai/v1/models", OpenAi),
];

/// The error for a path that is unknown, and the API in whose shape it is written.
fn unknown(uri: &Uri, headers: &HeaderMap) -> (ClientApi, PublicError) {
    let path = uri.path();
    match endpoint(path) {
        Some(api) => {
            let (name, base) = (vendor(api), base_url(api, uri, headers));
            let message = format!("unknown path `{path}`; clients of {name}'s API need the base URL {base} here");
            (api, PublicError::new(Code::NotFound, message))
        }
        None => {
            (api_of(path), PublicError::new(Code::NotFound, format!("unknown path `{path}`; /docs lists all paths")))
        }
    }
}

/// What is told where a path is known, and its method is not.
pub async fn wrong_method(OriginalUri(uri): OriginalUri) -> Response {
    let message = format!("method not allowed for `{}`; /docs lists the methods of each path", uri.path());
    respond(api_of(uri.path()), PublicError::new(Code::MethodNotAllowed, message))
}

/// What is told where a path is unknown.
pub async fn unknown_path(OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    let (api, error) = unknown(&uri, &headers);
    respond(api, error)
}

fn respond(api: ClientApi, error: PublicError) -> Response {
    ErrorResponse { api, error, id: identify::request_id() }.into_response()
}

/// The API that a path belongs to.
fn api_of(path: &str) -> ClientApi {
    endpoint(path).unwrap_or(if path.starts_with("/v1/") { OpenAi } else { Native })
}

/// The API whose clients ask for a path that ends so.
fn endpoint(path: &str) -> Option<ClientApi> {
    let path = path.trim_end_matches('/');
    // OpenAI's clients with the address alone as their base.
    if path == "/models" {
        return Some(OpenAi);
    }
    ENDPOINTS.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, api)| api)
}

fn vendor(api: ClientApi) -> &'static str {
    match api {
        OpenAi | Responses => "OpenAI",
        Anthropic => "Anthropic",
        Ollama => "Ollama",
        Native => "Baton",
    }
}

/// Where an API begins, by the name that the client has for this server.
fn base_url(api: ClientApi, uri: &Uri, headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST.as_str()).or_else(|| uri.authority().map(|authority| authority.as_str()));
    // A proxy in front, or HTTP/2, says whether the client came by TLS. With HTTP/1 nothing does.
    let scheme = text("x-forwarded-proto").or(uri.scheme_str()).filter(|scheme| *scheme == "https").unwrap_or("http");
    let path = if matches!(api, OpenAi | Responses) { "/v1" } else { "" };
    format!("`{scheme}://{}{path}`", host.unwrap_or("HOST"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_comes_before_those_that_it_ends_in() {
        for (position, (end, _)) in ENDPOINTS.into_iter().enumerate() {
            let first = ENDPOINTS.into_iter().position(|(other, _)| end.ends_with(other));
            assert_eq!(first, Some(position), "{end}");
        }
    }
}
