//! A webhook and its deliveries as the API shows them: never the secret.

use baton_events::webhooks::target::masked;
use baton_model::Webhook;
use baton_model::entity::WebhookFormat;
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

/// The webhook as text for the audit log, without the parts of its address where services put passwords.
pub fn text(webhook: &Webhook) -> String {
    text_as(webhook, webhook.format)
}

/// The same of a webhook before and after a change. If either posts to Slack, the path of both is a password.
pub fn texts(before: &Webhook, after: &Webhook) -> (String, String) {
    let format = if before.format == WebhookFormat::Slack { before.format } else { after.format };
    (text_as(before, format), text_as(after, format))
}

fn text_as(webhook: &Webhook, format: WebhookFormat) -> String {
    let masked = Webhook { url: masked(&webhook.url, format), ..webhook.clone() };
    // Plain text and flags always serialise.
    serde_json::to_string(&masked).unwrap_or_default()
}

/// The address of a webhook.
pub fn location(id: &str) -> String {
    format!("/api/webhooks/{id}")
}
