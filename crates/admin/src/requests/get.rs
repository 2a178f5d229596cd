//! `GET /api/requests/{id}`.

use super::list::written;
use super::view::RecordSchema;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::answer::{Answer, json};
use axum::extract::{Path, State};
use baton_model::RequestId;
use http::StatusCode;

/// Shows a request with each attempt.
#[utoipa::path(get, path = "/api/requests/{id}", tag = "requests", params(("id" = String, Path)), responses(
    (status = 200, description = "The request", body = RecordSchema),
    (status = 404, description = "There is no such request (or its record is still on its way)", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, _: Viewer, Path(id): Path<String>) -> Answer {
    let record = admin.store.ledger().get(&RequestId::from(id)).await.map_err(crate::told)?;
    json(StatusCode::OK, &written(&record))
}
