//! The formats in which clients may talk.

use baton_dialect::{error, native};
use baton_model::{Dialect, PublicError};
use bytes::Bytes;

/// A client API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Baton's own: OpenAI's shapes, with a few fields more and an envelope around the reply.
    Native,
    /// OpenAI's.
    OpenAi,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's.
    Anthropic,
    /// Ollama's own.
    Ollama,
}

impl Door {
    /// The name in records, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::OpenAi => "openai",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// The format of bodies and replies, inside the envelope if there is one.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Native | Self::OpenAi => Dialect::OpenAi,
            Self::Responses => Dialect::Responses,
            Self::Anthropic => Dialect::Anthropic,
            Self::Ollama => Dialect::Ollama,
        }
    }

    /// The status with which this door tells an error; as a function that a call can carry.
    pub fn status(self) -> fn(&PublicError) -> u16 {
        match self {
            Self::Native => |error| Self::Native.error(error, "").0,
            Self::OpenAi => |error| Self::OpenAi.error(error, "").0,
            Self::Responses => |error| Self::Responses.error(error, "").0,
            Self::Anthropic => |error| Self::Anthropic.error(error, "").0,
            Self::Ollama => |error| Self::Ollama.error(error, "").0,
        }
    }

    /// An error as this door's clients know it: status and JSON body.
    pub fn error(self, error: &PublicError, request_id: &str) -> (u16, Bytes) {
        match self {
            Self::Native => {
                let reply = native::write_error(error, request_id);
                (reply.status, reply.body.into())
            }
            Self::OpenAi | Self::Responses | Self::Anthropic | Self::Ollama => match &error.upstream {
                // The provider's own words, if it speaks the client's language.
                Some(upstream) if upstream.dialect == self.dialect() => (upstream.status, upstream.body.clone()),
                _ => {
                    let reply = error::write(self.dialect(), error, request_id);
                    (reply.status, reply.body.into())
                }
            },
        }
    }
}
