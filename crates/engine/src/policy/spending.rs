//! Which counters of budgets have changed, and which of limits are exceeded, for whoever tells of it.

use super::compiled::{Policy, PolicyCounter};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The counters of budgets that have changed since they were last taken, and those of limits that are exceeded.
#[derive(Default)]
pub struct SpendingChanges {
    changed: Mutex<HashMap<Arc<str>, SpendingChange>>,
    noted: Notify,
}

/// A counter of a budget that has changed, or of a limit that is exceeded.
#[derive(Debug, Clone)]
pub struct SpendingChange {
    /// The budget or limit.
    pub policy: Arc<Policy>,
    /// Which of its counters.
    pub counter: Arc<PolicyCounter>,
    /// Whether a request was refused for it, or exceeded it where it is soft.
    pub refused: bool,
}

impl SpendingChanges {
    /// Notes that a counter has changed.
    pub(super) fn note(&self, policy: &Arc<Policy>, counter: &Arc<PolicyCounter>, refused: bool) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let change = changed.entry(Arc::clone(&counter.name)).or_insert_with(|| SpendingChange {
            policy: Arc::clone(policy),
            counter: Arc::clone(counter),
            refused,
        });
        // The policy as it is now: it may have been changed since.
        change.policy = Arc::clone(policy);
        change.refused |= refused;
        drop(changed);
        self.noted.notify_one();
    }

    /// Resolves when something has changed.
    pub async fn wait_for_changes(&self) {
        self.noted.notified().await;
    }

    /// What has changed since this was last called.
    pub fn take(&self) -> Vec<SpendingChange> {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        changed.into_values().collect()
    }
}
