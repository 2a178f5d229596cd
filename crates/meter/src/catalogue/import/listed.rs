//! A list of others, as it was read.

use super::super::entry::Entry;

/// A list of others, as it was read.
pub(super) struct Listed {
    /// The models of known vendors, by vendor and id.
    pub entries: Vec<Entry>,
    /// How many models were passed over.
    pub skipped: u64,
}
