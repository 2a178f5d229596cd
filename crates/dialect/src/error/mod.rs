//! Errors in each format: read from providers, written for clients.

pub(crate) mod context_length;
pub(crate) mod openai_shape;
mod reply;

pub use reply::ErrorReply;

use crate::{anthropic, ollama};
use baton_model::fault::UpstreamError;
use baton_model::{Dialect, PublicError};

/// What a provider's error reply means. `body` may be anything: HTML, empty, cut.
pub fn read(dialect: Dialect, status: u16, body: &[u8]) -> UpstreamError {
    match dialect {
        Dialect::OpenAi | Dialect::Responses => openai_shape::read(status, body),
        Dialect::Anthropic => anthropic::error::read(status, body),
        Dialect::Ollama => ollama::error::read(status, body),
    }
}

/// An error in the shape, status and words of a client's format.
pub fn write(dialect: Dialect, error: &PublicError, request_id: &str) -> ErrorReply {
    match dialect {
        Dialect::OpenAi | Dialect::Responses => openai_shape::write(error, request_id),
        Dialect::Anthropic => anthropic::error::write(error, request_id),
        Dialect::Ollama => ollama::error::write(error, request_id),
    }
}
