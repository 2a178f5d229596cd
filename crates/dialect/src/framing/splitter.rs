//! A stream cut into frames, whatever its format.

use super::kind::Framing;
use super::{TooLong, ndjson, sse};
use bytes::Bytes;

/// Cuts a stream of chunks into frames. Every byte that goes in comes out in exactly one frame, unchanged.
#[derive(Debug)]
pub enum Splitter {
    /// Server-sent events.
    Sse(sse::SseSplitter),
    /// Lines.
    Ndjson(ndjson::NdjsonSplitter),
}

impl Splitter {
    /// A splitter that refuses frames of more than `limit` bytes.
    pub fn new(framing: Framing, limit: usize) -> Self {
        match framing {
            Framing::Sse => Self::Sse(sse::SseSplitter::new(limit)),
            Framing::Ndjson => Self::Ndjson(ndjson::NdjsonSplitter::new(limit)),
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
