//! Chat completions: `POST /v1/chat/completions`.
//!
//! Reference: OpenAI API reference, chat completions. What is special here:
//! - options stand at the top level ([`super::options`]), messages hold strings or typed parts;
//! - a message's own fields that only this format knows (`audio`, `function_call`, a vendor's `reasoning_details`) are
//!   a [`baton_model::chat::PartKind::Other`] whose JSON is an object without `type`: `{"audio": {…}}`;
//! - reasoning has no field in the reference; it is read and written in those that compatible services agree on:
//!   `reasoning_content` for people, `thinking_blocks` for signatures and encrypted reasoning.

mod messages_read;
mod messages_write;
mod own_members;
mod reasoning;
mod reply;
mod request;
mod rewrite;
mod tools;

pub(super) use reasoning::write_block;
pub(super) use reply::{
    Arguments, annotation, chat_finish_name, finish_name, read_finish, write_call, write_function_call, write_names,
    write_tail, write_tier,
};
pub(super) use rewrite::{ClientEndpoint, rewrite};
pub(crate) use tools::read as read_tools;

use super::stream;
use crate::{Codec, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use baton_model::{Body, Detail, Operation, ReplyEvent, Target};

/// The codec.
#[derive(Debug)]
pub struct OpenAiChatCodec;

impl Codec for OpenAiChatCodec {
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
        rewrite(body, target, ClientEndpoint::Chat)
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        stream::read_reply(body)
    }

    fn read_reply_facts(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        stream::read_reply_facts(body)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(reply::write(events, context)))
    }

    fn stream_reader(&self, detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(stream::reader(detail))
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(stream::ChatWriter::new(context)))
    }
}
