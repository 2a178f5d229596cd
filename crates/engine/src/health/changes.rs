//! Circuits that opened or closed, for who tells others of it.

use super::circuit::{Circuit, ModelError};
use baton_model::{ModelId, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A circuit that opened or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitChange {
    /// When.
    pub at: Timestamp,
    /// Open or closed.
    pub circuit: Circuit,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// The error that opened it.
    pub last_error: Option<ModelError>,
}

/// The last change of each model that nobody has taken yet: never more than there are models.
#[derive(Default)]
pub struct CircuitChanges {
    waiting: Mutex<BTreeMap<ModelId, CircuitChange>>,
    arrived: Notify,
}

impl CircuitChanges {
    /// Notes a change. This is on the way of requests: it waits for nobody.
    pub fn note(&self, model: &ModelId, change: CircuitChange) {
        // The latest change replaces an earlier one: who reads late wants the present state.
        self.lock_changes().insert(model.clone(), change);
        self.arrived.notify_one();
    }

    /// The model is no more.
    pub fn forget(&self, model: &ModelId) {
        self.lock_changes().remove(model);
    }

    /// Takes what there is, perhaps nothing.
    pub fn take(&self) -> BTreeMap<ModelId, CircuitChange> {
        std::mem::take(&mut *self.lock_changes())
    }

    /// Returns when there may be something.
    pub async fn wait_for_changes(&self) {
        self.arrived.notified().await;
    }

    fn lock_changes(&self) -> MutexGuard<'_, BTreeMap<ModelId, CircuitChange>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
