//! Redis 7, over one connection.

mod cache;
mod fault;
mod link;
mod notices;

pub use fault::RedisFault;

use link::Link;
use std::sync::Arc;
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

/// How Redis fares, seen from this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Whether it is used at present; if not, it is skipped and probed.
    pub up: bool,
    /// Operations that failed since the start. What was skipped is none.
    pub errors: u64,
}

/// Redis. Clones share the one connection.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
}

impl Redis {
    /// Connects; if it can't, goes on trying in the background.
    ///
    /// # Errors
    /// If the address is none.
    pub async fn open(settings: RedisSettings) -> Result<Self, RedisFault> {
        Ok(Self { link: Link::open(settings).await? })
    }

    /// Whether it can be reached and does all that is asked of it; what it is.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn check(settings: &RedisSettings) -> Result<String, RedisFault> {
        link::check(settings).await
    }

    /// The number of the present outage, counted from the start; `None`: Redis is there.
    pub fn outage(&self) -> Option<u64> {
        self.link.outage()
    }
}
