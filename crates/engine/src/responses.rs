//! Responses that Baton keeps itself, for clients of OpenAI's responses whose model is at a provider that keeps none.

use crate::directory::told;
use baton_model::entity::{KeptResponse, Owner};
use baton_model::{Caller, Clock, Code, ModelId, PublicError, Timestamp};
use baton_store::Store;
use std::sync::Arc;
use std::time::Duration;

/// How long responses are kept, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long; zero: none are kept.
    pub keep: Duration,
    /// The longest conversation that is kept, in bytes.
    pub max_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { keep: Duration::from_secs(30 * 24 * 3600), max_bytes: 8 << 20 }
    }
}

/// Responses that Baton keeps itself. Cheap to clone.
#[derive(Clone)]
pub struct Responses {
    store: Store,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
}

impl Responses {
    /// The responses in this database.
    pub fn new(store: Store, clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        Self { store, clock, bounds }
    }

    /// Whether one is kept whose conversation has so many bytes.
    pub fn takes(&self, bytes: usize) -> bool {
        !self.bounds.keep.is_zero() && bytes <= self.bounds.max_bytes
    }

    /// Keeps one, with the input that led to it: a JSON array.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn keep(
        &self,
        caller: &Caller,
        model: &ModelId,
        id: String,
        input: String,
        response: String,
    ) -> Result<(), PublicError> {
        let now = self.clock.now();
        let lives = i64::try_from(self.bounds.keep.as_micros()).unwrap_or(i64::MAX);
        let kept = KeptResponse {
            id,
            owner: Owner::of(caller),
            model: model.clone(),
            input,
            response,
            created_at: now,
            expires_at: Timestamp(now.0.saturating_add(lives)),
        };
        self.store.kept_responses().insert(&kept).await.map_err(told)
    }

    /// The one of that id; `None` if Baton keeps none of it.
    ///
    /// # Errors
    /// `not_found` if it belongs to another; `overloaded` if the database does not answer.
    pub async fn find(&self, caller: &Caller, id: &str) -> Result<Option<KeptResponse>, PublicError> {
        match self.store.kept_responses().get(id, self.clock.now()).await.map_err(told)? {
            Some(kept) if !kept.owner.lets(caller) => {
                Err(PublicError::new(Code::NotFound, format!("there is no response `{id}` for this key")))
            }
            found => Ok(found),
        }
    }

    /// Forgets one.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn forget(&self, id: &str) -> Result<(), PublicError> {
        self.store.kept_responses().delete(id).await.map_err(told)
    }
}
