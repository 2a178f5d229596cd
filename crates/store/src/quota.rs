//! How much an account keeps, and when that is counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredAmount {
    /// How many.
    pub number: u64,
    /// Bytes of all of them together.
    pub bytes: u64,
}

/// Accounts that are remembered; beyond these all are counted anew.
const ACCOUNTS: usize = 10_000;

/// When it has to be counted what an account keeps: not while it can't have become more than a hundredth too much since
/// the last time, so that keeping one thing costs the same however many there are. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct QuotaWatch(Arc<Mutex<HashMap<String, StoredAmount>>>);

impl QuotaWatch {
    /// Something was added to an account that may keep so much. Whether it has to be counted now.
    pub fn added(&self, account: String, added: StoredAmount, quota: StoredAmount) -> bool {
        // Only hints are kept here, so a panic of another holder does no harm.
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if since.len() >= ACCOUNTS {
            since.clear();
        }
        // What came before the first time is not known.
        let first = !since.contains_key(&account);
        let sum = since.entry(account).or_default();
        sum.number = sum.number.saturating_add(added.number);
        sum.bytes = sum.bytes.saturating_add(added.bytes);
        let due = first || sum.number > quota.number / 100 || sum.bytes > quota.bytes / 100;
        if due {
            *sum = StoredAmount::default();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_once_a_hundredth() {
        let (watch, quota) = (QuotaWatch::default(), StoredAmount { number: 300, bytes: 10_000 });
        let due = |number, bytes| watch.added("a".into(), StoredAmount { number, bytes }, quota);
        assert_eq!(
            [(1, 1); 9].map(|(number, bytes)| due(number, bytes)),
            [true, false, false, false, true, false, false, false, true]
        );
        assert!(due(1, 101) && !due(1, 100));
        let small = StoredAmount { number: 3, bytes: u64::MAX };
        assert!((0..9).all(|_| watch.added("b".into(), StoredAmount { number: 1, bytes: 1 }, small)));
    }
}
