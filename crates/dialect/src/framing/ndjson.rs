//! Frames.

use super::TooLong;
use bytes::Bytes;

/// Cuts chunks into frames.
#[derive(Debug)]
pub struct Splitter {
    limit: usize,
}

impl Splitter {
    /// A splitter that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// Takes a chunk; the frames that are complete now are appended to `frames`.
    ///
    /// # Errors
    /// If a frame is larger than the limit.
    pub fn push(&mut self, chunk: Bytes, frames: &mut Vec<Bytes>) -> Result<(), TooLong> {
        if chunk.len() > self.limit {
            return Err(TooLong { limit: self.limit });
        }
        frames.push(chunk);
        Ok(())
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> Option<Bytes> {
        None
    }
}
