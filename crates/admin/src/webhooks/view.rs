//! A webhook and its deliveries as the API shows them: never the secret.

use crate::wire::time;
use baton_events::webhooks::target::masked;
use baton_model::EventKind;
use baton_store::Webhook;
use baton_store::webhooks::{DeliveryState, WebhookDelivery};
use serde::Serialize;
use utoipa::ToSchema;

/// A service that receives events.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    #[schema(example = "wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f")]
    id: String,
    /// The address that events are posted to.
    #[schema(example = "https://example.com/hooks/baton")]
    url: String,
    /// The event types that it gets; null: all.
    #[schema(example = json!(["model.updated", "key.revoked"]))]
    types: Option<Vec<&'static str>>,
    /// Whether it gets events. Events that happen while it is inactive are not sent later.
    active: bool,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// A webhook with a new secret. This is the only response that shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewWebhookView {
    /// The secret that signs its messages, shown only once.
    #[schema(example = "whsec_…")]
    pub secret: String,
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookView,
}

/// An event on its way to a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id.
    id: String,
    /// The webhook.
    webhook_id: String,
    /// The event.
    event_id: String,
    /// `pending`, `delivered` or `dead` (given up).
    #[schema(example = "dead")]
    state: &'static str,
    /// The number of attempts.
    attempts: u32,
    /// The time of the next attempt; null: there is none.
    next_at: Option<String>,
    /// The HTTP status of the last reply; null: there was no reply.
    last_status: Option<u16>,
    /// The last error.
    last_error: Option<String>,
    /// When it happened.
    updated_at: String,
}

/// One page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveriesView {
    /// The deliveries, newest first.
    pub items: Vec<DeliveryView>,
    /// The value of `cursor` for the next page; null: this is the last page.
    pub next_cursor: Option<String>,
}

impl From<&Webhook> for WebhookView {
    fn from(webhook: &Webhook) -> Self {
        let names = |types: &Vec<EventKind>| types.iter().map(|kind| kind.name()).collect();
        Self {
            id: webhook.id.clone(),
            url: webhook.url.clone(),
            types: webhook.types.as_ref().map(names),
            active: webhook.active,
            created_at: time::write(webhook.created_at),
            updated_at: time::write(webhook.updated_at),
        }
    }
}

impl From<&WebhookDelivery> for DeliveryView {
    fn from(delivery: &WebhookDelivery) -> Self {
        let waits = delivery.state == DeliveryState::Pending;
        Self {
            id: delivery.id.clone(),
            webhook_id: delivery.webhook.clone(),
            event_id: delivery.event.clone(),
            state: delivery.state.name(),
            attempts: delivery.attempts,
            next_at: waits.then(|| time::write(delivery.next_at)),
            last_status: delivery.last_status,
            last_error: delivery.last_error.clone(),
            updated_at: time::write(delivery.updated_at),
        }
    }
}

/// The webhook as text for the audit log, without the query of its address: services put passwords there.
pub fn text(webhook: &Webhook) -> String {
    let view = WebhookView { url: masked(&webhook.url), ..WebhookView::from(webhook) };
    // Plain text and flags always serialise.
    serde_json::to_string(&view).unwrap_or_default()
}

/// The address of a webhook.
pub fn location(id: &str) -> String {
    format!("/api/webhooks/{id}")
}
