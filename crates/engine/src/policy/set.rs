//! The policies in force, swapped as a whole.

use arc_swap::ArcSwap;
use baton_model::entity::{Budget, RateLimit};
use std::sync::Arc;

/// The policies in force. Readers take a set and keep it for a whole request.
#[derive(Default)]
pub struct Policies {
    set: ArcSwap<PolicySet>,
}

impl Policies {
    /// What is in force now.
    pub fn set(&self) -> Arc<PolicySet> {
        self.set.load_full()
    }

    /// Puts another set in force; requests under way keep the one they took.
    pub fn replace(&self, set: PolicySet) {
        self.set.store(Arc::new(set));
    }
}

/// Policies at one moment.
#[derive(Default)]
pub struct PolicySet {
    budgets: Vec<Arc<Budget>>,
    limits: Vec<Arc<RateLimit>>,
}

impl PolicySet {
    /// These policies. Each id is there once; the budget of a time zone that nobody knows counts in UTC.
    pub fn new(budgets: impl IntoIterator<Item = Budget>, limits: impl IntoIterator<Item = RateLimit>) -> Self {
        Self {
            budgets: budgets.into_iter().map(Arc::new).collect(),
            limits: limits.into_iter().map(Arc::new).collect(),
        }
    }

    /// The budgets.
    pub fn budgets(&self) -> &[Arc<Budget>] {
        &self.budgets
    }

    /// The limits.
    pub fn limits(&self) -> &[Arc<RateLimit>] {
        &self.limits
    }
}
