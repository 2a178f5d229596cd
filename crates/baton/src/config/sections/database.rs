//! Where things are kept, and for how long.

use baton_conversations::{StoredAmount, StoredResponseBounds};
use baton_store::Pools;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Where records and registrations are kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSection {
    /// `sqlite:PATH` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` (version 15 or newer; `?sslmode=verify-full`
    /// and `sslrootcert` as elsewhere; `postgresql+asyncpg://` too); by default `baton.db` in the data folder.
    pub url: Option<String>,
    /// The most connections for lists, totals and snapshots.
    #[schemars(extend("x-limit" = true))]
    pub readers: u32,
    /// The most connections for records and changes. SQLite has one.
    #[schemars(extend("x-limit" = true))]
    pub writers: u32,
    /// How long a free connection is waited for, and a server that does not respond.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub acquire_timeout: Duration,
    /// How long PostgreSQL may work on a list or total.
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
    /// The most bytes that may wait for the database; when they are reached, requests are refused.
    #[schemars(extend("x-limit" = true))]
    pub max_journal_bytes: u64,
    /// Whether every record is forced to the disk before the client sees the end of its reply. A killed process loses
    /// nothing either way; a power cut may cost the last moments without it.
    pub sync: bool,
    /// How long records are kept (`400d`); absent: for ever. PostgreSQL drops whole months, once all of a month is older.
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
    /// How long events are kept for those who read them later.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub keep: Duration,
}

impl Default for EventsSection {
    fn default() -> Self {
        Self { keep: Duration::from_secs(7 * 24 * 3600) }
    }
}

/// Responses (OpenAI's `/v1/responses`) of models whose provider keeps none: Baton keeps them itself, unless a request says
/// `"store": false`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResponsesSection {
    /// How long; `0s`: none are kept.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub keep: Duration,
    /// The longest conversation that is kept, in bytes. A longer one is not stored, and its reply says `"store": false`.
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
