//! `POST /api/show`: a model, from the server of Ollama that has it, else as far as the registry knows it.

use super::named::ModelName;
use super::{Details, is_ollamas, modified};
use crate::{HttpState, headers, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_dialect::framing::splice;
use baton_engine::ModelSelector;
use baton_model::entity::ReasoningStyle;
use baton_model::{Capability, Model};
use baton_provider_api::Forward;
use baton_web::{Inbound, Refused};
use http::Method;
use serde_json::{Value, json};

/// The context window of a model that says none, in tokens: Ollama's own default.
const USUAL_CONTEXT: u64 = 4096;

/// Shows a model.
///
/// # Errors
/// If the request can't be read, or the caller sees no such model.
pub async fn serve(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    let body = splice::scan(inbound.read_body().await?)?;
    let named = ModelName::read(&body, &["model", "name"])?;
    let snapshot = state.web.engine.registry().snapshot();
    let selector = ModelSelector::Model(named.name.clone());
    let model = snapshot.find(&inbound.caller, &selector, Capability::Chat)?;
    if !is_ollamas(&snapshot, model) {
        return Ok(upstream::json(model_info(model).to_string().into_bytes()));
    }
    let provider = upstream::provider(&snapshot, &model.provider)?;
    let headers = headers::headers_to_forward(&inbound.parts.headers);
    let forward = Forward {
        content_type: Some("application/json"),
        // Clients call the model as Baton does, the server by its own name.
        body: named.rename(&body, model),
        ..upstream::request_without_body(Method::POST, "/api/show", &headers)
    };
    let reply = upstream::send(provider.as_ref(), forward).await?;
    Ok(upstream::stream(reply, provider.id()))
}

/// What the registry knows, in the shape of a server that has the model.
fn model_info(model: &Model) -> Value {
    let architecture = model.provider.as_str();
    // Numbers, whatever is known: Ollama's command line ends with a panic where one is missing. A length is read by
    // programs that cut prompts to it, so it is what Ollama itself takes where it knows none.
    let info = json!({
        "general.architecture": architecture,
        "general.basename": model.upstream,
        "general.parameter_count": 0,
        format!("{architecture}.context_length"): model.token_limit.unwrap_or(USUAL_CONTEXT),
        format!("{architecture}.embedding_length"): 0,
    });
    json!({
        "license": "",
        "modelfile": format!("FROM {}\n", model.id),
        "parameters": "",
        "template": "",
        "details": Details::of(model),
        "model_info": info,
        "capabilities": capabilities(model),
        "modified_at": modified(model),
    })
}

/// The format's words for what a model can do. Whether tools and images are known is not listed anywhere, so chats
/// are said to take them: the vendor refuses where it does not.
fn capabilities(model: &Model) -> Vec<&'static str> {
    let has = |capability| model.capabilities.contains(&capability);
    let mut words = Vec::new();
    if has(Capability::Chat) || has(Capability::Completion) {
        words.push("completion");
    }
    if has(Capability::Chat) {
        words.extend(["tools", "vision"]);
    }
    if matches!(model.quirks.reasoning, ReasoningStyle::Budget | ReasoningStyle::Adaptive) {
        words.push("thinking");
    }
    if has(Capability::Embedding) {
        words.push("embedding");
    }
    words
}
