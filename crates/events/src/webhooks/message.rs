//! What is posted: the body, before it is signed.

use super::sentence::sentence;
use super::slack;
use crate::cloud;
use baton_bus::BusEvent;
use baton_model::Timestamp;
use baton_model::chat::Json;
use baton_model::entity::WebhookFormat;
use baton_store::StoredEvent;

/// The `type` of test messages. No other event has it, so a service can't take one for something that happened.
pub const TEST: &str = "webhook.test";

/// What a test message says.
const NOTHING: &str = "a test message of Baton; nothing happened";

/// A message for a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookMessage {
    /// The event's id.
    pub id: String,
    /// What is posted. Written once: the signature covers these bytes, and another serialisation could differ.
    pub body: String,
    /// The format of that.
    pub content_type: &'static str,
}

impl WebhookMessage {
    /// The message for an event.
    pub fn of_event(format: WebhookFormat, event: &StoredEvent) -> Self {
        match format {
            WebhookFormat::CloudEvents => Self::cloud_event(&cloud(event)),
            WebhookFormat::Slack => Self::slack(&event.id, &sentence(event)),
        }
    }

    /// A message that only tests a webhook.
    pub fn of_test(format: WebhookFormat, (id, source): (&str, &str), now: Timestamp) -> Self {
        match format {
            WebhookFormat::CloudEvents => {
                let mut event = BusEvent::new(id, source, TEST);
                event.time = Some(now);
                event.datacontenttype = Some("application/json".to_owned());
                event.data = Some(Json(format!(r#"{{"message":"{NOTHING}"}}"#)));
                Self::cloud_event(&event)
            }
            WebhookFormat::Slack => Self::slack(id, &format!("This is {NOTHING}.")),
        }
    }

    fn cloud_event(event: &BusEvent) -> Self {
        Self { id: event.id.clone(), body: event.write(), content_type: "application/cloudevents+json" }
    }

    fn slack(id: &str, sentence: &str) -> Self {
        Self { id: id.to_owned(), body: slack::body(sentence), content_type: "application/json" }
    }
}
