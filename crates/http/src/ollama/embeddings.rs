//! `POST /api/embeddings`: the older form of `/api/embed`, one prompt and one vector.

use super::answer;
use crate::body::{read_body, read_own_reply};
use crate::door::Door;
use crate::{Doors, exchange, identify};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use baton_dialect::framing::splice::{self, Editor};
use baton_model::{Capability, Code, PublicError};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The most of an answer: one vector.
const ANSWER: usize = 16 << 20;

/// Asks for one vector, as the newer endpoint does.
pub async fn serve(State(doors): State<Doors>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let renamed = async {
        // Who has no key is told that first.
        let caller = identify::caller(&doors, &parts).await?;
        renamed(read_body(&caller, body, doors.settings.max_body_bytes).await?)
    };
    let body = match renamed.await {
        Ok(body) => body,
        Err(error) => return answer(Err(error), identify::request_id()),
    };
    parts.headers.remove(CONTENT_LENGTH);
    let request = Request::from_parts(parts, Body::from(body));
    let told = exchange::serve(Door::Ollama, Capability::Embedding, State(doors), request).await;
    if !told.status().is_success() {
        return told;
    }
    let (mut head, body) = told.into_parts();
    let vector = read_own_reply(body, ANSWER).await.and_then(|body| vector(&body));
    match vector {
        Ok(vector) => {
            head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Response::from_parts(head, Body::from(format!("{{\"embedding\":{vector}}}")))
        }
        Err(error) => answer(Err(error), identify::request_id()),
    }
}

/// The body with `input` for `prompt`.
fn renamed(bytes: Bytes) -> Result<Bytes, PublicError> {
    let body = splice::scan(bytes)?;
    let prompt =
        body.value("prompt").and_then(|text| std::str::from_utf8(text).ok()).filter(|text| text.starts_with('"'));
    let prompt =
        prompt.ok_or_else(|| PublicError::new(Code::InvalidRequest, "prompt: expected a string").at("prompt"))?;
    let mut editor = Editor::new(&body);
    editor.set("input", prompt);
    editor.remove("prompt");
    Ok(editor.finish())
}

fn vector(body: &[u8]) -> Result<String, PublicError> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        embeddings: Vec<&'a RawValue>,
    }
    let told: Option<Told<'_>> = serde_json::from_slice(body).ok();
    let vector = told.and_then(|told| told.embeddings.first().map(|vector| vector.get().to_owned()));
    vector.ok_or_else(|| PublicError::new(Code::ProviderError, "the provider answered without a vector"))
}
