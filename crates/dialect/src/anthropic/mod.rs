//! Anthropic's format: messages.
//!
//! Reference: Anthropic API reference, messages (`POST /v1/messages`), streaming messages, count tokens, errors;
//! `anthropic-version: 2023-06-01`. What is special about the format:
//! - instructions stand beside the conversation (`system`), whose turns alternate, the user's first
//!   ([`conversation`] regroups);
//! - the results of tools are blocks of a user's turn, all of one turn together;
//! - reasoning carries a signature and must go back unchanged ([`reasoning`] has the options);
//! - usage counts cached tokens beside the input ([`usage`]).

mod arguments;
mod blocks_write;
mod cache;
mod citations;
mod conversation;
pub mod count_tokens;
pub mod error;
mod extension;
mod fidelity;
mod iterations;
mod max_tokens;
mod media;
mod messages_read;
mod options;
mod purpose;
mod reasoning;
mod reply;
mod request;
mod rewrite;
mod stream;
mod system;
#[cfg(test)]
mod tests;
mod tools;
pub mod usage;
mod usage_sums;

pub use fidelity::FIDELITY;

use crate::{Codec, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use baton_model::{Body, Capability, Detail, Operation, ReplyEvent, Target};

/// The codec of a capability in this format: messages, and their count.
pub fn codec(capability: Capability) -> Option<&'static dyn Codec> {
    match capability {
        Capability::Chat => Some(&MessagesCodec),
        Capability::TokenCount => Some(&count_tokens::CountTokensCodec),
        _ => None,
    }
}

/// The codec of `POST /v1/messages`.
#[derive(Debug)]
struct MessagesCodec;

impl Codec for MessagesCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        request::read(body).map(|request| Operation::Chat(Box::new(request)))
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Chat(request) => request::write(request, target, purpose::Purpose::Answer),
            _ => Err(ReadError::wrong_operation("messages")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        rewrite::rewrite(body, target)
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        stream::read_reply(body)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(reply::write(events, context)))
    }

    fn stream_reader(&self, detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(stream::reader(detail))
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(stream::MessageWriter::new(context)))
    }
}
