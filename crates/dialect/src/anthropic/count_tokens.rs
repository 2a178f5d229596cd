//! The exact length of a prompt: `POST /v1/messages/count_tokens`.
//!
//! Reference: Anthropic API reference, count message tokens: a messages request without the options about the answer,
//! answered by `{"input_tokens": n}`.

use super::request::{self, Purpose};
use crate::json::{self, Node, object};
use crate::{ReadError, Written};
use baton_model::{ChatRequest, Target};

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
pub fn write_request(request: &ChatRequest, target: &Target) -> Result<Written, ReadError> {
    request::write(request, target, Purpose::Count)
}

/// Reads a provider's answer, in tokens.
///
/// # Errors
/// If it is not of the format.
pub fn read_reply(body: &[u8]) -> Result<u64, ReadError> {
    json::read(body, |root| root.require("input_tokens").and_then(Node::integer))
}

/// Writes an answer for a client.
pub fn write_reply(input_tokens: u64) -> Written {
    Written::json(object(|o| {
        o.integer("input_tokens", input_tokens);
    }))
}
