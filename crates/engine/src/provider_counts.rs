//! Counts that providers gave, so that a prompt that is tried again is not counted again.

use baton_model::Model;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many counts are kept.
const KEPT: usize = 512;

/// The latest counts of providers, by model and prompt.
#[derive(Default)]
pub struct ProviderCounts(Mutex<Latest>);

#[derive(Default)]
struct Latest {
    tokens: HashMap<CountKey, u64>,
    /// The keys from the oldest on.
    order: VecDeque<CountKey>,
}

/// A prompt for a model. A cryptographic hash, so that nobody can make two prompts share a count.
pub type CountKey = [u8; 32];

impl ProviderCounts {
    /// The key of a body for a model.
    pub fn key(model: &Model, body: &[u8]) -> CountKey {
        let mut hash = Sha256::new();
        // The length keeps a name and a body apart.
        hash.update((model.upstream.len() as u64).to_le_bytes());
        hash.update(&model.upstream);
        hash.update(model.provider.as_str());
        hash.update(body);
        hash.finalize().into()
    }

    /// The count of a prompt.
    pub fn get(&self, key: &CountKey) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).tokens.get(key).copied()
    }

    /// Keeps a count, in place of the oldest if there are too many.
    pub fn insert(&self, key: CountKey, tokens: u64) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.tokens.insert(key, tokens).is_none() {
            latest.order.push_back(key);
        }
        while latest.order.len() > KEPT {
            if let Some(oldest) = latest.order.pop_front() {
                latest.tokens.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, ProviderCounts};
    use baton_model::Model;

    #[test]
    fn the_oldest_count_makes_room() {
        let (counts, model) = (ProviderCounts::default(), Model::new("claude", "anthropic"));
        let key = |place: usize| ProviderCounts::key(&model, place.to_string().as_bytes());
        for place in 0..=KEPT {
            counts.insert(key(place), place as u64);
        }
        assert_eq!(
            (counts.get(&key(0)), counts.get(&key(1)), counts.get(&key(KEPT))),
            (None, Some(1), Some(KEPT as u64))
        );
        assert_ne!(key(1), ProviderCounts::key(&Model::new("other", "anthropic"), b"1"));
    }
}
