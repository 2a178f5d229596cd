//! `POST /api/budgets/{budget_id}/reset`.

use super::view::BudgetStatus;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::keep;
use crate::wire::access::Acting;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::entity::Budget;
use http::StatusCode;

/// Resets a budget: what was spent before now does not count. The ledger keeps it.
#[utoipa::path(post, path = "/api/budgets/{budget_id}/reset", tag = "budgets", params(("budget_id" = String, Path)), responses(
    (status = 200, description = "Reset", body = BudgetStatus),
    (status = 404, description = "The budget does not exist", body = ErrorBody),
    (status = 409, description = "It stands in the configuration or on a project, or someone else has changed it at the same time", body = ErrorBody),
))]
pub async fn reset(State(admin): State<Admin>, Acting { caller, by }: Acting, Path(id): Path<String>) -> ApiResult {
    keep::find::<Budget>(&admin, &caller, &id)?;
    let reset = admin.policies.reset(&id, &by).await?;
    json(StatusCode::OK, &BudgetStatus::read(&admin, &reset).await)
}
