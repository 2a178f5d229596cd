//! Where Redis is.

use std::time::Duration;

/// Where Redis is, and how long to wait for it.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS.
    pub url: String,
    /// What every key begins with.
    pub prefix: String,
    /// The longest that one operation may take.
    pub timeout: Duration,
}

impl RedisSettings {
    /// Redis at that address, with the prefix `baton` and 50 ms for an operation.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: "baton".into(), timeout: Duration::from_millis(50) }
    }
}

impl std::fmt::Debug for RedisSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the address: it may hold a password.
        let (prefix, timeout) = (&self.prefix, &self.timeout);
        formatter
            .debug_struct("RedisSettings")
            .field("prefix", prefix)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
