//! What callers keep at providers: noted when it is made, so that only its owner comes to it, and at the right provider.

use crate::directory::told;
use baton_model::entity::{Holding, HoldingKind, Owner};
use baton_model::{Caller, Clock, Code, ModelId, ProviderId, PublicError, Timestamp};
use baton_store::Store;
use std::sync::Arc;

pub use baton_store::holdings::Near;

/// What callers keep at providers. Cheap to clone.
#[derive(Clone)]
pub struct Holdings {
    store: Store,
    clock: Arc<dyn Clock>,
}

/// Something that a provider has just made for a caller.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// What it is.
    pub kind: HoldingKind,
    /// What the provider calls it.
    pub object: &'a str,
    /// Who keeps it.
    pub provider: &'a ProviderId,
    /// The model that it belongs to, if it belongs to one.
    pub model: Option<&'a ModelId>,
    /// When the provider throws it away, where it said so.
    pub expires_at: Option<Timestamp>,
}

impl Holdings {
    /// The holdings that this database notes.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Notes what was made for a caller.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it; `conflict` if the provider gave that name before.
    pub async fn keep(&self, caller: &Caller, made: Made<'_>) -> Result<Holding, PublicError> {
        let Made { kind, object, provider, model, expires_at } = made;
        let holding = Holding {
            id: uuid::Uuid::now_v7().to_string(),
            object: object.to_owned(),
            kind,
            provider: provider.clone(),
            owner: Owner::of(caller),
            model: model.cloned(),
            created_at: self.clock.now(),
            expires_at,
        };
        self.store.holdings().insert(&holding).await.map_err(told)?;
        Ok(holding)
    }

    /// Notes what has come of something noted, for the same owner; what is noted already stays as it is.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn adopt(&self, parent: &Holding, kind: HoldingKind, object: &str) -> Result<(), PublicError> {
        let (id, object) = (uuid::Uuid::now_v7().to_string(), object.to_owned());
        let holding = Holding { id, object, kind, created_at: self.clock.now(), expires_at: None, ..parent.clone() };
        match self.store.holdings().insert(&holding).await.map_err(told) {
            Err(error) if error.code != Code::Conflict => Err(error),
            _ => Ok(()),
        }
    }

    /// The one of that name, if the caller may see it: what belongs to others is not there.
    ///
    /// # Errors
    /// `not_found` with the name; `overloaded` if the database does not answer.
    pub async fn get(&self, caller: &Caller, kind: HoldingKind, object: &str) -> Result<Holding, PublicError> {
        let found = self.store.holdings().find(kind, object).await.map_err(told)?;
        let own = found.into_iter().find(|holding| holding.owner.lets(caller));
        own.ok_or_else(|| {
            let what = kind.name().replace('_', " ");
            PublicError::new(Code::NotFound, format!("there is no {what} `{object}` for this key"))
        })
    }

    /// Whether anyone keeps something of that name.
    ///
    /// # Errors
    /// `overloaded` if the database does not answer.
    pub async fn is_known(&self, kind: HoldingKind, object: &str) -> Result<bool, PublicError> {
        Ok(!self.store.holdings().find(kind, object).await.map_err(told)?.is_empty())
    }

    /// At most `limit` of that kind that the caller may see, newest first.
    ///
    /// # Errors
    /// `overloaded` if the database does not answer.
    pub async fn list(
        &self,
        caller: &Caller,
        kind: HoldingKind,
        near: Near<'_>,
        limit: u64,
    ) -> Result<Vec<Holding>, PublicError> {
        self.store.holdings().list(caller, kind, near, limit).await.map_err(told)
    }

    /// Forgets what a provider has thrown away.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn forget(&self, holding: &Holding) -> Result<(), PublicError> {
        self.store.holdings().delete(&holding.id).await.map_err(told)
    }
}
