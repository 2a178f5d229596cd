//! What a counter of a policy says.

use baton_model::Timestamp;
use std::sync::Arc;

/// What a counter of a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterReading {
    /// The value that the counter is for, by the fields of the scope: `[("user", "ann")]`.
    pub values: Vec<(&'static str, Arc<str>)>,
    /// The most that it may come to now: nano-dollars, tokens or requests.
    pub limit: u64,
    /// Settled in the present period or window.
    pub spent: u64,
    /// Reserved by requests under way.
    pub reserved: u64,
    /// When the period ends; `None`: never, or at every moment.
    pub resets_at: Option<Timestamp>,
}

/// What a counter says, beside what the ledger does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCount {
    /// The value that the counter is for, by the fields of the scope.
    pub values: Vec<(&'static str, Arc<str>)>,
    /// Settled in the present period or window, by the counter.
    pub spent: u64,
    /// The same by the ledger.
    pub ledger: u64,
}

impl VerifiedCount {
    /// Whether both say the same.
    pub fn is_consistent(&self) -> bool {
        self.spent == self.ledger
    }
}

impl CounterReading {
    /// What is left.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.spent).saturating_sub(self.reserved)
    }
}
