//! `DELETE /api/limits/{limit_id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::keep;
use crate::wire::access::Acting;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use baton_model::entity::RateLimit;
use http::StatusCode;

/// Removes a limit. Requests are not held to it from then on.
#[utoipa::path(delete, path = "/api/limits/{limit_id}", tag = "limits", params(("limit_id" = String, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "The limit does not exist", body = ErrorBody),
    (status = 409, description = "It stands in the configuration or on a project", body = ErrorBody),
))]
pub async fn remove(State(admin): State<Admin>, Acting { caller, by }: Acting, Path(id): Path<String>) -> ApiResult {
    keep::find::<RateLimit>(&admin, &caller, &id)?;
    admin.policies.remove::<RateLimit>(&id, &by).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
