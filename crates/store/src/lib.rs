//! The database: tables, migrations, and a repository for each thing kept there.
//!
//! Nothing but this crate knows SQL. Entities, migrations and queries are portable; what belongs to one database alone
//! stands in `connection.rs`. The hot path never comes here: models and keys are read into snapshots, records arrive in
//! batches from a journal.
//!
//! - [`Store::models`], [`Store::keys`], [`Store::settings`]: what is registered;
//! - [`Store::ledger`]: what happened: [`Ledger::write`] is idempotent by request id;
//! - [`record`]: a request's record as JSON, for the journal and the API.
//!
//! To add a table: an entity, a migration at the end of `migration`'s list, a repository.

mod connection;
mod entity;
mod error;
mod json;
pub mod keys;
pub mod ledger;
mod migration;
pub mod models;
pub mod record;
mod settings;

pub use error::StoreError;
pub use keys::{ApiKey, Keys};
pub use ledger::Ledger;
pub use models::Models;
pub use settings::Settings;

use connection::Connection;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::sync::Arc;

/// The database. Cheap to clone; all clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    connection: Arc<Connection>,
}

impl Store {
    /// Opens a database: `sqlite:data/baton.db` (folders and file are made; `?mode=ro` only reads), `sqlite::memory:`.
    /// Tables are made by [`Self::migrate`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Address`] for an address of another kind, [`StoreError::CannotOpen`] with the path and the reason.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self { connection: Arc::new(Connection::open(url).await?) })
    }

    /// Brings the tables to the state that this program knows; does nothing if they are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] if a newer program has changed them already: running on would lose what it keeps there.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migration::run(self.writer()).await
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

    /// Registered models.
    pub fn models(&self) -> Models<'_> {
        Models { store: self }
    }

    /// API keys.
    pub fn keys(&self) -> Keys<'_> {
        Keys { store: self }
    }

    /// Records of requests.
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger { store: self }
    }

    /// Small values of the service's own.
    pub fn settings(&self) -> Settings<'_> {
        Settings { store: self }
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
