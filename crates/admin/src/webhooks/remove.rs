//! `DELETE /api/webhooks/{id}`.

use super::view::text;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use baton_store::NewAudit;
use http::StatusCode;

/// Removes a webhook and its pending deliveries.
#[utoipa::path(delete, path = "/api/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "The webhook does not exist", body = ErrorBody),
))]
pub async fn remove(State(admin): State<Admin>, Administrator(by): Administrator, Path(id): Path<String>) -> ApiResult {
    let change = admin.store.change(&by).await?;
    let before = change.webhooks().get(&id).await?;
    change.webhooks().delete(&id).await?;
    let audit =
        NewAudit { action: "webhook.delete", kind: "webhook", subject: id, before: Some(text(&before)), after: None };
    change.audit(audit).await?;
    change.commit_aside().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
