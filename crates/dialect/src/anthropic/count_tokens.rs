//! The exact length of a prompt: `POST /v1/messages/count_tokens`.
//!
//! Reference: Anthropic API reference, count message tokens: a messages request without the options about the reply,
//! whose reply is `{"input_tokens": n}`.

use super::purpose::Purpose;
use super::request;
use crate::json::{self, Node, object};
use crate::rename_model::rename_model;
use crate::{Codec, EncodedBody, ReadError, RewrittenRequest};
use baton_model::{Body, ChatRequest, Operation, ReplyEvent, Target};

/// The codec of the endpoint. Its replies are only passed through: a count that Baton makes itself is written by
/// [`write_reply`].
#[derive(Debug)]
pub(super) struct CountTokensCodec;

impl Codec for CountTokensCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        read_request(body).map(|request| Operation::Chat(Box::new(request)))
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Chat(request) => write_request(request, target),
            _ => Err(ReadError::wrong_operation("count")),
        }
    }

    /// The model's name alone: whatever else is changed would change what is counted.
    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        // Counting is free: the count must not become usage, which would be priced.
        self::read_reply(body).map(|_| vec![ReplyEvent::Ended])
    }
}

/// Reads a client's request.
///
/// # Errors
/// If it is not of the format: the field is named.
pub fn read_request(body: &[u8]) -> Result<ChatRequest, ReadError> {
    request::read(body)
}

/// Writes a request for a provider.
///
/// # Errors
/// If the target can't be asked so: a default of the model is not of its format, or the conversation ends with an
/// assistant's message that the model does not continue.
pub fn write_request(request: &ChatRequest, target: &Target) -> Result<EncodedBody, ReadError> {
    request::write(request, target, Purpose::Count)
}

/// Reads a provider's reply, in tokens.
///
/// # Errors
/// If it is not of the format.
pub fn read_reply(body: &[u8]) -> Result<u64, ReadError> {
    json::read(body, |root| root.require("input_tokens").and_then(Node::integer))
}

/// Writes a reply for a client.
pub fn write_reply(input_tokens: u64) -> EncodedBody {
    EncodedBody::json(object(|o| {
        o.integer("input_tokens", input_tokens);
    }))
}
