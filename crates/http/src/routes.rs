//! Every path of the request APIs, on one page.

use crate::{HttpState, anthropic, count, exchange, listing, ollama, openai, responses, wrong_path};
use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, head, post};
use baton_model::Capability::{
    self, AudioSpeech, AudioTranscription, AudioTranslation, Chat, Completion, Embedding, ImageEdit, ImageGeneration,
    ImageVariation, Moderation, Rerank,
};
use baton_web::ClientApi::{self, Anthropic, Native, Ollama, OpenAi, Responses};
use baton_web::{Inbound, Responding, respond};
use http::HeaderMap;

/// The request APIs, each in a layer that renders its errors in its own shape.
pub fn router(state: HttpState) -> Router {
    let layer = |routes: Router<HttpState>, api: fn(&HeaderMap) -> ClientApi| {
        routes.route_layer(from_fn_with_state(Responding { web: state.web.clone(), api }, respond))
    };
    let vendors = Router::new()
        .merge(layer(openai(), |_| OpenAi))
        .merge(layer(responses(), |_| Responses))
        .merge(layer(anthropic(), |_| Anthropic))
        .merge(layer(ollama(), |_| Ollama))
        .merge(layer(shared_paths(), listing::api))
        // Before what is put around it: whoever has a fallback keeps it.
        .method_not_allowed_fallback(wrong_path::wrong_method);
    Router::new()
        // Web pages may call what vendors offer them, and nothing of Baton's own, nor what changes an Ollama.
        .merge(state.cors.allow(vendors))
        .merge(layer(native(), |_| Native))
        .merge(layer(ollama_models(), |_| Ollama))
        .with_state(state)
}

fn native() -> Router<HttpState> {
    Router::new()
        .route("/api/models/chat", requests(Native, Chat))
        .route("/api/models/completion", requests(Native, Completion))
        .route("/api/models/embedding", requests(Native, Embedding))
        .route("/api/models/image", requests(Native, ImageGeneration))
        .route("/api/models/audio/transcription", requests(Native, AudioTranscription))
        .route("/api/models/audio/translation", requests(Native, AudioTranslation))
}

fn openai() -> Router<HttpState> {
    Router::new()
        .route("/v1/chat/completions", requests(OpenAi, Chat))
        .route("/v1/completions", requests(OpenAi, Completion))
        .route("/v1/embeddings", requests(OpenAi, Embedding))
        .route("/v1/images/generations", requests(OpenAi, ImageGeneration))
        .route("/v1/images/edits", requests(OpenAi, ImageEdit))
        .route("/v1/images/variations", requests(OpenAi, ImageVariation))
        .route("/v1/audio/transcriptions", requests(OpenAi, AudioTranscription))
        .route("/v1/audio/translations", requests(OpenAi, AudioTranslation))
        .route("/v1/audio/speech", requests(OpenAi, AudioSpeech))
        .route("/v1/moderations", requests(OpenAi, Moderation))
        .route("/v1/rerank", requests(OpenAi, Rerank))
        .route("/rerank", requests(OpenAi, Rerank))
        .route("/v1/files", get(openai::files::list).post(openai::files::create))
        .route("/v1/files/{id}", get(openai::files::one).delete(openai::files::one))
        .route("/v1/files/{id}/content", get(openai::files::content))
        .route("/v1/batches", get(openai::batches::list).post(openai::batches::create))
        .route("/v1/batches/{id}", get(openai::batches::one))
        .route("/v1/batches/{id}/cancel", post(openai::batches::cancel))
}

fn responses() -> Router<HttpState> {
    Router::new()
        .route("/v1/responses", post(responses::create).get(responses::socket::connect))
        .route("/v1/responses/input_tokens", post(responses::input_tokens))
        .route("/v1/responses/compact", post(responses::compact::serve))
        .route("/v1/responses/{id}", get(responses::one).delete(responses::one))
        .route("/v1/responses/{id}/cancel", post(responses::cancel))
        .route("/v1/responses/{id}/input_items", get(responses::input_items))
}

fn anthropic() -> Router<HttpState> {
    Router::new()
        .route("/v1/messages", requests(Anthropic, Chat))
        .route("/v1/messages/count_tokens", post(count::messages))
        .route("/v1/messages/batches", get(anthropic::batches::list).post(anthropic::batches::create))
        .route("/v1/messages/batches/{id}", get(anthropic::batches::one).delete(anthropic::batches::one))
        .route("/v1/messages/batches/{id}/cancel", post(anthropic::batches::cancel))
        .route("/v1/messages/batches/{id}/results", get(anthropic::batches::results))
}

fn ollama() -> Router<HttpState> {
    Router::new()
        .route("/api/chat", may_load(Chat))
        .route("/api/generate", may_load(Completion))
        .route("/api/embed", requests(Ollama, Embedding))
        .route("/api/embeddings", post(ollama::embeddings::serve))
        .route("/api/tags", get(ollama::lists::tags))
        .route("/api/ps", get(ollama::lists::running))
        .route("/api/version", get(ollama::lists::version))
        .route("/api/show", post(ollama::show::serve))
}

/// The paths that change the models of an Ollama.
fn ollama_models() -> Router<HttpState> {
    Router::new()
        .route("/api/pull", post(ollama::pull::serve))
        .route("/api/push", post(ollama::manage::serve))
        .route("/api/create", post(ollama::manage::serve))
        .route("/api/copy", post(ollama::manage::serve))
        .route("/api/delete", delete(ollama::manage::delete))
        .route("/api/blobs/{digest}", head(ollama::manage::serve).post(ollama::manage::serve))
}

/// Paths that OpenAI's and Anthropic's clients share.
fn shared_paths() -> Router<HttpState> {
    // Two formats have this path, so the layer asks the headers in whose shape an error is written.
    Router::new().route("/v1/models", get(listing::all)).route("/v1/models/{*id}", get(listing::one))
}

/// Requests to models in the format of an API.
fn requests(api: ClientApi, capability: Capability) -> MethodRouter<HttpState> {
    post(move |state: State<HttpState>, inbound: Inbound| exchange::serve(api, capability, state, inbound))
}

/// Requests of Ollama's API that may say nothing but that a model be loaded.
fn may_load(capability: Capability) -> MethodRouter<HttpState> {
    post(move |state: State<HttpState>, inbound: Inbound| ollama::load::serve(capability, state, inbound))
}
