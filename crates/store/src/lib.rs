//! The database: tables, migrations, and a repository for each thing kept there.
//!
//! Nothing but this crate knows SQL. Entities, migrations and queries are portable; what belongs to one database alone
//! stands in `connection` and `partitions.rs`. The hot path never comes here: models and keys are read into snapshots, records arrive in
//! batches from a journal.
//!
//! - [`Store::models`], [`Store::keys`], [`Store::providers`], [`Store::projects`], [`Store::webhooks`],
//!   [`Store::settings`]: what is registered;
//! - [`Store::change`]: a change of that, with its events and its entry in the audit log, as one transaction;
//! - [`Store::ledger`]: what happened: [`Ledger::write`] is idempotent by request id;
//! - [`Store::events`], [`Store::audit`]: what is told of all that;
//! - [`Store::commands`], [`Store::leases`]: what nodes agree on;
//! - [`Store::provider_objects`]: what callers keep at providers;
//! - [`Store::stored_responses`]: responses that Baton keeps itself;
//! - [`copy`]: moves everything to another database;
//! - [`record`]: a request's record as JSON, for the journal and the API.
//!
//! To add a table: an entity, a migration at the end of `migration`'s list, a repository, a line in `copy`.

pub mod audit;
mod change;
pub mod commands;
mod connection;
pub mod copy;
mod counters;
mod entity;
mod error;
pub mod events;
pub mod feedback;
mod json;
pub mod keys;
mod leases;
pub mod ledger;
mod migration;
pub mod models;
mod partitions;
mod place;
pub mod projects;
pub mod provider_objects;
pub mod providers;
pub mod record;
mod settings;
pub mod stored_responses;
pub mod webhooks;

pub use audit::{Audit, NewAudit};
pub use baton_model::ApiKey;
pub use change::Change;
pub use commands::{Claim, Commands};
pub use connection::{Pools, masked};
pub use error::StoreError;
pub use events::{Events, NewEvent, StoredEvent};
pub use feedback::{Feedback, FeedbackEntry};
pub use keys::Keys;
pub use leases::Leases;
pub use ledger::Ledger;
pub use models::Models;
pub use projects::{Project, Projects};
pub use provider_objects::ProviderObjects;
pub use providers::{Providers, RegisteredProvider};
pub use settings::Settings;
pub use stored_responses::StoredResponses;
pub use webhooks::{Webhook, Webhooks};

use baton_model::{Actor, Clock, SystemClock};
use connection::Connection;
use place::Place;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::sync::Arc;

/// The database. Cheap to clone; all clones share its connections.
#[derive(Clone)]
pub struct Store {
    connection: Arc<Connection>,
    node: Arc<str>,
    clock: Arc<dyn Clock>,
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
        Ok(Self { connection, node: Arc::from(format!("baton-{}", new_id())), clock: Arc::new(SystemClock) })
    }

    /// The same store for the node of that name: it is the source of events and the holder of commands. No two
    /// processes may have the same name; without one it is a random one. Times of events and of the audit log come from
    /// `clock`.
    pub fn named(self, node: &str, clock: Arc<dyn Clock>) -> Self {
        Self { node: Arc::from(node), clock, ..self }
    }

    /// The name of the node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Brings the tables to the state that this program knows; does nothing if they are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] if a newer program has changed them already: running on would lose what it keeps there;
    /// [`StoreError::Denied`] if that takes a right that the database's user lacks.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migration::run(self.writer()).await?;
        if let Err(error) = self.ledger().prepare(self.clock.now()).await {
            // Records go elsewhere then, and nothing is lost.
            tracing::warn!(%error, "the ledger's parts for the coming months could not be made");
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

    /// Whether the database answers, for readiness.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from answering.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader().execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Begins a change of what is registered, made by somebody. See [`Change`].
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing.
    pub async fn change(&self, by: &Actor) -> Result<Change, StoreError> {
        Change::begin(self, by).await
    }

    /// How many changes have been committed, on whichever node. Asked *before* reading what is registered, it tells
    /// later whether that has to be read again.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        counters::get(self.reader(), counters::REVISION).await
    }

    /// Registered models.
    pub fn models(&self) -> Models<'_> {
        Models { place: Place::Store(self) }
    }

    /// API keys.
    pub fn keys(&self) -> Keys<'_> {
        Keys { place: Place::Store(self) }
    }

    /// Registered providers.
    pub fn providers(&self) -> Providers<'_> {
        Providers { place: Place::Store(self) }
    }

    /// Projects.
    pub fn projects(&self) -> Projects<'_> {
        Projects { place: Place::Store(self) }
    }

    /// Webhooks, and what is on its way to them.
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks { place: Place::Store(self) }
    }

    /// What was said of answers.
    pub fn feedback(&self) -> Feedback<'_> {
        Feedback { place: Place::Store(self) }
    }

    /// Events.
    pub fn events(&self) -> Events<'_> {
        Events { store: self }
    }

    /// The audit log.
    pub fn audit(&self) -> Audit<'_> {
        Audit { store: self }
    }

    /// Commands of the bus.
    pub fn commands(&self) -> Commands<'_> {
        Commands { store: self }
    }

    /// Work that one node does at a time.
    pub fn leases(&self) -> Leases<'_> {
        Leases { store: self }
    }

    /// Records of requests.
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger { store: self }
    }

    /// What callers keep at providers.
    pub fn provider_objects(&self) -> ProviderObjects<'_> {
        ProviderObjects { store: self }
    }

    /// The responses that Baton keeps itself.
    pub fn stored_responses(&self) -> StoredResponses<'_> {
        StoredResponses { store: self }
    }

    /// Small values of the service's own.
    pub fn settings(&self) -> Settings<'_> {
        Settings { place: Place::Store(self) }
    }

    /// Waits for what is under way and closes the connections.
    pub async fn close(&self) {
        self.connection.close().await;
    }

    fn reader(&self) -> &DatabaseConnection {
        &self.connection.reader
    }

    fn writer(&self) -> &DatabaseConnection {
        &self.connection.writer
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("node", &self.node).finish_non_exhaustive()
    }
}

/// A new id: ids of one process sort by time.
fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// For insertions: what is there already stays. A violated key would end the whole transaction on PostgreSQL.
fn keep() -> OnConflict {
    OnConflict::new().do_nothing().to_owned()
}

/// What came of an insertion with [`keep`]: `taken` says what was there already.
fn inserted(rows: u64, taken: impl FnOnce() -> String) -> Result<(), StoreError> {
    if rows > 0 { Ok(()) } else { Err(StoreError::conflict(taken())) }
}

/// The rows that can be read; the others are logged.
fn readable<T>(rows: impl Iterator<Item = Result<T, StoreError>>) -> Vec<T> {
    let logged = rows.inspect(|row| {
        if let Err(error) = row {
            tracing::error!(%error, "a row was left out");
        }
    });
    logged.filter_map(Result::ok).collect()
}

/// A page of rows, of which one more than fits was asked for, and the cursor of the next.
fn page<T>(mut rows: Vec<T>, limit: u64, cursor: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}
