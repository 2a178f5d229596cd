//! `POST /api/webhooks/deliveries/{id}/redeliver`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_store::NewAudit;
use baton_store::webhooks::WebhookDelivery;
use http::StatusCode;

/// Delivers an event again, at once, whatever its state, with as many attempts as a new delivery. The message keeps its
/// id, so that the service can recognize a duplicate.
#[utoipa::path(post, path = "/api/webhooks/deliveries/{id}/redeliver", tag = "webhooks", params(("id" = String, Path)),
    responses(
        (status = 202, description = "Accepted for delivery", body = WebhookDelivery),
        (status = 404, description = "The delivery does not exist", body = ErrorBody),
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
