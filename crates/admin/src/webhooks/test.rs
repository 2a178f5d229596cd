//! `POST /api/webhooks/{id}/test`.

use super::sealed;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_events::webhooks::send_test;
use baton_store::NewAudit;
use baton_web::identify;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The result of a test message.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestView {
    /// The webhook.
    webhook_id: String,
    /// The message's id, as in its header `webhook-id`.
    event_id: String,
    /// Whether the service accepted it.
    delivered: bool,
    /// The HTTP status of the reply; null: there was no reply.
    status: Option<u16>,
    /// Why it was not accepted.
    error: Option<String>,
}

/// Sends a signed message of type `webhook.test` to a webhook, at once, and shows the reply of the service. It is sent
/// regardless of the webhook's types and state; it is not retried and not listed as a delivery.
#[utoipa::path(post, path = "/api/webhooks/{id}/test", tag = "webhooks", params(("id" = String, Path)), responses(
    (status = 200, description = "What the service replied; `delivered` is false if it did not accept the message", body = TestView),
    (status = 404, description = "The webhook does not exist", body = ErrorBody),
    (status = 409, description = "The webhook's secret can't be read", body = ErrorBody),
))]
pub async fn test(State(admin): State<Admin>, Administrator(by): Administrator, Path(id): Path<String>) -> ApiResult {
    let webhook = admin.store.webhooks().get(&id).await?;
    let secrets = sealed::open(&admin, &webhook)?;
    // Begun and noted first: what can't be noted is not done.
    let change = admin.store.change(&by).await?;
    let audit = NewAudit { action: "webhook.test", kind: "webhook", subject: id, before: None, after: None };
    change.audit(audit).await?;
    change.commit_aside().await?;
    let event = identify::request_id().to_string();
    let (now, source) = (admin.web.engine.clock().now(), admin.store.node());
    // After the commit: a receiver may take seconds to answer, and a transaction must not stay open for so long.
    let result = send_test((&webhook.url, webhook.format), &secrets, &admin.reachable, (&event, source), now).await;
    let view = TestView {
        webhook_id: webhook.id,
        event_id: event,
        delivered: result.error.is_none(),
        status: result.status.map(|status| status.as_u16()),
        error: result.error,
    };
    json(StatusCode::OK, &view)
}
