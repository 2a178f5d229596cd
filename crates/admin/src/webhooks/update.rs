//! `PUT /api/webhooks/{id}`.

use super::input::{WebhookBody, WebhookChanges};
use super::view::{WebhookView, text};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::{Code, PublicError};
use baton_store::NewAudit;
use http::StatusCode;

/// Fields of a reply that can't be set: ignored, so that a webhook can be sent back with a changed field.
const READ_ONLY: [&str; 3] = ["id", "created_at", "updated_at"];

/// Changes the given fields. An inactive webhook gets no new events; its pending deliveries wait.
#[utoipa::path(put, path = "/api/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)),
    request_body = WebhookBody, responses(
        (status = 200, description = "Changed", body = WebhookView),
        (status = 400, description = "The body has no field to change", body = ErrorBody),
        (status = 404, description = "The webhook does not exist", body = ErrorBody),
        (status = 409, description = "Someone else has changed it at the same time", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    for name in READ_ONLY {
        fields.raw(name);
    }
    if fields.raw("secret").is_some() {
        faults.add("secret", "can't be changed here: POST /api/webhooks/{id}/rotate creates a new secret");
    }
    let (changes, _) = WebhookChanges::read(&admin, &mut fields, &mut faults).await;
    fields.finish(&mut faults);
    faults.check()?;
    if changes.is_empty() {
        return Err(PublicError::new(
            Code::InvalidRequest,
            "the body must contain at least one field to change: url, types, active",
        )
        .into());
    }
    let change = admin.store.change(&by).await?;
    let before = change.webhooks().get(&id).await?;
    let mut after = before.clone();
    changes.apply(&mut after, admin.web.engine.clock().now());
    change.webhooks().update(&after, before.updated_at).await?;
    let audit = NewAudit {
        action: "webhook.update",
        kind: "webhook",
        subject: id,
        before: Some(text(&before)),
        after: Some(text(&after)),
    };
    change.audit(audit).await?;
    change.commit_aside().await?;
    json(StatusCode::OK, &WebhookView::from(&after))
}
