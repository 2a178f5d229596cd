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

use crate::framing::splice;
use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::{BodyField, Detail, ReplyEvent};
use memchr::memmem;

/// A reader for a provider's stream.
pub(super) fn reader(detail: Detail) -> Box<dyn StreamReader> {
    match detail {
        Detail::Full => Box::new(OpenAiFullReader::default()),
        Detail::MeterOnly => Box::new(OpenAiMeterReader::default()),
    }
}

/// Reads of a whole reply what it used and what it is called, not what was said: its choices are most of its bytes.
pub(super) fn read_reply_facts(body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
    match facts(body)? {
        Some(events) => Ok(events),
        // Without its usage the words have to be counted, and an error may stand anywhere.
        None => read_reply(body),
    }
}

/// The facts, if there is usage beside the choices and nothing is wrong.
fn facts(body: &[u8]) -> Result<Option<Vec<ReplyEvent>>, ReadError> {
    if memmem::find(body, b"\"error\"").is_some() {
        return Ok(None);
    }
    let fields = splice::fields(body)?;
    let is_choices = |field: &&BodyField| field.name == "choices";
    if fields.iter().filter(is_choices).count() != 1 {
        return Ok(None);
    }
    let text = |field: &BodyField| body.get(field.key.start..field.value.end).unwrap_or_default();
    let others: Vec<&[u8]> = fields.iter().filter(|field| !is_choices(field)).map(text).collect();
    let rest = [b"{", others.join(&b","[..]).as_slice(), b"}"].concat();
    let mut events = Vec::new();
    Chunks::default().push(&Node::parse(&rest)?, &mut events);
    if !events.iter().any(|event| matches!(event, ReplyEvent::Usage(_))) {
        return Ok(None);
    }
    // Something of it can be seen, though not as text.
    let seen = events.iter().position(|event| !matches!(event, ReplyEvent::Started(_))).unwrap_or(0);
    events.insert(seen, ReplyEvent::Opaque { text_bytes: 0 });
    events.push(ReplyEvent::Ended);
    Ok(Some(events))
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
