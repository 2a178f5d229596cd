//! Streams read in full, for translation.

use super::chunk::Chunks;
use crate::framing::sse;
use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::ReplyEvent;

/// Reads every event.
#[derive(Debug, Default)]
pub(super) struct OpenAiFullReader {
    pub(super) chunks: Chunks,
    /// Whether the end, or a failure, was told.
    pub(super) ended: bool,
    pub(super) usage_only: bool,
}

impl StreamReader for OpenAiFullReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        // Before any return: the reply is about this frame, also where it has no data.
        self.usage_only = false;
        let event = sse::parse(frame);
        let Some(data) = event.data.filter(|data| !data.trim_ascii().is_empty() && !self.ended) else {
            return Ok(Vec::new());
        };
        if data.trim_ascii() == b"[DONE]" {
            self.ended = true;
            return Ok(vec![ReplyEvent::Ended]);
        }
        let root = Node::parse(&data)?;
        let mut events = Vec::new();
        // The name of the frame may be all that calls it an error.
        if event.name == Some("error") && root.get("error").is_none() {
            self.chunks.fail(&root, &mut events);
        } else {
            self.chunks.push(&root, &mut events);
        }
        self.ended = events.iter().any(|event| matches!(event, ReplyEvent::Failed(_)));
        let choices = root.get("choices").and_then(|choices| choices.items().ok());
        let reports = events.iter().any(|event| matches!(event, ReplyEvent::Usage(_)));
        // An error is never hidden from a client that asked for no usage.
        self.usage_only = reports && !self.ended && choices.is_none_or(<[_]>::is_empty);
        Ok(events)
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        // Some services send no `[DONE]`: the stream is complete if every choice said why it ended.
        if self.ended || !self.chunks.is_finished() {
            return Vec::new();
        }
        self.ended = true;
        vec![ReplyEvent::Ended]
    }

    fn is_usage_only(&self) -> bool {
        self.usage_only
    }
}
