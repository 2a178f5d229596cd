//! Reads the entries of a segment, whoever wrote it and whatever has become of it.

use super::entry::JournalEntry;
use super::frame::{self, Frame};
use super::line;

/// How the entries of a segment are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalFormat {
    /// Lines of an earlier version.
    Lines,
    /// Frames.
    Frames,
}

/// Reads entries one after the other.
#[derive(Debug)]
pub struct JournalReader<'b> {
    bytes: &'b [u8],
    format: JournalFormat,
    /// Whether the bytes reach the end of a segment that grows no more: what is unfinished there is damaged.
    to_the_end: bool,
    /// How far it has read.
    place: usize,
}

/// What a reader finds.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalPiece {
    /// An entry.
    Entry(JournalEntry),
    /// Bytes that are none, or an entry that this version can't read.
    Damage,
}

// === impl JournalFormat ===

impl JournalFormat {
    /// Of the segment that begins so.
    pub fn detect(bytes: &[u8]) -> Self {
        // Both are asked, because the beginning of either may be damaged.
        if !line::begins_line(bytes) && frame::has_mark(bytes) { Self::Frames } else { Self::Lines }
    }
}

// === impl JournalReader ===

impl<'b> JournalReader<'b> {
    /// Over these bytes of a segment. `to_the_end`: they reach the end of one that grows no more.
    pub fn new(bytes: &'b [u8], format: JournalFormat, to_the_end: bool) -> Self {
        Self { bytes, format, to_the_end, place: 0 }
    }

    /// How far it has read. What is left is unfinished.
    pub fn place(&self) -> usize {
        self.place
    }

    fn next_line(&mut self, rest: &[u8]) -> Option<JournalPiece> {
        // A line without its end is still being written, or was when its process was killed.
        let length = rest.iter().position(|byte| *byte == b'\n')? + 1;
        self.place += length;
        Some(rest.get(..length).and_then(line::read).map_or(JournalPiece::Damage, JournalPiece::Entry))
    }

    fn next_frame(&mut self, rest: &[u8]) -> Option<JournalPiece> {
        let (length, piece) = match frame::read(rest) {
            Frame::Whole { kind, payload, length } => {
                // A checksum that is right on what can't be read: a newer version wrote it.
                (length, JournalEntry::read(kind, payload).map_or(JournalPiece::Damage, JournalPiece::Entry))
            }
            Frame::Unfinished if !self.to_the_end => return None,
            Frame::Unfinished | Frame::Damaged => (frame::next_mark(rest), JournalPiece::Damage),
        };
        self.place += length;
        Some(piece)
    }
}

impl Iterator for JournalReader<'_> {
    type Item = JournalPiece;

    fn next(&mut self) -> Option<JournalPiece> {
        let bytes = self.bytes;
        let rest = bytes.get(self.place..).filter(|rest| !rest.is_empty())?;
        match self.format {
            JournalFormat::Lines => self.next_line(rest),
            JournalFormat::Frames => self.next_frame(rest),
        }
    }
}
