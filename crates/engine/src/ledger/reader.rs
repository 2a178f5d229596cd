//! Reading sums from the ledger, with all that is still on its way there.

use super::flush::FlushRequests;
use super::journal::Journal;
use baton_model::entity::Measure;
use baton_model::{Amounts, Clock, Timestamp};
use baton_store::ledger::{SpentQuery, SpentSum};
use baton_store::{Store, StoreError};
use std::sync::Arc;

/// Reads sums from the ledger. Cheap to clone.
#[derive(Clone)]
pub struct LedgerReader {
    pub(super) journal: Arc<Journal>,
    pub(super) flushes: Arc<FlushRequests>,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
}

impl LedgerReader {
    /// Waits until everything that this node has recorded so far is in the database: what an earlier process left behind too.
    pub async fn flush(&self) {
        // The queue is in order: when this is written, so is everything before it.
        let _ = self.journal.append(|_| ()).await;
        // A drain that is gone moves nothing any more.
        let _ = self.flushes.add().await;
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What was spent of a measure.
    ///
    /// # Errors
    /// If the database is unavailable.
    pub async fn spent(&self, query: &SpentQuery, measure: Measure) -> Result<Vec<SpentSum>, StoreError> {
        self.store.ledger().spent(query, measure).await
    }

    /// What attempts without a cost have used.
    ///
    /// # Errors
    /// If the database is unavailable.
    pub async fn unpriced(&self, query: &SpentQuery) -> Result<Amounts, StoreError> {
        self.store.ledger().unpriced(query).await
    }
}
