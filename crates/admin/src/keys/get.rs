//! `GET /api/keys/{id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::{ApiKey, KeyId};
use baton_store::StoreError;
use baton_store::keys::KeyFilter;
use http::StatusCode;

/// Shows a key, without its secret. A caller sees its own: that of its credentials, and those of its user.
#[utoipa::path(get, path = "/api/keys/{id}", tag = "keys", params(("id" = String, Path)), responses(
    (status = 200, description = "The key, without its secret", body = ApiKey),
    (status = 404, description = "The key does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Anyone(caller): Anyone, Path(id): Path<String>) -> ApiResult {
    let id = KeyId::from(id);
    let key = admin.store.keys().get(&id).await?;
    if !KeyFilter::visible_to(&caller).has(&key) {
        // As if it were not there: keys of others are nobody's business.
        return Err(StoreError::NotFound { what: format!("key `{id}`") }.into());
    }
    json(StatusCode::OK, &key)
}
