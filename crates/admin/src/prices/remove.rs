//! `DELETE /api/prices/{price_id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::StatusCode;

/// Removes a price that was set: what is known holds again.
#[utoipa::path(delete, path = "/api/prices/{price_id}", tag = "prices", params(("price_id" = String, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "The price does not exist", body = ErrorBody),
))]
pub async fn remove(State(admin): State<Admin>, Administrator(by): Administrator, Path(id): Path<String>) -> ApiResult {
    admin.models.prices().remove(&id, &by).await?;
    admin.models.reload().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
