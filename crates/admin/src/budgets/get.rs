//! `GET /api/budgets/{budget_id}`.

use super::view::BudgetStatus;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::visible;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::entity::Budget;
use http::StatusCode;

/// Shows a budget, and what is left of it.
#[utoipa::path(get, path = "/api/budgets/{budget_id}", tag = "budgets", params(("budget_id" = String, Path)), responses(
    (status = 200, description = "The budget", body = BudgetStatus),
    (status = 404, description = "The budget does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Viewer(caller): Viewer, Path(id): Path<String>) -> ApiResult {
    let listed = visible::get::<Budget>(&admin, &caller, &id)?;
    json(StatusCode::OK, &BudgetStatus::read(&admin, &listed).await)
}
