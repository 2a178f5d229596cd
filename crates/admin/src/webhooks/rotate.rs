//! `POST /api/webhooks/{id}/rotate`.

use super::create::{generate, reply_with_secret};
use super::sealed;
use super::view::{NewWebhookView, text};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::keys::rotate::{RotateBody, overlap};
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use baton_events::webhooks::WebhookSecrets;
use baton_model::Timestamp;
use baton_store::NewAudit;
use http::StatusCode;

/// Gives a webhook a new secret, shown only once. For a while messages are signed with both secrets, so that the
/// service can switch; rotating again ends the older one at once.
#[utoipa::path(post, path = "/api/webhooks/{id}/rotate", tag = "webhooks", params(("id" = String, Path)),
    request_body = RotateBody, responses(
        (status = 200, description = "Rotated; `secret` is shown only once", body = NewWebhookView),
        (status = 404, description = "The webhook does not exist", body = ErrorBody),
        (status = 409, description = "The previous secret can't be read, or someone else changes the webhook", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each; or BATON_SECRET_KEY is not set", body = ErrorBody),
    )
)]
pub async fn rotate(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    let overlap = overlap(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    let now = admin.web.engine.clock().now();
    let secret = generate();
    let change = admin.store.change(&by).await?;
    let before = change.webhooks().get(&id).await?;
    // Without an overlap the old secret is not opened. That is the way out when the key that encrypted it is lost.
    let secrets = if overlap.is_zero() {
        WebhookSecrets::of(secret.clone())
    } else {
        sealed::open(&admin, &before)?.rotate(secret.clone(), now.plus(overlap))
    };
    let mut after = before.clone();
    after.sealed_secret = sealed::seal(&admin, &id, &secrets)?;
    // As for projects: the version must grow, even within one microsecond.
    after.updated_at = now.max(Timestamp(before.updated_at.0.saturating_add(1)));
    change.webhooks().update(&after, before.updated_at).await?;
    let audit = NewAudit {
        action: "webhook.rotate",
        kind: "webhook",
        subject: id,
        before: Some(text(&before)),
        after: Some(text(&after)),
    };
    change.audit(audit).await?;
    change.commit_aside().await?;
    reply_with_secret(StatusCode::OK, &after, &secret)
}
