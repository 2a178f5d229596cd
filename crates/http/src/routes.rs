//! Every path of the request APIs, on one page.

use crate::door::Door::{self, Anthropic, Native, Ollama, OpenAi, Responses};
use crate::{Doors, anthropic, exchange, listing, ollama, openai, responses};
use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodRouter, delete, get, head, post};
use baton_model::Capability::{
    self, AudioSpeech, AudioTranscription, AudioTranslation, Chat, Completion, Embedding, ImageEdit, ImageGeneration,
    ImageVariation, Moderation, Rerank,
};

/// The request APIs.
pub fn router(doors: Doors) -> Router {
    Router::new()
        .route("/api/models/chat", door(Native, Chat))
        .route("/api/models/completion", door(Native, Completion))
        .route("/api/models/embedding", door(Native, Embedding))
        .route("/api/models/image", door(Native, ImageGeneration))
        .route("/api/models/audio/transcription", door(Native, AudioTranscription))
        .route("/api/models/audio/translation", door(Native, AudioTranslation))
        .route("/v1/chat/completions", door(OpenAi, Chat))
        .route("/v1/responses", door(Responses, Chat))
        .route("/v1/responses/{id}", get(responses::one).delete(responses::one))
        .route("/v1/responses/{id}/cancel", post(responses::cancel))
        .route("/v1/responses/{id}/input_items", get(responses::input_items))
        .route("/v1/completions", door(OpenAi, Completion))
        .route("/v1/embeddings", door(OpenAi, Embedding))
        .route("/v1/images/generations", door(OpenAi, ImageGeneration))
        .route("/v1/images/edits", door(OpenAi, ImageEdit))
        .route("/v1/images/variations", door(OpenAi, ImageVariation))
        .route("/v1/audio/transcriptions", door(OpenAi, AudioTranscription))
        .route("/v1/audio/translations", door(OpenAi, AudioTranslation))
        .route("/v1/audio/speech", door(OpenAi, AudioSpeech))
        .route("/v1/moderations", door(OpenAi, Moderation))
        .route("/v1/rerank", door(OpenAi, Rerank))
        .route("/rerank", door(OpenAi, Rerank))
        .route("/v1/files", get(openai::files::list).post(openai::files::create))
        .route("/v1/files/{id}", get(openai::files::one).delete(openai::files::one))
        .route("/v1/files/{id}/content", get(openai::files::content))
        .route("/v1/batches", get(openai::batches::list).post(openai::batches::create))
        .route("/v1/batches/{id}", get(openai::batches::one))
        .route("/v1/batches/{id}/cancel", post(openai::batches::cancel))
        .route("/v1/models", get(listing::all))
        .route("/v1/models/{*id}", get(listing::one))
        .route("/v1/messages", door(Anthropic, Chat))
        .route("/v1/messages/count_tokens", post(anthropic::count::serve))
        .route("/v1/messages/batches", get(anthropic::batches::list).post(anthropic::batches::create))
        .route("/v1/messages/batches/{id}", get(anthropic::batches::one).delete(anthropic::batches::one))
        .route("/v1/messages/batches/{id}/cancel", post(anthropic::batches::cancel))
        .route("/v1/messages/batches/{id}/results", get(anthropic::batches::results))
        .route("/api/chat", loading(Chat))
        .route("/api/generate", loading(Completion))
        .route("/api/embed", door(Ollama, Embedding))
        .route("/api/embeddings", post(ollama::embeddings::serve))
        .route("/api/tags", get(ollama::lists::tags))
        .route("/api/ps", get(ollama::lists::running))
        .route("/api/version", get(ollama::lists::version))
        .route("/api/show", post(ollama::show::serve))
        .route("/api/pull", post(ollama::manage::serve))
        .route("/api/push", post(ollama::manage::serve))
        .route("/api/create", post(ollama::manage::serve))
        .route("/api/copy", post(ollama::manage::serve))
        .route("/api/delete", delete(ollama::manage::serve))
        .route("/api/blobs/{digest}", head(ollama::manage::serve).post(ollama::manage::serve))
        .with_state(doors)
}

/// A request of Ollama's that may say nothing but that a model be loaded.
fn loading(capability: Capability) -> MethodRouter<Doors> {
    post(move |state: State<Doors>, request: Request| ollama::load::serve(capability, state, request))
}

fn door(door: Door, capability: Capability) -> MethodRouter<Doors> {
    post(move |state: State<Doors>, request: Request| exchange::serve(door, capability, state, request))
}
