//! The models that a caller may use, in the shape of each client API.

use crate::anthropic::models;
use crate::door::Door;
use crate::failure::Failure;
use crate::{Doors, headers, identify};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use baton_engine::Wanted;
use baton_model::{Capability, Code, Model, ModelStatus, PublicError, RequestId};
use http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;

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
pub async fn all(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, _) = request.into_parts();
    let caller = match identify::caller(&doors, &parts).await {
        Ok(caller) => caller,
        Err(error) => return Failure { door: door(&parts.headers), error, id }.into_response(),
    };
    let snapshot = doors.engine.registry().snapshot();
    let offered =
        snapshot.models.values().filter(|model| model.status != ModelStatus::Inactive && caller.may_use(&model.id));
    if models::is_asked(&parts.headers) {
        return match models::page(offered.collect(), parts.uri.query()) {
            Ok(page) => named(Json(page), &id),
            Err(error) => Failure { door: Door::Anthropic, error, id }.into_response(),
        };
    }
    let data: Vec<Listed<'_>> = offered.map(|model| Listed::new(model)).collect();
    named(Json(serde_json::json!({ "object": "list", "data": data })), &id)
}

/// `GET /v1/models/{id}`; ids may hold slashes.
pub async fn one(State(doors): State<Doors>, Path(name): Path<String>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, _) = request.into_parts();
    let found = identify::caller(&doors, &parts).await.and_then(|caller| {
        let snapshot = doors.engine.registry().snapshot();
        let model = snapshot.get(&Wanted::Model(name.clone()), Capability::Chat)?;
        if caller.may_use(&model.id) {
            Ok(Arc::clone(model))
        } else {
            Err(PublicError::new(Code::ModelNotFound, format!("there is no model `{name}` for this key")).at("model"))
        }
    });
    match found {
        Ok(model) if models::is_asked(&parts.headers) => named(Json(models::Listed::new(&model)), &id),
        Ok(model) => named(Json(Listed::new(&model)), &id),
        Err(error) => Failure { door: door(&parts.headers), error, id }.into_response(),
    }
}

/// Whose clients ask.
fn door(headers: &HeaderMap) -> Door {
    if models::is_asked(headers) { Door::Anthropic } else { Door::OpenAi }
}

fn named(body: impl IntoResponse, id: &RequestId) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert("x-request-id", headers::value(id.as_str()));
    response
}
