//! `GET /api/keys/{id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::{ApiKey, KeyId};
use baton_store::StoreError;
use http::StatusCode;

/// Shows a key, without its secret.
#[utoipa::path(get, path = "/api/keys/{id}", tag = "keys", params(("id" = String, Path)), responses(
    (status = 200, description = "The key, without its secret", body = ApiKey),
    (status = 404, description = "The key does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Viewer(caller): Viewer, Path(id): Path<String>) -> ApiResult {
    let id = KeyId::from(id);
    let key = admin.store.keys().get(&id).await?;
    if !caller.sees_project(key.project.as_deref()) {
        // As if it were not there: keys of others are nobody's business.
        return Err(StoreError::NotFound { what: format!("key `{id}`") }.into());
    }
    json(StatusCode::OK, &key)
}
