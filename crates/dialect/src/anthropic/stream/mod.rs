//! Streams of messages, and whole replies, which are read as the same blocks.
//!
//! Reference: Anthropic API reference, streaming messages. Blocks follow one another, each with a start, deltas and a
//! stop; `message_delta` says why it ends and what was used, `message_stop` that it is complete. Events of unknown
//! types are to be passed over.

mod blocks;
mod full_reader;
mod meter_reader;
mod writer;

pub(super) use writer::MessageWriter;

use super::{error, usage};
use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::Detail;
use baton_model::ReplyEvent;
use blocks::Blocks;
use full_reader::{AnthropicFullReader, finish, started};
use meter_reader::AnthropicMeterReader;

/// A reader for a provider's stream.
pub(super) fn reader(detail: Detail) -> Box<dyn StreamReader> {
    match detail {
        Detail::Full => Box::new(AnthropicFullReader::default()),
        Detail::MeterOnly => Box::new(AnthropicMeterReader::default()),
    }
}

/// Reads a whole reply.
pub(super) fn read_reply(body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
    let root = Node::parse(body)?;
    // Some services send errors with status 200.
    if root.get("error").is_some() {
        let used = root.get("usage").map(|used| ReplyEvent::Usage(usage::read(used)));
        return Ok(used.into_iter().chain([ReplyEvent::Failed(error::read_node(200, &root))]).collect());
    }
    let Some(content) = root.get("content").and_then(|content| content.items().ok()) else {
        return Err(ReadError::new("content", "is required"));
    };
    let mut events = vec![ReplyEvent::Started(started(&root))];
    let mut blocks = Blocks::default();
    for (index, block) in (0..).zip(content) {
        blocks.start(index, block, &mut events);
        blocks.stop(index, &mut events);
    }
    finish(&root, &mut events);
    events.extend(root.get("usage").map(|used| ReplyEvent::Usage(usage::read(used))));
    events.push(ReplyEvent::Ended);
    Ok(events)
}
