//! `GET /api/limits/{limit_id}`.

use super::view::LimitStatus;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::visible;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::entity::RateLimit;
use http::StatusCode;

/// Shows a limit.
#[utoipa::path(get, path = "/api/limits/{limit_id}", tag = "limits", params(("limit_id" = String, Path)), responses(
    (status = 200, description = "The limit", body = LimitStatus),
    (status = 404, description = "The limit does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Viewer(caller): Viewer, Path(id): Path<String>) -> ApiResult {
    let listed = visible::get::<RateLimit>(&admin, &caller, &id)?;
    json(StatusCode::OK, &LimitStatus::new(&listed))
}
