//! Streams of responses, and whole ones, whose items are read like those that a stream tells at their end.
//!
//! Reference: OpenAI API reference, `ResponseStreamEvent`. Every event names its item by `output_index`. A stream ends
//! with `response.completed`, `incomplete` or `failed`, which repeat everything; there is no other end.

mod facts;
mod items;
mod open;
mod writer;

pub(super) use writer::{ResponseWriter, write_reply};

use crate::framing::sse;
use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::{Detail, Event};
use items::Items;

/// A reader for a provider's stream.
pub(super) fn reader(detail: Detail) -> Box<dyn StreamReader> {
    match detail {
        Detail::Full => Box::new(Full::default()),
        Detail::MeterOnly => Box::new(facts::Facts::default()),
    }
}

/// Reads a whole reply.
pub(super) fn read_reply(body: &[u8]) -> Result<Vec<Event>, ReadError> {
    let root = Node::parse(body)?;
    if root.get("output").is_none() && root.get("error").is_none() {
        return Err(ReadError::new("output", "required, but missing"));
    }
    let (mut items, mut events) = (Items::default(), Vec::new());
    items.start(&root, &mut events);
    items.end(&root, &mut events);
    Ok(events)
}

/// Reads every event.
#[derive(Debug, Default)]
struct Full {
    items: Items,
    /// Whether the end, or a failure, was told.
    over: bool,
}

impl StreamReader for Full {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<Event>, ReadError> {
        let event = sse::parse(frame);
        let Some(data) = event.data.filter(|data| !data.trim_ascii().is_empty() && !self.over) else {
            return Ok(Vec::new());
        };
        // Some services end as chats do.
        if data.trim_ascii() == b"[DONE]" {
            return Ok(Vec::new());
        }
        let root = Node::parse(&data)?;
        let type_ = root.get("type").and_then(Node::as_str);
        let mut events = Vec::new();
        self.items.push(type_.as_deref().or(event.name).unwrap_or_default(), &root, &mut events);
        self.over = events.iter().any(|event| matches!(event, Event::Failed(_) | Event::Ended));
        Ok(events)
    }

    fn finish(&mut self) -> Vec<Event> {
        Vec::new()
    }
}
