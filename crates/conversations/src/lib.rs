//! Responses that Baton stores itself (OpenAI API reference, responses), for clients whose model is at a provider that
//! stores none. They can be asked for again and gone on from, with any model.
//!
//! Storing never delays a stream: a response that ends one is written in the background, and found here meanwhile.
//!
//! What is *not* here: the format of responses (`baton-dialect`), and responses that a provider stores
//! (`baton-control`, provider objects).

use baton_model::entity::{Owner, StoredResponse};
use baton_model::{Caller, Clock, Code, ModelId, PublicError, Timestamp};
pub use baton_store::StoredAmount;
use baton_store::{QuotaWatch, Store, StoreError};
use baton_tasks::{Pending, PendingValue, Writing, supervised};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How long responses are stored, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredResponseBounds {
    /// How long; zero: none are stored.
    pub keep: Duration,
    /// The longest conversation that is stored, in bytes: what was said to the model, or its response.
    pub max_bytes: usize,
    /// The most that a key keeps, before its oldest go.
    pub quota: StoredAmount,
}

impl Default for StoredResponseBounds {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(30 * 24 * 3600),
            max_bytes: 8 << 20,
            quota: StoredAmount { number: 100_000, bytes: 1 << 30 },
        }
    }
}

/// Responses that Baton stores itself. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    store: Store,
    clock: Arc<dyn Clock>,
    bounds: StoredResponseBounds,
    /// Responses on their way into the database, by id: a client may ask for one as soon as its stream ends.
    unwritten: Pending<StoredResponse>,
    watch: QuotaWatch,
    tasks: TaskTracker,
}

impl Conversations {
    /// The responses in this database.
    pub fn new(store: Store, clock: Arc<dyn Clock>, bounds: StoredResponseBounds) -> Self {
        let (unwritten, watch) = (Pending::default(), QuotaWatch::default());
        Self { store, clock, bounds, unwritten, watch, tasks: TaskTracker::new() }
    }

    /// Whether a response is stored whose input, or which itself, has so many bytes.
    pub fn accepts_size(&self, bytes: usize) -> bool {
        !self.bounds.keep.is_zero() && bytes <= self.bounds.max_bytes
    }

    /// Stores a response, with the input that led to it: a JSON array.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it; `payload_too_large` if it is longer than [`Self::accepts_size`].
    pub async fn store(
        &self,
        caller: &Caller,
        model: &ModelId,
        id: String,
        input: String,
        response: String,
    ) -> Result<(), PublicError> {
        if !self.accepts_size(response.len()) {
            return Err(PublicError::new(Code::PayloadTooLarge, "the response is too long to be stored"));
        }
        let stored = self.entry(caller, model, id, input, response);
        self.store.stored_responses().insert(&stored).await?;
        // After the insertion: a response that could not be stored must not push another out.
        self.keep_within_quota(&stored).await;
        Ok(())
    }

    /// Stores a response in the background. From now on [`find`](Self::find) on this node finds it; one that can't be
    /// written is lost, with a warning in the log, because its client has its reply already.
    pub fn store_in_background(&self, caller: &Caller, model: &ModelId, id: String, input: String, response: String) {
        // The input was measured before the model was asked. How long the response would be was not known then.
        if !self.accepts_size(response.len()) {
            tracing::warn!(response.id = id, bytes = response.len(), "a response is too long to be stored");
            return;
        }
        let stored = self.entry(caller, model, id, input, response);
        // Visible before it is written: the next request of the conversation may arrive first.
        let writing = self.unwritten.begin(&stored.id, stored.clone());
        let this = self.clone();
        self.tasks.spawn(supervised("store_response", async move { this.write(&stored, writing).await }));
    }

    /// Writes a response, unless it is deleted meanwhile.
    async fn write(&self, stored: &StoredResponse, writing: Writing<StoredResponse>) {
        let unstored = |error: StoreError| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(response.id = stored.id, error, "a response could not be stored");
        };
        // Mostly this spares both the row and its deletion; the check that counts is `finish` below.
        if writing.is_deleted() {
            return;
        }
        if let Err(error) = self.store.stored_responses().insert(stored).await {
            return unstored(error);
        }
        // Asked again: it may have been deleted while it was on its way, when there was nothing to delete. Whoever
        // deletes it from here on finds it in the database.
        if writing.finish() {
            if let Err(error) = self.store.stored_responses().delete(&stored.id).await {
                unstored(error);
            }
            return;
        }
        self.keep_within_quota(stored).await;
    }

    /// The stored response of that id; `None` if Baton has none of it.
    ///
    /// # Errors
    /// `not_found` if it belongs to another; `overloaded` if the database does not respond.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Option<StoredResponse>, PublicError> {
        // Read before the database: an entry that is written in between is found there.
        let found = match self.unwritten.find(id) {
            PendingValue::Written(found) => Some(found),
            PendingValue::Deleted => None,
            PendingValue::Nowhere => self.store.stored_responses().get(id, self.clock.now()).await?,
        };
        match found {
            // Reported as unknown, so that ids of other callers can't be probed.
            Some(stored) if !stored.owner.allows(caller) => {
                Err(PublicError::new(Code::NotFound, format!("unknown response `{id}` for this key")))
            }
            found => Ok(found),
        }
    }

    /// Deletes one, also one that is still being written.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn delete(&self, id: &str) -> Result<(), PublicError> {
        // First: a write that ends before the database is asked has written what is deleted then.
        self.unwritten.delete(id);
        Ok(self.store.stored_responses().delete(id).await?)
    }

    /// Waits until everything is written.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Lets the oldest responses of an account go if it has too many.
    async fn keep_within_quota(&self, stored: &StoredResponse) {
        let account = stored.owner.account();
        let added = StoredAmount { number: 1, bytes: (stored.input.len() + stored.response.len()) as u64 };
        if !self.watch.added(account.clone(), added, self.bounds.quota) {
            return;
        }
        match self.store.stored_responses().shrink(&stored.owner, self.bounds.quota).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, account, "the oldest stored responses of an account were removed"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "old stored responses could not be removed; Baton tries again");
            }
        }
    }

    fn entry(&self, caller: &Caller, model: &ModelId, id: String, input: String, response: String) -> StoredResponse {
        let now = self.clock.now();
        // Saturating: the operator may ask for a time that no clock reaches.
        let lives = i64::try_from(self.bounds.keep.as_micros()).unwrap_or(i64::MAX);
        StoredResponse {
            id,
            owner: Owner::of(caller),
            model: model.clone(),
            input,
            response,
            created_at: now,
            expires_at: Timestamp(now.0.saturating_add(lives)),
        }
    }
}
