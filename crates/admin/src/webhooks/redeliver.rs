//! `POST /api/webhooks/deliveries/{id}/redeliver`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_store::NewAudit;
use baton_store::webhooks::WebhookDelivery;
use http::StatusCode;

/// Delivers again: at once, whatever its state, with as many tries as a new one has. The message has the same id as
/// before, so that a service that has seen it can tell.
#[utoipa::path(post, path = "/api/webhooks/deliveries/{id}/redeliver", tag = "webhooks", params(("id" = String, Path)),
    responses(
        (status = 202, description = "Accepted for delivery", body = WebhookDelivery),
        (status = 404, description = "There is no such delivery", body = ErrorBody),
    )
)]
pub async fn redeliver(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(id): Path<String>,
) -> ApiResult {
    let now = admin.web.engine.clock().now();
    let change = admin.store.change(&by).await?;
    change.webhooks().redeliver(&id, now).await?;
    let delivery = change.webhooks().delivery(&id).await?;
    let audit = NewAudit {
        action: "webhook.redeliver",
        kind: "webhook",
        subject: delivery.webhook.clone(),
        before: None,
        after: Some(serde_json::json!({ "delivery_id": id, "event_id": delivery.event }).to_string()),
    };
    change.audit(audit).await?;
    change.commit_aside().await?;
    json(StatusCode::ACCEPTED, &delivery)
}
