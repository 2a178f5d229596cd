//! A change of what is registered: everything it does happens together, or nothing of it.

use crate::audit::{self, NewAudit};
use crate::database::Database;
use crate::entity::{event, key};
use crate::events::{self, NewEvent};
use crate::scope::DatabaseScope;
use crate::{
    FeedbackRepository, KeyRepository, ModelRepository, PolicyRepository, PriceRepository, ProjectRepository,
    ProviderRepository, SettingRepository, StoreError, StoredPolicy, UserRepository, WebhookRepository, commands,
    connection, counters,
};
use baton_model::{Actor, Clock, KeyId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A unit of work under way: rows, the events that tell of them, and the entries of the audit log.
///
/// It begins with [`Store::change`](crate::Store::change) and takes effect with [`Self::commit`]; dropped, it has never been. Another change
/// may have to wait until then, so nothing slow belongs in between. Questions asked of the [`Store`](crate::Store) meanwhile don't see
/// it; those asked here do. After an error other than [`StoreError::NotFound`] and [`StoreError::Conflict`] nothing
/// but to drop it is left.
pub struct Change {
    transaction: DatabaseTransaction,
    by: Actor,
    node: Arc<str>,
    clock: Arc<dyn Clock>,
    touched: Touched,
}

/// What a change may have changed, for those who read again only that.
#[derive(Default)]
struct Touched {
    keys: AtomicBool,
    removed_keys: AtomicBool,
    others: AtomicBool,
}

impl Change {
    pub(crate) async fn begin(database: &Database, by: &Actor) -> Result<Self, StoreError> {
        let transaction = connection::begin(database.writer()).await?;
        Ok(Self {
            transaction,
            by: by.clone(),
            node: Arc::clone(&database.node),
            clock: Arc::clone(&database.clock),
            touched: Touched::default(),
        })
    }

    /// Who makes it.
    pub fn actor(&self) -> &Actor {
        &self.by
    }

    /// Registered models.
    pub fn models(&self) -> ModelRepository<'_> {
        self.touched.others.store(true, Ordering::Relaxed);
        ModelRepository { scope: self.scope() }
    }

    /// API keys.
    pub fn keys(&self) -> KeyRepository<'_> {
        self.touched.keys.store(true, Ordering::Relaxed);
        KeyRepository { scope: self.scope() }
    }

    /// Registered providers.
    pub fn providers(&self) -> ProviderRepository<'_> {
        self.touched.others.store(true, Ordering::Relaxed);
        ProviderRepository { scope: self.scope() }
    }

    /// Prices that the operator has set.
    pub fn prices(&self) -> PriceRepository<'_> {
        self.touched.others.store(true, Ordering::Relaxed);
        PriceRepository { scope: self.scope() }
    }

    /// The policies of a kind: budgets, or limits.
    pub fn policies<P: StoredPolicy>(&self) -> PolicyRepository<'_, P> {
        self.touched.others.store(true, Ordering::Relaxed);
        PolicyRepository { scope: self.scope(), of: PhantomData }
    }

    /// Projects.
    pub fn projects(&self) -> ProjectRepository<'_> {
        self.touched.others.store(true, Ordering::Relaxed);
        ProjectRepository { scope: self.scope() }
    }

    /// Users for whom something is set.
    pub fn users(&self) -> UserRepository<'_> {
        self.touched.others.store(true, Ordering::Relaxed);
        UserRepository { scope: self.scope() }
    }

    /// Webhooks.
    pub fn webhooks(&self) -> WebhookRepository<'_> {
        WebhookRepository { scope: self.scope() }
    }

    /// The feedback on replies.
    pub fn feedback(&self) -> FeedbackRepository<'_> {
        FeedbackRepository { scope: self.scope() }
    }

    /// Small values of the service's own.
    pub fn settings(&self) -> SettingRepository<'_> {
        SettingRepository { scope: self.scope() }
    }

    /// Tells others of it: the event is in the outbox once the change is committed, and only then. Returns its id.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn add_event(&self, event: NewEvent) -> Result<String, StoreError> {
        let row = events::row(event, &self.node, self.clock.now());
        let id = row.id.clone();
        events::insert(&self.transaction, vec![row]).await?;
        Ok(id)
    }

    /// Tells others of something that several nodes may see: of all that is told with the same `occasion`, one event is made,
    /// whichever node is first. Returns whether it is this one.
    ///
    /// That holds as long as the event is stored (`events.keep`). Who tells of longer times has to remember it besides.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn add_event_once(&self, event: NewEvent, occasion: &str) -> Result<bool, StoreError> {
        let id = events::id_of_occasion(event.kind, occasion);
        let row = event::Model { id, ..events::row(event, &self.node, self.clock.now()) };
        // Another transaction under way with the same id is waited for: what it did is known then.
        Ok(events::insert(&self.transaction, vec![row]).await? > 0)
    }

    /// Adds an entry to the audit log.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn audit(&self, entry: NewAudit) -> Result<(), StoreError> {
        audit::insert(&self.transaction, entry, &self.by, self.clock.now()).await
    }

    /// Removes a key for good. Its requests stay in the ledger under its id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn remove_key(&self, id: &KeyId) -> Result<(), StoreError> {
        self.touched.removed_keys.store(true, Ordering::Relaxed);
        self.keys().delete(id).await
    }

    /// Makes it true for everyone, and returns the revision that it has led to. A change that a command makes is noted
    /// with the command, so that it is not made again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if it is the work of a command that another node has taken over; whatever keeps the
    /// database from writing. Then nothing of it has happened.
    pub async fn commit(self) -> Result<u64, StoreError> {
        // Fails if another node has taken the command over: then all of the change is dropped with the transaction.
        self.note_effect().await?;
        // Last, because other changes wait for this row from here on.
        let revision = self.count().await?;
        self.transaction.commit().await?;
        Ok(revision)
    }

    /// The same for a change of nothing that nodes hold in snapshots (feedback, or events alone): the revision stays, so
    /// that none of them reads everything again.
    ///
    /// # Errors
    ///
    /// Those of [`Self::commit`].
    pub async fn commit_aside(self) -> Result<(), StoreError> {
        self.note_effect().await?;
        Ok(self.transaction.commit().await?)
    }

    /// Counts the change, under each heading that it has; the revision goes up by as many, so that whoever sees it go up by more
    /// knows of a program before an update, which counts nothing else.
    async fn count(&self) -> Result<u64, StoreError> {
        let Touched { keys, removed_keys, others } = &self.touched;
        let [keys, removed] = [keys, removed_keys].map(|touched| touched.load(Ordering::Relaxed));
        // What nothing says of itself is a change of the rest.
        let others = others.load(Ordering::Relaxed) || !keys;
        // First, because other changes wait for this row from here on, and so for all that follow.
        let by = u64::from(keys) + u64::from(others);
        let revision = counters::count_up(&self.transaction, counters::REVISION, by).await?;
        if keys {
            let number = counters::count_up(&self.transaction, counters::KEYS, 1).await?;
            key::Entity::update_many()
                .col_expr(key::Column::Revision, Expr::value(crate::json::integer(number)))
                .filter(key::Column::Revision.eq(key::PENDING))
                .exec(&self.transaction)
                .await?;
        }
        if removed {
            counters::count_up(&self.transaction, counters::REMOVED_KEYS, 1).await?;
        }
        if others {
            counters::count_up(&self.transaction, counters::OTHERS, 1).await?;
        }
        Ok(revision)
    }

    async fn note_effect(&self) -> Result<(), StoreError> {
        match &self.by.command {
            Some(command) => commands::note_effect(&self.transaction, command, &self.node).await,
            None => Ok(()),
        }
    }

    fn scope(&self) -> DatabaseScope<'_> {
        DatabaseScope::Change(&self.transaction)
    }
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("by", &self.by).finish_non_exhaustive()
    }
}
