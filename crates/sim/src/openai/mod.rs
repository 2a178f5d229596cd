//! OpenAI's API (OpenAI API reference; error codes as its error guide lists them).

mod audio;
mod chat;
mod check;
mod form;
mod images;
pub(crate) mod others;
mod responses;
mod shape;
mod stored;

pub(crate) use shape::{
    CREATED, check_model, context_refusal, error_json, event, forced_refusal, invalid, model, quota_refusal,
};

use crate::call::{SimPlan, SimRefusal, SimRequest};

pub(crate) fn plan(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    authorize(call)?;
    match (call.method.as_str(), call.path) {
        ("POST", "/v1/chat/completions") => chat::plan(call),
        ("POST", "/v1/completions") => others::completion(call),
        ("POST", "/v1/embeddings") => others::embeddings(call),
        ("POST", "/v1/images/generations") => images::generate_images(call),
        ("POST", "/v1/images/edits") => images::edit_images(call),
        ("POST", "/v1/images/variations") => images::vary_image(call),
        ("POST", "/v1/audio/transcriptions") => audio::transcribe(call, false),
        ("POST", "/v1/audio/translations") => audio::transcribe(call, true),
        ("POST", "/v1/audio/speech") => audio::speech(call),
        ("POST", "/v1/moderations") => others::moderation(call),
        ("POST", "/v1/rerank") => others::rerank(call),
        ("POST", "/v1/responses") => responses::create(call),
        ("POST", "/v1/responses/input_tokens") => responses::count(call),
        ("POST", "/v1/responses/compact") => responses::compact(call),
        (_, path) if path.starts_with("/v1/responses/") => {
            responses::stored_response(call, path.trim_start_matches("/v1/responses/"))
        }
        (_, path) if path.starts_with("/v1/files") || path.starts_with("/v1/batches") => {
            stored::plan(call, path.trim_start_matches("/v1/"))
        }
        ("GET", "/v1/models") => Ok(others::models(call)),
        (method, path) => {
            let message = format!("Invalid URL ({method} {path})");
            Err(SimRefusal::new(404, "invalid_request_error", message))
        }
    }
}

/// Ollama offers this endpoint too, without a key.
pub(crate) fn transcription(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    audio::transcribe(call, false)
}

fn authorize(call: &SimRequest<'_>) -> Result<(), SimRefusal> {
    let Some(key) = &call.options.key else { return Ok(()) };
    // `api-key` is the header of Azure, which serves the same API.
    let sent = call.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).or(call.header("api-key"));
    if sent == Some(key.as_str()) {
        return Ok(());
    }
    let start: String = sent.unwrap_or_default().chars().take(4).collect();
    let message = format!("Incorrect API key provided: {start}****. You can find your API key in the dashboard.");
    Err(SimRefusal { code: Some("invalid_api_key"), ..SimRefusal::new(401, "invalid_request_error", message) })
}
