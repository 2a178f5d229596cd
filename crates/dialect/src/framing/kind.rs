//! The ways to cut a stream.

use baton_model::Dialect;

/// How a format cuts a stream into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON value a line.
    Ndjson,
}

impl Framing {
    /// The framing of a format's streams.
    pub fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAi | Dialect::Responses | Dialect::Anthropic => Self::Sse,
            Dialect::Ollama => Self::Ndjson,
        }
    }

    /// The media type of such a stream.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}
