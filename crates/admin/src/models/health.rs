//! `GET /api/models/{model_id}/health`.

use super::address::find;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use crate::wire::time;
use baton_engine::health::ModelError;
use baton_model::ModelId;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The health of a model on this node.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// The model.
    model_id: String,
    /// Its provider.
    provider: String,
    /// Whether it is offered.
    status: &'static str,
    /// `closed`: it is tried in its turn; `open`: only when all others have failed; `half_open`: the next request
    /// decides.
    #[schema(example = "closed")]
    circuit: &'static str,
    /// Failures since the last success.
    failures_in_a_row: u32,
    /// When the circuit last opened.
    opened_at: Option<String>,
    /// When it last replied.
    last_success_at: Option<String>,
    /// The last errors, newest first; empty for a caller restricted to a project.
    last_errors: Vec<ModelErrorView>,
}

/// One error of a model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelErrorView {
    /// When.
    at: String,
    /// Which kind: `overloaded`, `timeout`, `unreachable` …
    #[schema(example = "overloaded")]
    kind: &'static str,
    /// The provider's message.
    message: String,
}

/// Shows the health of a model: its circuit and its last errors.
#[utoipa::path(get, path = "/api/models/{model_id}/health", tag = "models", params(("model_id" = String, Path)),
    responses(
        (status = 200, description = "The health of the model", body = HealthView),
        (status = 404, description = "The model does not exist", body = ErrorBody),
    )
)]
pub fn health(admin: &Admin, Viewer(caller): &Viewer, id: &ModelId) -> ApiResult {
    let snapshot = admin.web.engine.registry().snapshot();
    let model = find(&snapshot, caller, id)?;
    let health = admin.web.engine.health();
    let state = health.state(model);
    let error_view = |error: &ModelError| ModelErrorView {
        at: time::write(error.at),
        kind: error.kind.name(),
        message: error.message.clone(),
    };
    let view = HealthView {
        model_id: id.to_string(),
        provider: model.provider.to_string(),
        status: model.status.name(),
        circuit: health.circuit_of(&state).name(),
        failures_in_a_row: state.failures_in_a_row,
        opened_at: state.opened.map(time::write),
        last_success_at: state.last_success.map(time::write),
        // A provider's sentence may repeat a request, and whose that was nobody knows any more.
        last_errors: match caller.confined_to() {
            None => state.last_errors.iter().map(error_view).collect(),
            Some(_) => Vec::new(),
        },
    };
    json(StatusCode::OK, &view)
}
