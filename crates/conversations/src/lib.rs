//! Responses that Baton stores itself (OpenAI API reference, responses), for clients whose model is at a provider that
//! stores none. They can be asked for again and gone on from, with any model.
//!
//! Storing never delays a stream: a response that ends one is written in the background, and found here meanwhile.
//!
//! What is *not* here: the format of responses (`baton-dialect`), and responses that a provider stores
//! (`baton-control`, provider objects).

use baton_model::entity::{Owner, StoredResponse};
use baton_model::{Caller, Clock, Code, ModelId, PublicError, Timestamp};
use baton_store::Store;
use baton_tasks::supervised;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How long responses are stored, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long; zero: none are stored.
    pub keep: Duration,
    /// The longest conversation that is stored, in bytes.
    pub max_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { keep: Duration::from_secs(30 * 24 * 3600), max_bytes: 8 << 20 }
    }
}

/// Responses that Baton stores itself. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    store: Store,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    /// Responses on their way into the database, by id: a client may ask for one as soon as its stream ends.
    unwritten: Arc<Mutex<HashMap<String, StoredResponse>>>,
    tasks: TaskTracker,
}

impl Conversations {
    /// The responses in this database.
    pub fn new(store: Store, clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        Self { store, clock, bounds, unwritten: Arc::default(), tasks: TaskTracker::new() }
    }

    /// Whether a response is stored whose conversation has so many bytes.
    pub fn takes(&self, bytes: usize) -> bool {
        !self.bounds.keep.is_zero() && bytes <= self.bounds.max_bytes
    }

    /// Stores a response, with the input that led to it: a JSON array.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn store(
        &self,
        caller: &Caller,
        model: &ModelId,
        id: String,
        input: String,
        response: String,
    ) -> Result<(), PublicError> {
        let stored = self.entry(caller, model, id, input, response);
        Ok(self.store.stored_responses().insert(&stored).await?)
    }

    /// Stores a response in the background. From now on [`find`](Self::find) on this node finds it; one that can't be
    /// written is lost, with a warning in the log, because its client has its reply already.
    pub fn store_in_background(&self, caller: &Caller, model: &ModelId, id: String, input: String, response: String) {
        let stored = self.entry(caller, model, id.clone(), input, response);
        // Visible before it is written: the next request of the conversation may arrive first.
        self.lock().insert(id.clone(), stored.clone());
        let this = self.clone();
        self.tasks.spawn(supervised("store_response", async move {
            // Also removed if writing panics: what nobody writes must not stay.
            let _written = Written { of: &this, id: &id };
            if let Err(error) = this.store.stored_responses().insert(&stored).await {
                tracing::warn!(
                    response.id = id,
                    error = &error as &dyn std::error::Error,
                    "a response could not be stored"
                );
            }
        }));
    }

    /// The stored response of that id; `None` if Baton has none of it.
    ///
    /// # Errors
    /// `not_found` if it belongs to another; `overloaded` if the database does not respond.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Option<StoredResponse>, PublicError> {
        // Read before the database: an entry that is written in between is found there.
        let unwritten = self.lock().get(id).cloned();
        let found = match unwritten {
            Some(found) => Some(found),
            None => self.store.stored_responses().get(id, self.clock.now()).await?,
        };
        match found {
            // Reported as unknown, so that ids of other callers can't be probed.
            Some(stored) if !stored.owner.lets(caller) => {
                Err(PublicError::new(Code::NotFound, format!("unknown response `{id}` for this key")))
            }
            found => Ok(found),
        }
    }

    /// Deletes one.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn delete(&self, id: &str) -> Result<(), PublicError> {
        Ok(self.store.stored_responses().delete(id).await?)
    }

    /// Waits until everything is written.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
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

    fn lock(&self) -> MutexGuard<'_, HashMap<String, StoredResponse>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a response from those that are not written yet when dropped.
struct Written<'c> {
    of: &'c Conversations,
    id: &'c str,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.of.lock().remove(self.id);
    }
}
