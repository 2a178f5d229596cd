//! Cutting bytes into frames, and changing a few places in a JSON body.
//!
//! - [`sse`]: server-sent events (OpenAI, Anthropic);
//! - [`ndjson`]: one JSON value a line (Ollama);
//! - [`splice`]: the scan over a body's top level, and edits that keep every other byte.

pub mod ndjson;
pub mod splice;
pub mod sse;

use baton_model::Dialect;
use bytes::Bytes;

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

/// Cuts a stream of chunks into frames. Every byte that goes in comes out in exactly one frame, unchanged.
#[derive(Debug)]
pub enum Splitter {
    /// Server-sent events.
    Sse(sse::Splitter),
    /// Lines.
    Ndjson(ndjson::Splitter),
}

impl Splitter {
    /// A splitter that refuses frames of more than `limit` bytes.
    pub fn new(framing: Framing, limit: usize) -> Self {
        match framing {
            Framing::Sse => Self::Sse(sse::Splitter::new(limit)),
            Framing::Ndjson => Self::Ndjson(ndjson::Splitter::new(limit)),
        }
    }

    /// Takes a chunk; the frames that are complete now are appended to `frames`.
    ///
    /// # Errors
    /// If a frame is larger than the limit.
    pub fn push(&mut self, chunk: Bytes, frames: &mut Vec<Bytes>) -> Result<(), TooLong> {
        match self {
            Self::Sse(splitter) => splitter.push(chunk, frames),
            Self::Ndjson(splitter) => splitter.push(chunk, frames),
        }
    }

    /// What is left at the end: an unfinished frame, if any.
    pub fn finish(&mut self) -> Option<Bytes> {
        match self {
            Self::Sse(splitter) => splitter.finish(),
            Self::Ndjson(splitter) => splitter.finish(),
        }
    }
}

/// A frame larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the stream is larger than {limit} bytes")]
pub struct TooLong {
    /// The limit in bytes.
    pub limit: usize,
}
