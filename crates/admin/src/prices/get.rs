//! `GET /api/prices/{price_id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::entity::PriceOverride;
use http::StatusCode;

/// Shows a price that the operator has set.
#[utoipa::path(get, path = "/api/prices/{price_id}", tag = "prices", params(("price_id" = String, Path)), responses(
    (status = 200, description = "The price", body = PriceOverride),
    (status = 404, description = "The price does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Viewer(_): Viewer, Path(id): Path<String>) -> ApiResult {
    json(StatusCode::OK, &admin.models.prices().get(&id).await?)
}
