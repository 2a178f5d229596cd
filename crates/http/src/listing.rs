//! The models that a caller may use, in the shape of each client API.

use crate::HttpState;
use crate::anthropic::models;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use baton_engine::ModelSelector;
use baton_model::{Capability, Model, ModelStatus};
use baton_web::{ClientApi, Inbound, Refused};
use http::HeaderMap;
use serde::Serialize;

/// A model as OpenAI's `/v1/models` lists it (OpenAI API reference, models), with what Baton knows beside.
#[derive(Serialize)]
struct Listed<'m> {
    id: &'m str,
    object: &'static str,
    created: i64,
    owned_by: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_window: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    capabilities: Vec<&'static str>,
}

impl<'m> Listed<'m> {
    fn new(model: &'m Model) -> Self {
        Self {
            id: model.id.as_str(),
            object: "model",
            created: model.created_at.seconds(),
            owned_by: model.provider.as_str(),
            context_window: model.token_limit,
            max_output_tokens: model.max_tokens,
            capabilities: model.capabilities.iter().map(|capability| capability.name()).collect(),
        }
    }
}

/// `GET /v1/models`.
///
/// # Errors
/// For Anthropic's clients: if the page that is asked for can't be.
pub async fn all(State(state): State<HttpState>, inbound: Inbound) -> Result<Response, Refused> {
    let snapshot = state.web.engine.registry().snapshot();
    let offered =
        snapshot.models.values().filter(|model| model.status != ModelStatus::Inactive && inbound.caller.may_use(model));
    if is_anthropic(&inbound.parts.headers) {
        return Ok(Json(models::page(offered.collect(), inbound.query())?).into_response());
    }
    let data: Vec<Listed<'_>> = offered.map(|model| Listed::new(model)).collect();
    Ok(Json(serde_json::json!({ "object": "list", "data": data })).into_response())
}

/// `GET /v1/models/{id}`; ids may hold slashes.
///
/// # Errors
/// `model_not_found`, also for a model that the caller may not use.
pub async fn one(
    State(state): State<HttpState>,
    Path(name): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    let snapshot = state.web.engine.registry().snapshot();
    // The capability says nothing here: it only matters where no model is named.
    let model = snapshot.find(&inbound.caller, &ModelSelector::Model(name), Capability::Chat)?;
    Ok(match is_anthropic(&inbound.parts.headers) {
        true => Json(models::AnthropicModel::new(model)).into_response(),
        false => Json(Listed::new(model)).into_response(),
    })
}

/// Whose clients a request is of: two vendors list their models at the same path.
pub fn api(headers: &HeaderMap) -> ClientApi {
    if is_anthropic(headers) { ClientApi::Anthropic } else { ClientApi::OpenAi }
}

/// Whether a request is of Anthropic's clients: they say which version they speak, or have a key of their own header.
fn is_anthropic(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
        || (headers.contains_key("x-api-key") && !headers.contains_key("authorization"))
}
