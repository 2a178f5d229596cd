//! Whether rules that call their counts exact are believed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So many counts in a row that are right make a rule believed again.
const RIGHT_IN_A_ROW: u32 = 1_000;

/// What replies say of a model's rules. A rule is believed from the beginning: recorded replies confirm it.
#[derive(Debug, Default)]
pub(super) struct Trust(Mutex<HashMap<&'static str, u32>>);

impl Trust {
    /// Whether the counts of a rule are exact, as far as is known.
    pub(super) fn believes(&self, rule: &str) -> bool {
        // Only rules that were wrong are remembered, so there is mostly nothing to look up.
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(rule)
    }

    /// A reply said whether a count was right.
    pub(super) fn learn(&self, rule: &'static str, right: bool) {
        let mut doubted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match doubted.get_mut(rule) {
            _ if !right => drop(doubted.insert(rule, 0)),
            Some(in_a_row) => {
                *in_a_row += 1;
                if *in_a_row >= RIGHT_IN_A_ROW {
                    doubted.remove(rule);
                }
            }
            None => {}
        }
    }
}
