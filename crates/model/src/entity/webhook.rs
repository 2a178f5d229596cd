//! A webhook. To add a field: a line in the struct and one in [`Webhook::new`]. The API and the audit log have it then, and
//! the database keeps it in the column `more`.

use crate::clock::Timestamp;
use crate::event_kind::EventKind;

/// A service that receives events.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema), schema(as = WebhookView))]
pub struct Webhook {
    /// Its id.
    #[cfg_attr(feature = "schema", schema(example = "wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f", read_only))]
    pub id: String,
    /// Where events are posted: `https`, or `http` in the networks of `webhooks.allow`; required to make one.
    #[cfg_attr(feature = "schema", schema(example = "https://example.com/hooks/baton"))]
    pub url: String,
    /// The types that it gets; by default, or null: all.
    #[cfg_attr(
        feature = "schema",
        schema(value_type = Option<Vec<String>>, example = json!(["model.updated", "key.revoked"]))
    )]
    pub types: Option<Vec<EventKind>>,
    /// What is posted: `cloudevents` (the event, by default) or `slack` (a sentence about it, for incoming webhooks of
    /// Slack, Mattermost and Rocket.Chat).
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "cloudevents"))]
    pub format: WebhookFormat,
    /// What messages are signed with, encrypted by whoever wrote it. Never shown.
    #[cfg_attr(feature = "schema", serde(skip))]
    pub sealed_secret: String,
    /// Whether it gets events; by default true. While it does not, events pass it by.
    pub active: bool,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub updated_at: Timestamp,
}

/// What a webhook posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WebhookFormat {
    /// The event as a CloudEvent.
    #[default]
    CloudEvents,
    /// A sentence about it, as incoming webhooks of Slack take it.
    Slack,
}

impl WebhookFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::CloudEvents, Self::Slack];

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::CloudEvents => "cloudevents",
            Self::Slack => "slack",
        }
    }

    /// The format of that [word](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

// === impl Webhook ===

impl Webhook {
    /// A webhook that gets everything. Whoever makes its secret seals it.
    pub fn new(id: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            url: url.into(),
            types: None,
            format: WebhookFormat::default(),
            sealed_secret: String::new(),
            active: true,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    /// Whether it gets events of that type.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.active && self.types.as_ref().is_none_or(|types| types.contains(&kind))
    }
}

impl std::fmt::Debug for Webhook {
    /// Without the secret, sealed as it is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("types", &self.types)
            .field("format", &self.format)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for Webhook {
    fn keep_secrets(&mut self, before: &Self) {
        // A change goes through JSON, where the secret never stands.
        self.sealed_secret.clone_from(&before.sealed_secret);
    }
}
