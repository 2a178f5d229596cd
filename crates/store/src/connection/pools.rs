//! The open connections, and how many there may be.

use sea_orm::DatabaseConnection;
use std::time::Duration;

/// How many connections there are, and how long things may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pools {
    /// The most connections for lists, totals and snapshots.
    pub readers: u32,
    /// The most connections for records and changes. SQLite has one.
    pub writers: u32,
    /// How long a free connection is waited for, and a server that does not reply.
    pub acquire_timeout: Duration,
    /// How long PostgreSQL may take for a list or a total.
    pub statement_timeout: Duration,
}

/// The open connections.
pub(crate) struct Connection {
    pub reader: DatabaseConnection,
    pub writer: DatabaseConnection,
}

impl Default for Pools {
    fn default() -> Self {
        Self {
            readers: 4,
            writers: 4,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
        }
    }
}
