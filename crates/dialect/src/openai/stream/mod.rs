//! Streams of chats and completions, and whole replies, which are read as one chunk.
//!
//! Reference: OpenAI API reference, chat completions, "streaming". The two differ in where the text of a choice stands
//! (`delta.content`, `text`), so one reader reads both.

mod calls;
mod chat_writer;
mod chunk;
mod full_reader;
mod meter_reader;

pub(super) use chat_writer::{ChatWriter, ChunkEnvelope, fail};
use chunk::Chunks;
use full_reader::OpenAiFullReader;
use meter_reader::OpenAiMeterReader;

use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::{Detail, ReplyEvent};

/// A reader for a provider's stream.
pub(super) fn reader(detail: Detail) -> Box<dyn StreamReader> {
    match detail {
        Detail::Full => Box::new(OpenAiFullReader::default()),
        Detail::MeterOnly => Box::new(OpenAiMeterReader::default()),
    }
}

/// Reads a whole reply.
pub(super) fn read_reply(body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
    let root = Node::parse(body)?;
    // A proxy's JSON page would otherwise be an empty reply.
    if root.get("choices").is_none() && root.get("error").is_none() {
        return Err(ReadError::new("choices", "is required"));
    }
    let mut chunks = Chunks::default();
    let mut events = Vec::new();
    chunks.push(&root, &mut events);
    if !events.iter().any(|event| matches!(event, ReplyEvent::Failed(_))) {
        events.push(ReplyEvent::Ended);
    }
    Ok(events)
}
