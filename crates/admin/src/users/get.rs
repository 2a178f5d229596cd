//! `GET /api/users/{id}`.

use super::view::{self, UserView};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_store::StoreError;
use http::StatusCode;

/// Shows a user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)), responses(
    (status = 200, description = "The user", body = UserView),
    (status = 404, description = "The user is not registered, is a member of no project, and has made no request this month", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Viewer(caller): Viewer, Path(id): Path<String>) -> ApiResult {
    let found = view::find(&admin, &caller, Some(&id)).await?;
    let Some(user) = found.into_iter().find(|user| user.id == id) else {
        return Err(StoreError::NotFound { what: format!("user `{id}`") }.into());
    };
    json(StatusCode::OK, &user)
}
