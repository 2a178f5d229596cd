//! A webhook and its deliveries as the API shows them: never the secret.

use baton_events::webhooks::target::masked;
use baton_model::Webhook;
use baton_store::webhooks::WebhookDelivery;
use serde::Serialize;
use utoipa::ToSchema;

/// A webhook with a new secret. This is the only response that shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewWebhookView {
    /// The secret that signs its messages, shown only once.
    #[schema(example = "whsec_…")]
    pub secret: String,
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
}

/// One page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveriesView {
    /// The deliveries, newest first.
    pub items: Vec<WebhookDelivery>,
    /// The value of `cursor` for the next page; null: this is the last page.
    pub next_cursor: Option<String>,
}

/// The webhook as text for the audit log, without the query of its address: services put passwords there.
pub fn text(webhook: &Webhook) -> String {
    let masked = Webhook { url: masked(&webhook.url), ..webhook.clone() };
    // Plain text and flags always serialise.
    serde_json::to_string(&masked).unwrap_or_default()
}

/// The address of a webhook.
pub fn location(id: &str) -> String {
    format!("/api/webhooks/{id}")
}
