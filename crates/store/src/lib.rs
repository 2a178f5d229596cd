//! The database: tables, migrations, and a repository for each thing kept there.
//!
//! Nothing but this crate knows SQL. Entities, migrations and queries are portable; what belongs to one database alone
//! stands in `connection` and `partitions.rs`. The hot path never comes here: models and keys are read into snapshots, records arrive in
//! batches from a journal.
//!
//! - [`Store::models`], [`Store::keys`], [`Store::providers`], [`Store::projects`], [`Store::users`], [`Store::webhooks`],
//!   [`Store::settings`]: what is registered;
//! - [`Store::change`]: a change of that, with its events and its entry in the audit log, as one transaction;
//! - [`Store::ledger`]: what happened: [`LedgerRepository::write`] is idempotent by request id;
//! - [`Store::events`], [`Store::audit`]: what is told of all that;
//! - [`Store::commands`], [`Store::leases`]: what nodes agree on;
//! - [`Store::provider_objects`]: what callers keep at providers;
//! - [`Store::learned_counts`]: how models count, as their replies have taught;
//! - [`Store::stored_responses`]: responses that Baton keeps itself;
//! - [`copy`]: moves everything to another database;
//! - [`backup`]: a copy of a SQLite database while it is used;
//! - [`record`]: a request's record as JSON, for the journal and the API.
//!
//! To add a table: an entity, a migration at the end of `migration`'s list, a repository, a line in `copy`.

pub mod audit;
pub mod backup;
mod belongs;
mod change;
pub mod commands;
mod connection;
pub mod copy;
mod counters;
mod database;
mod entity;
mod error;
pub mod events;
pub mod feedback;
mod json;
pub mod keys;
pub mod learned_counts;
mod leases;
pub mod ledger;
mod migration;
pub mod models;
mod partitions;
pub mod policies;
pub mod prices;
pub mod projects;
pub mod provider_objects;
pub mod providers;
mod quota;
pub mod record;
mod rows;
mod scope;
mod settings;
mod stored_event;
pub mod stored_responses;
pub mod users;
pub mod webhooks;

pub use audit::{AuditRepository, NewAudit};
pub use baton_model::ApiKey;
pub use change::Change;
pub use commands::{Claim, CommandRepository};
pub use connection::{DatabaseKind, Pools, database_kind, masked};
pub use error::StoreError;
pub use events::{EventFilter, EventRepository, NewEvent, Outbox};
pub use feedback::{FeedbackEntry, FeedbackRepository};
pub use keys::KeyRepository;
pub use learned_counts::{LearnedCount, LearnedCountRepository};
pub use leases::LeaseRepository;
pub use ledger::LedgerRepository;
pub use models::ModelRepository;
pub use policies::{PolicyRepository, StoredPolicy};
pub use prices::PriceRepository;
pub use projects::ProjectRepository;
pub use provider_objects::ProviderObjectRepository;
pub use providers::{ProviderRepository, RegisteredProvider};
pub use quota::{QuotaWatch, StoredAmount};
pub use settings::SettingRepository;
pub use stored_event::StoredEvent;
pub use stored_responses::StoredResponseRepository;
pub use users::UserRepository;
pub use webhooks::WebhookRepository;

use baton_model::entity::{Budget, RateLimit};
use baton_model::{Actor, Clock, SystemClock};
use connection::Connection;
use database::Database;
use scope::DatabaseScope;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use rows::{inserted, keep_existing, new_id, page, readable, take_fitting, weight};

/// How often what is registered has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revisions {
    /// All changes; those of a program before an update count here alone.
    pub all: u64,
    /// Changes of keys.
    pub keys: u64,
    /// Among them those that removed keys.
    pub removed_keys: u64,
    /// Changes of anything else.
    pub others: u64,
}

impl Revisions {
    /// Whether all changes since an earlier look are of this program, which says what they changed.
    pub fn explain_all_since(&self, earlier: &Self) -> bool {
        let since = |now: u64, before: u64| now.saturating_sub(before);
        since(self.all, earlier.all) == since(self.keys, earlier.keys) + since(self.others, earlier.others)
    }
}

/// The database. Cheap to clone; all clones share its connections.
#[derive(Clone)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens a database: `sqlite:data/baton.db` (folders and file are made; `?mode=ro` only reads), `sqlite::memory:`,
    /// `postgresql://…` (`postgresql+asyncpg://…` too). Tables are made by [`Self::migrate`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Address`] for an address of another kind, [`StoreError::CannotOpen`] with the path and the reason.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, &Pools::default()).await
    }

    /// Opens a database with so many connections and such timeouts.
    ///
    /// # Errors
    ///
    /// As for [`Self::open`].
    pub async fn open_with(url: &str, pools: &Pools) -> Result<Self, StoreError> {
        let connection = Arc::new(Connection::open(url, pools).await?);
        let node = Arc::from(format!("baton-{}", new_id()));
        Ok(Self { database: Database { connection, node, clock: Arc::new(SystemClock) } })
    }

    /// The same store for the node of that name: it is the source of events and the holder of commands. No two
    /// processes may have the same name; without one it is a random one. Times of events and of the audit log come from
    /// `clock`.
    pub fn for_node(self, node: &str, clock: Arc<dyn Clock>) -> Self {
        Self { database: Database { node: Arc::from(node), clock, ..self.database } }
    }

    /// The name of the node.
    pub fn node(&self) -> &str {
        &self.database.node
    }

    /// Brings the tables to the state that this program knows; does nothing if they are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] if a newer program has changed them already: running on would lose what it keeps there;
    /// [`StoreError::Denied`] if that takes a right that the database's user lacks.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migration::run(self.writer()).await?;
        if let Err(error) = self.ledger().prepare(self.database.clock.now()).await {
            // Records go elsewhere then, and nothing is lost.
            tracing::warn!(%error, "the ledger's partitions for the coming months could not be created");
        }
        Ok(())
    }

    /// Whether the tables are as this program knows them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] if a newer program has changed them.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        migration::is_done(self.reader()).await
    }

    /// Whether the database replies, for readiness.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader().execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Begins a change of what is registered, made by somebody. See [`Change`].
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn change(&self, by: &Actor) -> Result<Change, StoreError> {
        Change::begin(&self.database, by).await
    }

    /// How many changes have been committed, on whichever node. Asked *before* reading what is registered, it tells
    /// later whether that has to be read again.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        counters::get(self.reader(), counters::REVISION).await
    }

    /// The same, with what it is made of.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn revisions(&self) -> Result<Revisions, StoreError> {
        let [all, keys, removed_keys, others] = counters::get_all(
            self.reader(),
            [counters::REVISION, counters::KEYS, counters::REMOVED_KEYS, counters::OTHERS],
        )
        .await?;
        Ok(Revisions { all, keys, removed_keys, others })
    }

    /// Registered models.
    pub fn models(&self) -> ModelRepository<'_> {
        ModelRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// API keys.
    pub fn keys(&self) -> KeyRepository<'_> {
        KeyRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// Registered providers.
    pub fn providers(&self) -> ProviderRepository<'_> {
        ProviderRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// Prices that the operator has set.
    pub fn prices(&self) -> PriceRepository<'_> {
        PriceRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// Budgets.
    pub fn budgets(&self) -> PolicyRepository<'_, Budget> {
        self.policies()
    }

    /// Limits on rates.
    pub fn limits(&self) -> PolicyRepository<'_, RateLimit> {
        self.policies()
    }

    /// The policies of a kind.
    pub fn policies<P: StoredPolicy>(&self) -> PolicyRepository<'_, P> {
        PolicyRepository { scope: DatabaseScope::Database(&self.database), of: PhantomData }
    }

    /// Projects.
    pub fn projects(&self) -> ProjectRepository<'_> {
        ProjectRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// Users for whom something is set.
    pub fn users(&self) -> UserRepository<'_> {
        UserRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// Webhooks, and what is on its way to them.
    pub fn webhooks(&self) -> WebhookRepository<'_> {
        WebhookRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// What was said of replies.
    pub fn feedback(&self) -> FeedbackRepository<'_> {
        FeedbackRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// Events.
    pub fn events(&self) -> EventRepository<'_> {
        EventRepository { database: &self.database }
    }

    /// The audit log.
    pub fn audit(&self) -> AuditRepository<'_> {
        AuditRepository { database: &self.database }
    }

    /// Commands of the bus.
    pub fn commands(&self) -> CommandRepository<'_> {
        CommandRepository { database: &self.database }
    }

    /// Work that one node does at a time.
    pub fn leases(&self) -> LeaseRepository<'_> {
        LeaseRepository { database: &self.database }
    }

    /// Records of requests.
    pub fn ledger(&self) -> LedgerRepository<'_> {
        LedgerRepository { database: &self.database }
    }

    /// What callers keep at providers.
    pub fn provider_objects(&self) -> ProviderObjectRepository<'_> {
        ProviderObjectRepository { database: &self.database }
    }

    /// How models count, as their replies have taught.
    pub fn learned_counts(&self) -> LearnedCountRepository<'_> {
        LearnedCountRepository { database: &self.database }
    }

    /// Responses that Baton keeps itself.
    pub fn stored_responses(&self) -> StoredResponseRepository<'_> {
        StoredResponseRepository { database: &self.database }
    }

    /// Small values of the service's own.
    pub fn settings(&self) -> SettingRepository<'_> {
        SettingRepository { scope: DatabaseScope::Database(&self.database) }
    }

    /// Waits for what is under way and closes the connections.
    pub async fn close(&self) {
        self.database.connection.close().await;
    }

    fn reader(&self) -> &DatabaseConnection {
        self.database.reader()
    }

    fn writer(&self) -> &DatabaseConnection {
        self.database.writer()
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("node", &self.database.node).finish_non_exhaustive()
    }
}
