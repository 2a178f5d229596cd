//! What the keys of a model have in common: for keys of which nothing is known yet.

use indexmap::IndexMap;
use std::sync::Arc;

/// How many keys that agree with the first estimate are taken to be there from the beginning. So many, and each key
/// [bounded](LARGEST), make that no key moves the estimates of the others by more than two percent.
const IMAGINED_KEYS: f64 = 25.0;
/// The most that a key says, as a logarithm: 65 percent more.
const LARGEST: f64 = 0.5;
/// From so many numbers on a key counts fully.
const CONVINCING: f64 = 8.0;
/// How much of the mean of a key is left after one more number.
const REMEMBERED: f64 = 0.95;
/// Of how many keys something is remembered; the one heard of longest ago goes.
const KEYS: usize = 1_000;

/// How far estimates are off, over all keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SharedRatio {
    keys: IndexMap<Arc<str>, KeyRatio>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct KeyRatio {
    /// The mean of the logarithms of reported over estimated.
    logarithm: f64,
    /// Of how many numbers.
    seen: f64,
}

impl SharedRatio {
    /// A key's prompt had that many times the tokens of the first estimate.
    pub fn learn(&mut self, key: &Arc<str>, ratio: f64) {
        if !(ratio.is_finite() && ratio > 0.0) {
            return;
        }
        let logarithm = ratio.ln().clamp(-LARGEST, LARGEST);
        // Taken out and put last: the order is that of the last number.
        let mut known = self.keys.shift_remove(key).unwrap_or_default();
        known.seen = known.seen * REMEMBERED + 1.0;
        known.logarithm += (logarithm - known.logarithm) / known.seen;
        if self.keys.len() >= KEYS {
            self.keys.shift_remove_index(0);
        }
        self.keys.insert(Arc::clone(key), known);
    }

    /// By what a first estimate is to be multiplied.
    pub fn factor(&self) -> f64 {
        let said = self.keys.values().map(|key| key.logarithm * (key.seen / CONVINCING).min(1.0)).sum::<f64>();
        (said / (IMAGINED_KEYS + self.keys.len() as f64)).exp()
    }
}
