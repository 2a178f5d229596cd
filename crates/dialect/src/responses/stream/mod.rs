//! Streams of responses, and whole ones, whose items are read like those that a stream tells at their end.
//!
//! Reference: OpenAI API reference, `ResponseStreamEvent`. Every event names its item by `output_index`. A stream ends
//! with `response.completed`, `incomplete` or `failed`, which repeat everything; there is no other end.

mod full_reader;
mod items;
mod meter_reader;
mod open;
mod writer;

pub(super) use writer::{ResponseWriter, write_reply};

use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::{Detail, ReplyEvent};
use full_reader::ResponsesFullReader;
use items::ItemReader;
use meter_reader::ResponsesMeterReader;

/// A reader for a provider's stream.
pub(super) fn reader(detail: Detail) -> Box<dyn StreamReader> {
    match detail {
        Detail::Full => Box::new(ResponsesFullReader::default()),
        Detail::MeterOnly => Box::new(ResponsesMeterReader::default()),
    }
}

/// Reads a whole reply.
pub(super) fn read_reply(body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
    let root = Node::parse(body)?;
    // A proxy's JSON page would otherwise be an empty reply.
    if root.get("output").is_none() && root.get("error").is_none() {
        return Err(ReadError::new("output", "is required"));
    }
    let (mut items, mut events) = (ItemReader::default(), Vec::new());
    items.start(&root, &mut events);
    items.end(&root, &mut events);
    Ok(events)
}
