//! OpenAI's responses: `POST /v1/responses`.
//!
//! Reference: OpenAI API reference, responses (`CreateResponse`, `Item`, `ResponseStreamEvent`). What is special here:
//! - a conversation is a list of items, not of messages: the model's reasoning, text and calls of one turn are items
//!   side by side, which are read as one message and written apart again ([`items_read`], [`items_write`]). An item's
//!   own `id` and `status` mean something to the service that keeps it alone, and are not read;
//! - `instructions` is the first system message;
//! - an item that only this format knows (`web_search_call`, `mcp_call`, `compaction`) is a
//!   [`baton_model::chat::PartKind::Other`]; so is an unknown part of a message, told apart by its type
//!   ([`parts::is_part`]);
//! - fields that mean the same in chat completions (`metadata`, `prompt_cache_key`) are extensions of that format
//!   ([`options`]), so that they get there;
//! - reasoning items hold encrypted reasoning ([`reasoning`]);
//! - a reply repeats much of its request ([`response`]).
//!
//! Errors are those of chat completions, [`crate::error::openai_shape`].

pub mod aside;
pub mod context;
mod fidelity;
mod items_read;
mod items_write;
mod options;
mod parts;
mod reasoning;
mod request;
mod response;
mod rewrite;
mod stream;
#[cfg(test)]
mod tests;
mod tools;
mod usage;

pub use fidelity::FIDELITY;
pub(crate) use parts::read_output;

use crate::{Codec, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use baton_model::{Body, Capability, Detail, Operation, ReplyEvent, Target};

/// The codec of a capability in this format.
pub fn codec(capability: Capability) -> Option<&'static dyn Codec> {
    match capability {
        Capability::Chat => Some(&ResponsesCodec),
        Capability::TokenCount => Some(&aside::InputTokensCodec),
        Capability::Compaction => Some(&aside::CompactCodec),
        _ => None,
    }
}

/// The codec.
#[derive(Debug)]
struct ResponsesCodec;

impl Codec for ResponsesCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        request::read(body).map(|request| Operation::Chat(Box::new(request)))
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Chat(request) => request::write(request, target),
            _ => Err(ReadError::wrong_operation("responses")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        rewrite::rewrite(body, target)
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        stream::read_reply(body)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(stream::write_reply(events, context)))
    }

    fn stream_reader(&self, detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(stream::reader(detail))
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(stream::ResponseWriter::new(context)))
    }
}
