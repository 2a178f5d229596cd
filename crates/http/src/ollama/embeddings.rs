//! `POST /api/embeddings`: the older form of `/api/embed`, one prompt and one vector.

use crate::{HttpState, exchange};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use baton_dialect::framing::splice::{self, Editor};
use baton_model::{Capability, Code, PublicError};
use baton_tasks::compute;
use baton_web::body::read_own_reply;
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The largest reply, in bytes: one vector.
const LARGEST_REPLY: usize = 16 << 20;

/// Asks for one vector, as the newer endpoint does.
///
/// # Errors
/// Those of the newer endpoint.
pub async fn serve(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    // The old endpoint differs in one field each way, so it is served by the new one.
    let bytes = inbound.read_body().await?;
    let body = compute(bytes.len(), || rename_prompt(bytes))?;
    let response = exchange::serve(ClientApi::Ollama, Capability::Embedding, &state, inbound.with_body(body)).await?;
    let (mut head, body) = response.into_parts();
    let vector = vector(&read_own_reply(body, LARGEST_REPLY).await?)?;
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Response::from_parts(head, Body::from(format!("{{\"embedding\":{vector}}}"))))
}

/// The body with `input` for `prompt`.
fn rename_prompt(bytes: Bytes) -> Result<Bytes, PublicError> {
    let body = splice::scan(bytes)?;
    let prompt =
        body.value("prompt").and_then(|text| std::str::from_utf8(text).ok()).filter(|text| text.starts_with('"'));
    let prompt =
        prompt.ok_or_else(|| PublicError::new(Code::InvalidRequest, "prompt: must be a string").at("prompt"))?;
    let mut editor = Editor::new(&body);
    // Edited in place: every other field reaches the provider as it was sent.
    editor.set("input", prompt);
    editor.remove("prompt");
    Ok(editor.finish())
}

fn vector(body: &[u8]) -> Result<String, PublicError> {
    #[derive(Deserialize)]
    struct Reply<'a> {
        #[serde(borrow)]
        embeddings: Vec<&'a RawValue>,
    }
    let reply: Option<Reply<'_>> = serde_json::from_slice(body).ok();
    let vector = reply.and_then(|reply| reply.embeddings.first().map(|vector| vector.get().to_owned()));
    vector.ok_or_else(|| PublicError::new(Code::ProviderError, "the provider replied without a vector"))
}
