//! `POST /api/webhooks`.

use super::input::{self, WebhookBody};
use super::sealed;
use super::view::{NewWebhookView, location, text};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_events::webhooks::{WebhookSecret, WebhookSecrets};
use baton_model::{Code, PublicError, Webhook};
use baton_store::NewAudit;
use baton_web::identify;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, StatusCode};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Registers a service that receives events. Only this response shows the secret that signs its messages (Standard
/// Webhooks).
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", request_body = WebhookBody, responses(
    (status = 201, description = "Created; `secret` is shown only once", body = NewWebhookView),
    (status = 409, description = "The quota of webhooks is reached", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each; or BATON_SECRET_KEY is not set", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Administrator(by): Administrator, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    fields.require("url", "the address that events are posted to", &mut faults);
    let secret = read_secret(fields.text("secret", &mut faults), &mut faults);
    let changes = input::read(&admin, &mut fields, &mut faults).await;
    fields.finish(&mut faults);
    faults.check()?;
    let now = admin.web.engine.clock().now();
    let id = format!("wh_{}", identify::request_id().as_str().replace('-', ""));
    let mut webhook = Webhook {
        sealed_secret: sealed::seal(&admin, &id, &WebhookSecrets::of(secret.clone()))?,
        created_at: now,
        updated_at: now,
        // Where it is, is among the changes.
        ..Webhook::new(id, "")
    };
    changes.apply(&mut webhook);
    let change = admin.store.change(&by).await?;
    if change.webhooks().count().await? >= admin.quotas.webhooks {
        let message = format!("there are {} webhooks already, the maximum (`quotas.webhooks`)", admin.quotas.webhooks);
        return Err(PublicError::new(Code::Conflict, message).into());
    }
    change.webhooks().insert(&webhook).await?;
    let audit = NewAudit {
        action: "webhook.create",
        kind: "webhook",
        subject: webhook.id.clone(),
        before: None,
        after: Some(text(&webhook)),
    };
    change.audit(audit).await?;
    // Webhooks are in no snapshot: whoever delivers asks the database.
    change.commit_aside().await?;
    let mut response = reply_with_secret(StatusCode::CREATED, &webhook, &secret)?;
    if let Ok(location) = HeaderValue::from_str(&location(&webhook.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// The reply that shows a secret.
pub fn reply_with_secret(status: StatusCode, webhook: &Webhook, secret: &WebhookSecret) -> ApiResult {
    let view = NewWebhookView { secret: secret.reveal().to_string(), webhook: webhook.clone() };
    let mut response = json(status, &view)?;
    // As for keys: no cache on the way may keep it.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A secret's randomness comes from the system, whatever seeds the rest.
pub fn generate() -> WebhookSecret {
    WebhookSecret::generate(&mut StdRng::from_os_rng())
}

fn read_secret(text: Option<String>, faults: &mut Faults) -> WebhookSecret {
    let Some(text) = text else { return generate() };
    WebhookSecret::parse(&text).unwrap_or_else(|error| {
        // What was given may be a secret all the same: it is not repeated.
        faults.add("secret", error.to_string());
        generate()
    })
}
