//! The entries of the ledger's journal: starts and ends of requests in a compact form, each in a frame.
//!
//! A journal outlives the process that wrote it, so one of an earlier version is read too: `compact` says how fields are
//! added, and `line` reads what was written before there were frames.

mod compact;
mod entry;
mod fields;
mod frame;
mod line;
mod reader;
mod start;

pub use entry::{EncodedStart, JournalEntry, write_end, write_start};
pub use reader::{JournalFormat, JournalPiece, JournalReader};
pub use start::{RequestStart, ReservedUsage};

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;
