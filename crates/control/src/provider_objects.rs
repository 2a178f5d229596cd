//! What callers keep at providers: noted when it is made, so that only its owner comes to it, and at the right provider.

use baton_model::entity::{Owner, ProviderObject, ProviderObjectKind};
use baton_model::{Caller, Clock, Code, ModelId, ProviderId, PublicError, Timestamp};
use baton_store::{Store, StoreError};
use baton_tasks::supervised;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::task::TaskTracker;

pub use baton_store::provider_objects::Near;

/// What callers keep at providers. Cheap to clone.
#[derive(Clone)]
pub struct ProviderObjects {
    store: Store,
    clock: Arc<dyn Clock>,
    /// Objects on their way into the database: a client may ask for one as soon as its stream names it.
    unwritten: Arc<Mutex<Vec<ProviderObject>>>,
    tasks: TaskTracker,
}

/// Something that a provider has just made for a caller.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// What it is.
    pub kind: ProviderObjectKind,
    /// What the provider calls it.
    pub object: &'a str,
    /// Who keeps it.
    pub provider: &'a ProviderId,
    /// The model that it belongs to, if it belongs to one.
    pub model: Option<&'a ModelId>,
    /// When the provider throws it away, where it said so.
    pub expires_at: Option<Timestamp>,
}

impl ProviderObjects {
    /// The objects that this database knows.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, unwritten: Arc::default(), tasks: TaskTracker::new() }
    }

    /// Notes what was made for a caller.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it; `conflict` if the provider gave that name before.
    pub async fn keep(&self, caller: &Caller, made: Made<'_>) -> Result<ProviderObject, PublicError> {
        let entry = self.entry(caller, made);
        self.store.provider_objects().insert(&entry).await?;
        Ok(entry)
    }

    /// Notes in the background what was made for a caller; [`get`](Self::get) on this node finds it from now on. A stream
    /// must not wait for the database.
    pub fn keep_in_background(&self, caller: &Caller, made: Made<'_>) {
        let entry = self.entry(caller, made);
        // Visible before it is written: the client may ask for the object as soon as it has the reply.
        self.lock().push(entry.clone());
        let this = self.clone();
        self.tasks.spawn(supervised("note_provider_object", async move {
            // Also removed if writing panics: what nobody writes must not stay.
            let _written = Written { of: &this, id: &entry.id };
            match this.store.provider_objects().insert(&entry).await {
                // A cached reply that is given again has the id that it had.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(object.id = entry.object, error, "an object of a provider could not be noted");
                }
            }
        }));
    }

    /// Waits until everything is written.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn entry(&self, caller: &Caller, made: Made<'_>) -> ProviderObject {
        let Made { kind, object, provider, model, expires_at } = made;
        ProviderObject {
            id: uuid::Uuid::now_v7().to_string(),
            object: object.to_owned(),
            kind,
            provider: provider.clone(),
            owner: Owner::of(caller),
            model: model.cloned(),
            created_at: self.clock.now(),
            expires_at,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ProviderObject>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of that kind and name that are not in the database yet.
    fn unwritten(&self, kind: ProviderObjectKind, object: &str) -> Vec<ProviderObject> {
        self.lock().iter().filter(|entry| entry.kind == kind && entry.object == object).cloned().collect()
    }

    /// Notes what has come of something noted, for the same owner; what is noted already stays as it is.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn adopt(
        &self,
        parent: &ProviderObject,
        kind: ProviderObjectKind,
        object: &str,
    ) -> Result<(), PublicError> {
        let (id, object) = (uuid::Uuid::now_v7().to_string(), object.to_owned());
        let entry =
            ProviderObject { id, object, kind, created_at: self.clock.now(), expires_at: None, ..parent.clone() };
        match self.store.provider_objects().insert(&entry).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The one of that name, if the caller may see it: what belongs to others is not there.
    ///
    /// # Errors
    /// `not_found` with the name; `overloaded` if the database does not respond.
    pub async fn get(
        &self,
        caller: &Caller,
        kind: ProviderObjectKind,
        object: &str,
    ) -> Result<ProviderObject, PublicError> {
        // Read before the database: an entry that is written in between is found there.
        let unwritten = self.unwritten(kind, object);
        let found = self.store.provider_objects().find(kind, object).await?;
        let own = unwritten.into_iter().chain(found).find(|entry| entry.owner.lets(caller));
        own.ok_or_else(|| {
            // Others' objects are reported as unknown, so that names can't be probed.
            let what = kind.name().replace('_', " ");
            PublicError::new(Code::NotFound, format!("unknown {what} `{object}` for this key"))
        })
    }

    /// Whether anyone keeps something of that name.
    ///
    /// # Errors
    /// `overloaded` if the database does not respond.
    pub async fn is_known(&self, kind: ProviderObjectKind, object: &str) -> Result<bool, PublicError> {
        let unwritten = !self.unwritten(kind, object).is_empty();
        Ok(unwritten || !self.store.provider_objects().find(kind, object).await?.is_empty())
    }

    /// At most `limit` of that kind that the caller may see, newest first.
    ///
    /// # Errors
    /// `overloaded` if the database does not respond.
    pub async fn list(
        &self,
        caller: &Caller,
        kind: ProviderObjectKind,
        near: Near<'_>,
        limit: u64,
    ) -> Result<Vec<ProviderObject>, PublicError> {
        Ok(self.store.provider_objects().list(caller, kind, near, limit).await?)
    }

    /// Forgets what a provider has thrown away.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn forget(&self, entry: &ProviderObject) -> Result<(), PublicError> {
        Ok(self.store.provider_objects().delete(&entry.id).await?)
    }
}

/// Removes an object from those that are not written yet when dropped.
struct Written<'o> {
    of: &'o ProviderObjects,
    id: &'o str,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.of.lock().retain(|entry| entry.id != self.id);
    }
}
