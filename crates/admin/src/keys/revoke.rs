//! `DELETE /api/keys/{id}`.

use super::creator;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Acting;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use baton_model::KeyId;
use http::StatusCode;

/// Revokes a key, with immediate effect. It stays in the list, and its requests stay in the ledger.
#[utoipa::path(delete, path = "/api/keys/{id}", tag = "keys", params(("id" = String, Path)), responses(
    (status = 204, description = "Revoked"),
    (status = 404, description = "The key does not exist", body = ErrorBody),
))]
pub async fn revoke(State(admin): State<Admin>, Acting { caller, by }: Acting, Path(id): Path<String>) -> ApiResult {
    let id = KeyId::from(id);
    creator::for_key(&admin, &caller, &id).await?;
    admin.web.keys.revoke(&by, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
