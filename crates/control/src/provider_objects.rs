//! What callers keep at providers: noted when it is made, so that only its owner comes to it, and at the right provider.

use baton_model::bounds::{self, Maximum};
use baton_model::entity::{Owner, ProviderObject, ProviderObjectKind};
use baton_model::{Caller, Clock, Code, ModelId, ProviderId, PublicError, Timestamp};
use baton_store::{QuotaWatch, Store, StoreError, StoredAmount};
use baton_tasks::{Pending, Writing, supervised};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

pub use baton_store::provider_objects::Near;

/// What callers keep at providers. Cheap to clone.
#[derive(Clone)]
pub struct ProviderObjects {
    store: Store,
    clock: Arc<dyn Clock>,
    quotas: ObjectQuotas,
    /// Objects on their way into the database: a client may ask for one as soon as its stream names it.
    unwritten: Pending<ProviderObject>,
    watch: QuotaWatch,
    tasks: TaskTracker,
}

/// How much a key may keep at providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectQuotas {
    /// Files; more are refused.
    pub files: u64,
    /// Batches, of each format; more are refused.
    pub batches: u64,
    /// Responses that Baton knows of; the oldest are forgotten.
    pub responses: u64,
}

impl Default for ObjectQuotas {
    fn default() -> Self {
        Self { files: 10_000, batches: 10_000, responses: 100_000 }
    }
}

/// Something that a provider has just made for a caller.
#[derive(Debug, Clone, Copy)]
pub struct NewProviderObject<'a> {
    /// What it is.
    pub kind: ProviderObjectKind,
    /// The provider's name for it.
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
        let (unwritten, watch, tasks) = (Pending::default(), QuotaWatch::default(), TaskTracker::new());
        Self { store, clock, quotas: ObjectQuotas::default(), unwritten, watch, tasks }
    }

    /// The same with these quotas.
    #[must_use]
    pub fn with_quotas(self, quotas: ObjectQuotas) -> Self {
        Self { quotas, ..self }
    }

    /// Whether a caller may have one more of that kind made: to be asked before a provider makes it.
    ///
    /// # Errors
    /// `invalid_request` if it has as many as it may; `overloaded` if the database does not respond.
    pub async fn check_quota(&self, caller: &Caller, kind: ProviderObjectKind) -> Result<(), PublicError> {
        let (most, words) = match kind {
            ProviderObjectKind::File => (self.quotas.files, "files"),
            ProviderObjectKind::Batch | ProviderObjectKind::MessageBatch => (self.quotas.batches, "batches"),
            // The oldest go instead: a client is not asked whether its responses are kept.
            ProviderObjectKind::Response => return Ok(()),
        };
        let kept = self.store.provider_objects().count_of(&Owner::of(caller), kind).await?;
        // Not exact: two requests at once may both find room. A quota keeps a key from filling the table, which one
        // more does not.
        if kept < most {
            return Ok(());
        }
        let message =
            format!("this key has {kept} {words}, the maximum is {most} (`quotas.{words}`): delete some of them");
        Err(PublicError::new(Code::InvalidRequest, message))
    }

    /// Notes what was made for a caller.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it; `conflict` if the provider gave that name before; `provider_error` for a
    /// name that is none.
    pub async fn note_object(
        &self,
        caller: &Caller,
        made: NewProviderObject<'_>,
    ) -> Result<ProviderObject, PublicError> {
        check_name(made.object).map_err(|problem| {
            let message = format!("`{}` returned an id that can't be stored: it {problem}", made.provider);
            PublicError::new(Code::ProviderError, message)
        })?;
        let entry = self.entry(caller, made);
        self.store.provider_objects().insert(&entry).await?;
        Ok(entry)
    }

    /// Notes in the background what was made for a caller; [`get`](Self::get) on this node finds it from now on. A stream
    /// must not wait for the database.
    pub fn keep_in_background(&self, caller: &Caller, made: NewProviderObject<'_>) {
        if let Err(problem) = check_name(made.object) {
            tracing::warn!(provider.id = %made.provider, "a provider returned an id that can't be stored: it {problem}");
            return;
        }
        let entry = self.entry(caller, made);
        // Visible before it is written: the client may ask for the object as soon as it has the reply.
        let writing = self.unwritten.begin(&entry.id, entry.clone());
        let this = self.clone();
        self.tasks.spawn(supervised("note_provider_object", async move { this.write(&entry, writing).await }));
    }

    /// Writes an object, unless it is forgotten meanwhile.
    async fn write(&self, entry: &ProviderObject, writing: Writing<ProviderObject>) {
        if writing.is_deleted() {
            return;
        }
        let unnoted = |error: StoreError| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(object.id = entry.object, error, "an object of a provider could not be recorded");
        };
        match self.store.provider_objects().insert(entry).await {
            Ok(()) => {}
            // A cached reply that is given again has the id that it had.
            Err(StoreError::Conflict { .. }) => return,
            Err(error) => return unnoted(error),
        }
        // Asked again: it may have been forgotten while it was on its way, when there was nothing to delete. Whoever
        // forgets it from here on finds it in the database.
        if writing.finish() {
            if let Err(error) = self.store.provider_objects().delete(&entry.id).await {
                unnoted(error);
            }
            return;
        }
        self.keep_within_quota(entry).await;
    }

    /// Lets Baton forget the oldest responses of an account that has too many.
    async fn keep_within_quota(&self, entry: &ProviderObject) {
        let quota = StoredAmount { number: self.quotas.responses, bytes: u64::MAX };
        let added = StoredAmount { number: 1, bytes: 0 };
        if entry.kind != ProviderObjectKind::Response || !self.watch.added(entry.owner.account(), added, quota) {
            return;
        }
        let shrunk = self.store.provider_objects().shrink(&entry.owner, entry.kind, self.quotas.responses).await;
        if let Err(error) = shrunk {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "records of old responses at providers could not be removed; Baton tries again");
        }
    }

    /// Waits until everything is written.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn entry(&self, caller: &Caller, made: NewProviderObject<'_>) -> ProviderObject {
        let NewProviderObject { kind, object, provider, model, expires_at } = made;
        ProviderObject {
            // An id of Baton's own: two providers may give the same name to different things.
            id: uuid::Uuid::now_v7().to_string(),
            object: object.to_owned(),
            kind,
            provider: provider.clone(),
            owner: Owner::of(caller),
            model: model.cloned(),
            made_by: None,
            created_at: self.clock.now(),
            expires_at,
        }
    }

    /// Notes what has come of something noted, for the same owner; what is noted already stays as it is.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn adopt_object(
        &self,
        parent: &ProviderObject,
        kind: ProviderObjectKind,
        object: &str,
    ) -> Result<(), PublicError> {
        if let Err(problem) = check_name(object) {
            tracing::warn!(provider.id = %parent.provider, "a provider returned an id that can't be stored: it {problem}");
            return Ok(());
        }
        let (id, object) = (uuid::Uuid::now_v7().to_string(), object.to_owned());
        let entry = ProviderObject {
            id,
            object,
            kind,
            made_by: Some(parent.object.clone()),
            expires_at: None,
            ..parent.clone()
        };
        match self.store.provider_objects().insert(&entry).await {
            // Each look at a batch names its files again.
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
        let unwritten = self.unwritten.all(|entry| entry.kind == kind && entry.object == object);
        let found = self.store.provider_objects().find(kind, object).await?;
        // One that was forgotten may be in the database for a moment all the same.
        let found = found.into_iter().filter(|entry| !self.unwritten.is_deleted(&entry.id));
        let own = unwritten.into_iter().chain(found).find(|entry| entry.owner.allows(caller));
        own.ok_or_else(|| {
            // Others' objects are reported as unknown, so that names can't be probed.
            let what = kind.name().replace('_', " ");
            PublicError::new(Code::NotFound, format!("unknown {what} `{object}` for this key"))
        })
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

    /// Forgets what a provider has thrown away, also what is still being written.
    ///
    /// # Errors
    /// `overloaded` if the database can't take it.
    pub async fn forget(&self, entry: &ProviderObject) -> Result<(), PublicError> {
        // First: a write that ends before the database is asked has written what is deleted then.
        self.unwritten.delete(&entry.id);
        Ok(self.store.provider_objects().delete(&entry.id).await?)
    }
}

/// Whether a name that a provider gave can be kept.
fn check_name(object: &str) -> Result<(), String> {
    Maximum::Bytes(bounds::ID).check(object)
}
