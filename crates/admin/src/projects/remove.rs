//! `DELETE /api/projects/{id}`.

use super::note;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::StatusCode;

/// Removes a project. Its keys stay valid, and its requests stay in the ledger.
#[utoipa::path(delete, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "The project does not exist", body = ErrorBody),
))]
pub async fn remove(State(admin): State<Admin>, Administrator(by): Administrator, Path(id): Path<String>) -> ApiResult {
    let change = admin.store.change(&by).await?;
    let before = change.projects().get(&id).await?;
    change.projects().delete(&id).await?;
    note::commit(&admin, change, Some(&before), None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
