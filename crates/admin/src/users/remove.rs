//! `DELETE /api/users/{id}`.

use super::put::commit;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::StatusCode;

/// Removes what is set for a user. Its requests stay in the ledger, and it may go on making them.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "The user is not registered", body = ErrorBody),
))]
pub async fn remove(State(admin): State<Admin>, Administrator(by): Administrator, Path(id): Path<String>) -> ApiResult {
    let change = admin.store.change(&by).await?;
    let before = change.users().get(&id).await?;
    change.users().delete(&id).await?;
    commit(&admin, change, Some(&before), None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
