//! The connections that every repository works on.

use crate::connection::Connection;
use baton_model::Clock;
use sea_orm::DatabaseConnection;
use std::sync::Arc;

/// The open database, and who uses it. Repositories hold this and not the [`Store`](crate::Store) that makes them, so
/// that none of them depends on all others.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) connection: Arc<Connection>,
    /// The source of events and the holder of commands.
    pub(crate) node: Arc<str>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Database {
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.connection.reader
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.connection.writer
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("node", &self.node).finish_non_exhaustive()
    }
}
