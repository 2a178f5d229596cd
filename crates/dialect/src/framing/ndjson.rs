//! One JSON value a line.

use super::TooLong;
use bytes::{Bytes, BytesMut};
use memchr::memchr;

/// Cuts chunks into frames: a line with its `\n`. A blank line is a frame too; readers pass over it. A frame that lies
/// within one chunk is not copied, and no byte is looked at twice.
#[derive(Debug)]
pub struct NdjsonSplitter {
    limit: usize,
    /// The beginning of a line whose end has not come.
    pending: BytesMut,
}

impl NdjsonSplitter {
    /// A splitter that refuses frames of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, pending: BytesMut::new() }
    }

    /// Takes a chunk; the frames that are complete now are appended to `frames`.
    ///
    /// # Errors
    /// If a frame is larger than the limit.
    pub fn push(&mut self, mut chunk: Bytes, frames: &mut Vec<Bytes>) -> Result<(), TooLong> {
        while let Some(end) = memchr(b'\n', &chunk) {
            let line = chunk.split_to(end + 1);
            // Before copying, so that an endless line takes no more memory than the limit.
            self.check(line.len())?;
            if self.pending.is_empty() {
                frames.push(line);
            } else {
                self.pending.extend_from_slice(&line);
                frames.push(self.pending.split().freeze());
            }
        }
        self.check(chunk.len())?;
        self.pending.extend_from_slice(&chunk);
        Ok(())
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> Option<Bytes> {
        Some(self.pending.split().freeze()).filter(|rest| !rest.is_empty())
    }

    fn check(&self, more: usize) -> Result<(), TooLong> {
        if self.pending.len() + more > self.limit { Err(TooLong { limit: self.limit }) } else { Ok(()) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Bytes> {
        let (mut splitter, mut frames) = (NdjsonSplitter::new(usize::MAX), Vec::new());
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk), &mut frames).unwrap();
        }
        frames.extend(splitter.finish());
        frames
    }

    #[test]
    fn frames_are_lines() {
        assert_eq!(split([&b"{}\r\n"[..], b"\n{\"a\"", b":1}"]), ["{}\r\n", "\n", "{\"a\":1}"]);
    }

    #[test]
    fn a_line_has_a_limit() {
        let (mut splitter, mut frames) = (NdjsonSplitter::new(4), Vec::new());
        assert!(splitter.push(Bytes::from_static(b"123"), &mut frames).is_ok());
        assert_eq!(splitter.push(Bytes::from_static(b"45"), &mut frames), Err(TooLong { limit: 4 }));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_frames(input in "[a\n]{0,20}", size in 1_usize..6) {
            let whole = split([input.as_bytes()]);
            prop_assert_eq!(whole.concat(), input.as_bytes());
            prop_assert_eq!(split(input.as_bytes().chunks(size)), whole);
        }
    }
}
