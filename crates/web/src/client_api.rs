//! The APIs that clients talk.

use baton_dialect::{error, native};
use baton_model::fault::UpstreamBody;
use baton_model::{Dialect, PublicError};

/// A client-facing API in one format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientApi {
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

impl ClientApi {
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

    /// The HTTP status of an error in this API; as a function that a call can carry.
    pub fn status(self) -> fn(&PublicError) -> u16 {
        match self {
            Self::Native => |error| Self::Native.error(error, "").status,
            Self::OpenAi => |error| Self::OpenAi.error(error, "").status,
            Self::Responses => |error| Self::Responses.error(error, "").status,
            Self::Anthropic => |error| Self::Anthropic.error(error, "").status,
            Self::Ollama => |error| Self::Ollama.error(error, "").status,
        }
    }

    /// An error as this API's clients know it: the provider's own body, if it is of the client's format.
    pub fn error(self, error: &PublicError, request_id: &str) -> UpstreamBody {
        let reply = match (self, &error.upstream) {
            // Baton's own API has its own error shape, so a provider's body never passes through it.
            (Self::Native, _) => native::write_error(error, request_id),
            (_, Some(upstream)) if upstream.dialect == self.dialect() => {
                // Some services say an error with status 200. SDKs would take it for a reply without content.
                let status = if upstream.status < 400 { self.own_status(error) } else { upstream.status };
                return UpstreamBody { status, ..upstream.clone() };
            }
            _ => error::write(self.dialect(), error, request_id),
        };
        UpstreamBody::json(self.dialect(), reply.status, reply.body.into())
    }

    /// The status that the error has here whatever the provider's was.
    fn own_status(self, error: &PublicError) -> u16 {
        error::write(self.dialect(), &PublicError { upstream: None, ..error.clone() }, "").status
    }
}
