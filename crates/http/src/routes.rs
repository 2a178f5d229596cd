//! Every path of the request APIs, on one page.

use crate::{HttpState, anthropic, count, exchange, listing, ollama, openai, responses, wrong_path};
use axum::Router;
use axum::extract::{FromRequest as _, Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, head, post};
use baton_model::Capability::{
    self, AudioSpeech, AudioTranscription, AudioTranslation, Chat, Completion, Embedding, ImageEdit, ImageGeneration,
    ImageVariation, Moderation, Rerank,
};
use baton_web::ClientApi::{self, Anthropic, Native, Ollama, OpenAi, Responses};
use baton_web::{Inbound, Responding, respond};
use http::header::ORIGIN;
use http::{HeaderMap, Method};
use std::collections::HashMap;

/// Paths at which models are asked, the API of each, and what is asked there. Most of all requests go to one of them, so they
/// are served [without the router](ModelPaths) too.
const MODEL_PATHS: [(&str, ClientApi, Capability); 20] = [
    ("/api/models/chat", Native, Chat),
    ("/api/models/completion", Native, Completion),
    ("/api/models/embedding", Native, Embedding),
    ("/api/models/image", Native, ImageGeneration),
    ("/api/models/audio/transcription", Native, AudioTranscription),
    ("/api/models/audio/translation", Native, AudioTranslation),
    ("/v1/chat/completions", OpenAi, Chat),
    ("/v1/completions", OpenAi, Completion),
    ("/v1/embeddings", OpenAi, Embedding),
    ("/v1/images/generations", OpenAi, ImageGeneration),
    ("/v1/images/edits", OpenAi, ImageEdit),
    ("/v1/images/variations", OpenAi, ImageVariation),
    ("/v1/audio/transcriptions", OpenAi, AudioTranscription),
    ("/v1/audio/translations", OpenAi, AudioTranslation),
    ("/v1/audio/speech", OpenAi, AudioSpeech),
    ("/v1/moderations", OpenAi, Moderation),
    ("/v1/rerank", OpenAi, Rerank),
    ("/rerank", OpenAi, Rerank),
    ("/v1/messages", Anthropic, Chat),
    ("/api/embed", Ollama, Embedding),
];

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
    model_paths(Native)
}

fn openai() -> Router<HttpState> {
    model_paths(OpenAi)
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
    model_paths(Anthropic)
        .route("/v1/messages/count_tokens", post(count::messages))
        .route("/v1/messages/batches", get(anthropic::batches::list).post(anthropic::batches::create))
        .route("/v1/messages/batches/{id}", get(anthropic::batches::one).delete(anthropic::batches::one))
        .route("/v1/messages/batches/{id}/cancel", post(anthropic::batches::cancel))
        .route("/v1/messages/batches/{id}/results", get(anthropic::batches::results))
}

fn ollama() -> Router<HttpState> {
    model_paths(Ollama)
        .route("/api/chat", may_load(Chat))
        .route("/api/generate", may_load(Completion))
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

/// The paths of an API at which models are asked.
fn model_paths(of: ClientApi) -> Router<HttpState> {
    let paths = MODEL_PATHS.into_iter().filter(|(_, api, _)| *api == of);
    paths.fold(Router::new(), |router, (path, api, capability)| router.route(path, requests(api, capability)))
}

/// Requests to models in the format of an API.
fn requests(api: ClientApi, capability: Capability) -> MethodRouter<HttpState> {
    post(move |State(state): State<HttpState>, inbound: Inbound| async move {
        exchange::serve(api, capability, &state, inbound).await
    })
}

/// The paths at which models are asked, without the router: its layers and boxed futures cost more than a refusal, or than
/// reading a request does.
pub struct ModelPaths {
    state: HttpState,
    paths: HashMap<&'static str, ModelPath>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct ModelPath {
    api: ClientApi,
    capability: Capability,
}

impl ModelPaths {
    /// All of them.
    pub fn new(state: HttpState) -> Self {
        let paths = MODEL_PATHS.into_iter().map(|(path, api, capability)| (path, ModelPath { api, capability }));
        Self { state, paths: paths.collect() }
    }

    /// The path that a request asks for, if it is served here: what web pages send is for the router, whose layer knows
    /// what to tell them.
    pub fn find<B>(&self, request: &Request<B>) -> Option<ModelPath> {
        let plain = request.method() == Method::POST && !request.headers().contains_key(ORIGIN);
        plain.then(|| self.paths.get(request.uri().path()).copied()).flatten()
    }

    /// Serves a request for such a path, as the [`router`] would.
    pub async fn serve(&self, path: ModelPath, request: Request) -> Response {
        let ModelPath { api, capability } = path;
        let state = &self.state;
        let mut response = respond::run(&state.web, api, request, |request| async move {
            let inbound = Inbound::from_request(request, state).await;
            let served = match inbound {
                Ok(inbound) => exchange::serve(api, capability, state, inbound).await,
                Err(refused) => Err(refused),
            };
            served.unwrap_or_else(IntoResponse::into_response)
        })
        .await;
        if api != Native {
            self.state.cors.describe_to_programs(response.headers_mut());
        }
        response
    }
}

/// Requests of Ollama's API that may say nothing but that a model be loaded.
fn may_load(capability: Capability) -> MethodRouter<HttpState> {
    post(move |state: State<HttpState>, inbound: Inbound| ollama::load::serve(capability, state, inbound))
}
