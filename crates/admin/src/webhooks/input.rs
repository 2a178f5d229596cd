//! The fields of a webhook.

use crate::Admin;
use crate::events::stream::known_types;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use baton_events::webhooks::target;
use baton_model::{EventKind, Timestamp};
use baton_store::Webhook;
use serde::Deserialize;
use utoipa::ToSchema;

/// A webhook to create, or the fields of one to change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = Webhook)]
pub struct WebhookBody {
    /// The address that events are posted to: `https`, or `http` in the networks of `webhooks.allow`; required to
    /// create a webhook.
    #[schema(example = "https://example.com/hooks/baton")]
    pub url: Option<String>,
    /// The event types that it gets; by default, or null: all.
    #[schema(example = json!(["model.updated", "key.revoked"]))]
    types: Option<Vec<String>>,
    /// Whether it gets events; by default true.
    active: Option<bool>,
    /// The secret that signs messages (`whsec_` and 24 to 64 bytes in base64); only when creating a webhook; by default
    /// a new secret.
    pub secret: Option<String>,
}

/// What is said of a webhook; what is absent stays as it is.
#[derive(Debug, Default)]
pub struct WebhookChanges {
    pub url: Option<String>,
    types: Option<Option<Vec<EventKind>>>,
    active: Option<bool>,
}

impl WebhookChanges {
    /// Reads the fields, and beside them the secret. An address by a name may have to be resolved.
    pub async fn read(admin: &Admin, fields: &mut JsonFields, faults: &mut Faults) -> (Self, Option<String>) {
        let with_types = fields.raw("types").is_some();
        let WebhookBody { url, types, active, secret } = fields.read_body(faults).unwrap_or_default();
        let url = check_url(admin, url, faults).await;
        (Self { url, types: with_types.then(|| read_types(types, faults)), active }, secret)
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.url.is_none() && self.types.is_none() && self.active.is_none()
    }

    /// Puts it into a webhook, as of that moment.
    pub fn apply(self, webhook: &mut Webhook, now: Timestamp) {
        if let Some(url) = self.url {
            webhook.url = url;
        }
        if let Some(types) = self.types {
            webhook.types = types;
        }
        if let Some(active) = self.active {
            webhook.active = active;
        }
        webhook.updated_at = now.max(Timestamp(webhook.updated_at.0.saturating_add(1)));
    }
}

async fn check_url(admin: &Admin, url: Option<String>, faults: &mut Faults) -> Option<String> {
    let url = url?;
    match target::check(&url, &admin.reachable).await {
        Ok(()) => Some(url),
        Err(problem) => {
            faults.add("url", problem);
            None
        }
    }
}

/// The types by their names; `None`: all.
fn read_types(names: Option<Vec<String>>, faults: &mut Faults) -> Option<Vec<EventKind>> {
    let names = names?;
    if names.is_empty() {
        faults.add("types", "must not be empty, because no event would be sent; leave it out for all types");
    }
    let mut types = Vec::new();
    for name in &names {
        match EventKind::lookup(name) {
            Some(kind) if types.contains(&kind) => {}
            Some(kind) => types.push(kind),
            None => faults.add("types", format!("`{}` is not one of {}", brief(name), known_types())),
        }
    }
    Some(types)
}
