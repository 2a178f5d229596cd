//! `PUT /api/webhooks/{id}`.

use super::input::{self, WebhookBody};
use super::view::texts;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::changes::pass_over_shown;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::{Timestamp, Webhook};
use baton_store::NewAudit;
use http::StatusCode;

/// Changes the given fields. An inactive webhook gets no new events; its pending deliveries wait.
#[utoipa::path(put, path = "/api/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)),
    request_body = WebhookBody, responses(
        (status = 200, description = "Changed", body = Webhook),
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
    pass_over_shown::<Webhook>(&mut fields);
    if fields.raw("secret").is_some() {
        faults.add("secret", "can't be changed here: POST /api/webhooks/{id}/rotate creates a new secret");
    }
    let changes = input::read(&admin, &mut fields, &mut faults).await;
    fields.finish(&mut faults);
    faults.check()?;
    changes.require(&[])?;
    let change = admin.store.change(&by).await?;
    let before = change.webhooks().get(&id).await?;
    let mut after = before.clone();
    changes.apply(&mut after);
    // As for projects: the version must grow.
    after.updated_at = admin.web.engine.clock().now().max(Timestamp(before.updated_at.0.saturating_add(1)));
    change.webhooks().update(&after, before.updated_at).await?;
    let (before, shown) = texts(&before, &after);
    let audit =
        NewAudit { action: "webhook.update", kind: "webhook", subject: id, before: Some(before), after: Some(shown) };
    change.audit(audit).await?;
    change.commit_aside().await?;
    json(StatusCode::OK, &after)
}
