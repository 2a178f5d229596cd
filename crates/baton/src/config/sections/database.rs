//! Where things are kept, and for how long.

use baton_conversations::{StoredAmount, StoredResponseBounds};
use baton_store::Pools;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The database for records and registrations.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSection {
    /// `sqlite:PATH` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` (version 15 or newer; `?sslmode=verify-full`
    /// and `sslrootcert` are supported; `postgresql+asyncpg://` is accepted too); by default `baton.db` in the data
    /// folder.
    pub url: Option<String>,
    /// The most connections for lists, totals and snapshots.
    #[schemars(extend("x-limit" = true))]
    pub readers: u32,
    /// The most connections for records and changes. SQLite has one.
    #[schemars(extend("x-limit" = true))]
    pub writers: u32,
    /// How long to wait for a free connection, or for a server that does not respond.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub acquire_timeout: Duration,
    /// How long PostgreSQL may take for a list or a total.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub statement_timeout: Duration,
}

impl Default for DatabaseSection {
    fn default() -> Self {
        let Pools { readers, writers, acquire_timeout, statement_timeout } = Pools::default();
        Self { url: None, readers, writers, acquire_timeout, statement_timeout }
    }
}

impl DatabaseSection {
    /// The connections.
    pub fn pools(&self) -> Pools {
        Pools {
            readers: self.readers,
            writers: self.writers,
            acquire_timeout: self.acquire_timeout,
            statement_timeout: self.statement_timeout,
        }
    }
}

/// The ledger, and its journal in the data folder.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerSection {
    /// The most bytes that may wait for the database; at this size, requests are refused.
    #[schemars(extend("x-limit" = true))]
    pub max_journal_bytes: u64,
    /// Whether every record is synced to the disk before the client sees the end of its reply. A killed process loses
    /// nothing in either case; without it, a power failure may lose the last moments.
    pub sync: bool,
    /// How long records are kept (`400d`); absent: for ever. PostgreSQL drops whole months, when the whole month is
    /// older.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>")]
    pub retention: Option<Duration>,
}

impl Default for LedgerSection {
    fn default() -> Self {
        Self { max_journal_bytes: 1 << 30, sync: false, retention: None }
    }
}

/// The stream of events.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventsSection {
    /// How long events are stored.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub keep: Duration,
}

impl Default for EventsSection {
    fn default() -> Self {
        Self { keep: Duration::from_secs(7 * 24 * 3600) }
    }
}

/// Responses (OpenAI's `/v1/responses`) of models whose provider does not store them: Baton stores them itself, unless
/// a request has `"store": false`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResponsesSection {
    /// How long responses are stored; `0s`: they are not stored.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub keep: Duration,
    /// The longest conversation that is stored, in bytes. The reply of a longer one has `"store": false`.
    #[schemars(extend("x-limit" = true))]
    pub max_bytes: usize,
}

impl Default for ResponsesSection {
    fn default() -> Self {
        let StoredResponseBounds { keep, max_bytes, quota: _ } = StoredResponseBounds::default();
        Self { keep, max_bytes }
    }
}

impl ResponsesSection {
    /// The same for what keeps them, with the most that one key keeps.
    pub fn bounds(&self, quota: StoredAmount) -> StoredResponseBounds {
        StoredResponseBounds { keep: self.keep, max_bytes: self.max_bytes, quota }
    }
}
