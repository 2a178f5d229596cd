//! `DELETE /api/budgets/{budget_id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::keep;
use crate::wire::access::Acting;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use baton_model::entity::Budget;
use http::StatusCode;

/// Removes a budget. Requests are not held to it from then on.
#[utoipa::path(delete, path = "/api/budgets/{budget_id}", tag = "budgets", params(("budget_id" = String, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "The budget does not exist", body = ErrorBody),
    (status = 409, description = "It stands in the configuration or on a project", body = ErrorBody),
))]
pub async fn remove(State(admin): State<Admin>, Acting { caller, by }: Acting, Path(id): Path<String>) -> ApiResult {
    keep::find::<Budget>(&admin, &caller, &id)?;
    admin.policies.remove::<Budget>(&id, &by).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
