//! What can't be carried out, and why.

use crate::event::masked;
use crate::{BusEvent, CommandDelivery};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::Timestamp;
use baton_model::chat::Json;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A command that can't be carried out. What it carried as `apikey` is left out of what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The node that gave up.
    pub node: String,
    /// When.
    pub at: Timestamp,
    /// Why, for people.
    pub reason: String,
    /// How often the command had been delivered.
    pub attempts: u32,
    /// Its place in the stream of commands.
    pub place: String,
    /// Its `id`, if it had one that could be read.
    pub command: Option<String>,
    raw: Bytes,
}

impl DeadLetter {
    /// The `type` of the event that is written.
    pub const KIND: &'static str = "command.dead";

    /// A letter about that delivery.
    pub fn new(delivery: &CommandDelivery, reason: impl Into<String>, node: impl Into<String>, at: Timestamp) -> Self {
        Self {
            node: node.into(),
            at,
            reason: reason.into(),
            attempts: delivery.attempt,
            place: delivery.place.clone(),
            command: delivery.event.as_ref().ok().map(|event| event.id.clone()),
            raw: delivery.raw.clone(),
        }
    }

    /// As it is written: `data` has `reason`, `attempts`, and the command as `command` if it was JSON, else its bytes
    /// as `text` or `base64`. The same delivery makes the same `id`, whoever buries it.
    pub fn event(&self) -> BusEvent {
        let mut data = Map::new();
        data.insert("reason".into(), self.reason.clone().into());
        data.insert("attempts".into(), self.attempts.into());
        // Masked first, so that the credentials of a command never stand in a letter, whatever else is wrong with it.
        let (key, value) = match (masked(&self.raw), std::str::from_utf8(&self.raw)) {
            (Some(command), _) => ("command", command),
            (None, Ok(text)) => ("text", json!(text)),
            (None, Err(_)) => ("base64", json!(STANDARD.encode(&self.raw))),
        };
        data.insert(key.into(), value);
        // The id comes from the place, so that a letter written twice is kept once.
        let mut event = BusEvent::new(format!("dead:{}", self.place), &self.node, Self::KIND);
        event.subject = self.command.clone();
        event.time = Some(self.at);
        event.data = Some(Json(Value::Object(data).to_string()));
        event
    }
}
