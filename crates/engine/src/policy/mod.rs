//! Budgets and limits: which are in force, and which a request has to keep to.

mod calendar;
mod set;

pub use calendar::is_time_zone;
pub use set::{Policies, PolicySet};

use baton_model::Timestamp;
use std::sync::Arc;

/// What a counter of a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterReading {
    /// The value that the counter is for, by the fields of the scope that have several: `[("user", "ann")]`.
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

impl CounterReading {
    /// What is left.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.spent).saturating_sub(self.reserved)
    }
}
