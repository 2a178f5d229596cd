//! Streams of chats and completions, and whole replies, which are read as one chunk.
//!
//! Reference: OpenAI API reference, chat completions, "streaming". The two differ in where the text of a choice stands
//! (`delta.content`, `text`), so one reader reads both.

mod calls;
mod chat_writer;
mod chunk;
mod facts;

pub(super) use chat_writer::{ChatWriter, Envelope, fail};
use chunk::Chunks;

use crate::framing::sse;
use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::{Detail, Event};

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
    if root.get("choices").is_none() && root.get("error").is_none() {
        return Err(ReadError::new("choices", "required, but missing"));
    }
    let mut chunks = Chunks::default();
    let mut events = Vec::new();
    chunks.push(&root, &mut events);
    if !events.iter().any(|event| matches!(event, Event::Failed(_))) {
        events.push(Event::Ended);
    }
    Ok(events)
}

/// Reads every event.
#[derive(Debug, Default)]
pub(super) struct Full {
    chunks: Chunks,
    /// Whether the end, or a failure, was told.
    over: bool,
    usage_only: bool,
}

impl StreamReader for Full {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<Event>, ReadError> {
        self.usage_only = false;
        let event = sse::parse(frame);
        let Some(data) = event.data.filter(|data| !data.trim_ascii().is_empty() && !self.over) else {
            return Ok(Vec::new());
        };
        if data.trim_ascii() == b"[DONE]" {
            self.over = true;
            return Ok(vec![Event::Ended]);
        }
        let root = Node::parse(&data)?;
        let mut events = Vec::new();
        if event.name == Some("error") && root.get("error").is_none() {
            events.push(Event::Failed(super::error::read_node(200, &root)));
        } else {
            self.chunks.push(&root, &mut events);
        }
        self.over = events.iter().any(|event| matches!(event, Event::Failed(_)));
        let choices = root.get("choices").and_then(|choices| choices.items().ok());
        let reports = events.iter().any(|event| matches!(event, Event::Usage(_)));
        self.usage_only = reports && choices.is_none_or(<[_]>::is_empty);
        Ok(events)
    }

    fn finish(&mut self) -> Vec<Event> {
        if self.over || !self.chunks.is_finished() {
            return Vec::new();
        }
        self.over = true;
        vec![Event::Ended]
    }

    fn is_usage_only(&self) -> bool {
        self.usage_only
    }
}
