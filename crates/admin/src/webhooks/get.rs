//! `GET /api/webhooks/{id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::Webhook;
use http::StatusCode;

/// Shows a webhook, without its secret.
#[utoipa::path(get, path = "/api/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), responses(
    (status = 200, description = "The webhook", body = Webhook),
    (status = 404, description = "The webhook does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, _: Administrator, Path(id): Path<String>) -> ApiResult {
    let webhook = admin.store.webhooks().get(&id).await?;
    json(StatusCode::OK, &webhook)
}
