//! Streams read in full, for translation.

use super::items::ItemReader;
use crate::framing::sse;
use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::ReplyEvent;

/// Reads every event.
#[derive(Debug, Default)]
pub(super) struct ResponsesFullReader {
    pub(super) items: ItemReader,
    /// Whether the end, or a failure, was told.
    pub(super) ended: bool,
}

impl StreamReader for ResponsesFullReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        let event = sse::parse(frame);
        let Some(data) = event.data.filter(|data| !data.trim_ascii().is_empty() && !self.ended) else {
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
        self.ended = events.iter().any(|event| matches!(event, ReplyEvent::Failed(_) | ReplyEvent::Ended));
        Ok(events)
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        Vec::new()
    }
}
