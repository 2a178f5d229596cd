//! Which models were used without a price, for who tells others of it.

use baton_model::record::AttemptRecord;
use baton_model::{Cost, ModelId, ProviderId, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// The models that were used without a price since that was last asked: never more than there are models.
#[derive(Default)]
pub struct UnpricedUses {
    waiting: Mutex<BTreeMap<(ProviderId, ModelId), UnpricedUse>>,
    arrived: Notify,
}

/// The first use of a model without a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpricedUse {
    /// When.
    pub at: Timestamp,
    /// Why it has no price, for people.
    pub reason: String,
}

impl UnpricedUses {
    /// Notes an attempt, if nobody knows what it cost. This is on the way of requests: it waits for nobody.
    pub(crate) fn note(&self, attempt: &AttemptRecord) {
        let (Cost::Unpriced, Some(reason)) = (attempt.cost, &attempt.unpriced) else { return };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let first = || UnpricedUse { at: attempt.started, reason: reason.clone() };
        waiting.entry((attempt.provider.clone(), attempt.model.clone())).or_insert_with(first);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Takes what there is, perhaps nothing.
    pub fn take(&self) -> BTreeMap<(ProviderId, ModelId), UnpricedUse> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns when there may be something.
    pub async fn wait_for_uses(&self) {
        self.arrived.notified().await;
    }
}
