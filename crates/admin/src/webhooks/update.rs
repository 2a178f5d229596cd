//! `PUT /api/webhooks/{id}`.

use super::input::{self, WebhookBody};
use super::view::text;
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

/// Changes the given fields. Events that happen while it is not active pass it by; what is on its way waits.
#[utoipa::path(put, path = "/api/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)),
    request_body = WebhookBody, responses(
        (status = 200, description = "Changed", body = Webhook),
        (status = 400, description = "No field is given", body = ErrorBody),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
        (status = 409, description = "Someone else has changed it at the same time", body = ErrorBody),
        (status = 422, description = "Fields are wrong: `details.errors` names each", body = ErrorBody),
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
        faults.add("secret", "is not changed here: POST /api/webhooks/{id}/rotate makes a new one");
    }
    let changes = input::read(&admin, &mut fields, &mut faults).await;
    fields.finish(&mut faults);
    faults.check()?;
    changes.require(&[])?;
    let change = admin.store.change(&by).await?;
    let before = change.webhooks().get(&id).await?;
    let mut after = before.clone();
    changes.apply(&mut after);
    after.updated_at = admin.web.engine.clock().now().max(Timestamp(before.updated_at.0.saturating_add(1)));
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
    json(StatusCode::OK, &after)
}
