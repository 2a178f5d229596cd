//! Chats: `POST /api/chat`.
//!
//! Reference: Ollama API documentation, "Generate a chat completion". What is special here: a message holds one text,
//! its images as bare base64 beside it, and no other kind of part.

mod forced;
mod messages_read;
mod messages_write;
mod request;
mod rewrite;
mod tools;

pub(super) use messages_read::read_images;
pub(super) use messages_write::write_images;
pub(super) use rewrite::{rewrite, set_window};

use super::{line, stream, writer};
use crate::{Codec, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use baton_model::{Body, Detail, Operation, ReplyEvent, Target};

/// The codec.
#[derive(Debug)]
pub struct OllamaChatCodec;

impl Codec for OllamaChatCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        request::read(body).map(|request| Operation::Chat(Box::new(request)))
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Chat(request) => request::write(request, target),
            _ => Err(ReadError::wrong_operation("chat")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        rewrite(body, target)
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        line::read_reply(body)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(writer::write_reply(writer::OllamaEndpoint::Chat, events, context))
    }

    fn stream_reader(&self, detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(stream::reader(detail))
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(writer::LineWriter::new(writer::OllamaEndpoint::Chat, context)))
    }
}
