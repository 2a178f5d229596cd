//! The last responses of a connection, so that they can be gone on from although nothing stores them.

use baton_dialect::responses::context::Items;
use baton_engine::Hold;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// The most responses that are remembered: one for each lane that may be under way.
const RESPONSES: usize = 8;
/// The most of them together, in bytes.
const BYTES: usize = 16 << 20;

/// The last responses of one connection.
#[derive(Default)]
pub(super) struct Memory(Mutex<VecDeque<Remembered>>);

struct Remembered {
    id: String,
    /// All that was said, the reply included.
    items: Items,
    bytes: usize,
    _hold: Hold,
}

impl Memory {
    /// All that was said up to a response, if it is remembered.
    pub(super) fn find(&self, id: &str) -> Option<Items> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.iter().find(|response| response.id == id).map(|response| response.items.clone())
    }

    /// Remembers a response, for which the memory was taken.
    pub(super) fn keep(&self, id: String, items: Items, hold: Hold) {
        let bytes = items.iter().map(str::len).sum();
        if bytes > BYTES {
            return;
        }
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.push_back(Remembered { id, items, bytes, _hold: hold });
        // The newest stays: it is what is gone on from, mostly.
        while remembered.len() > RESPONSES || remembered.iter().map(|response| response.bytes).sum::<usize>() > BYTES {
            remembered.pop_front();
        }
    }
}
