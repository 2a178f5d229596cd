//! Values that are kept for a while, wherever that is.

use bytes::Bytes;
use futures::future::BoxFuture;
use std::time::Duration;

/// Bytes kept for a while. Losing one at any time is allowed; returning a stale or another key's value is not.
pub trait Cache: Send + Sync {
    /// The value, if it is there and has not expired.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>>;

    /// Keeps a value for `ttl`, marked with `tags` by which it can be purged.
    fn set(&self, key: String, value: Bytes, ttl: Duration, tags: Vec<String>) -> BoxFuture<'_, ()>;

    /// Forgets every value that has the tag, or all.
    fn purge<'a>(&'a self, tag: Option<&'a str>) -> BoxFuture<'a, Purged>;

    /// How much is kept in this process.
    fn size(&self) -> BoxFuture<'_, CacheSize>;

    /// How the server fares that keeps the values; `None`: there is none.
    fn health(&self) -> Option<CacheHealth> {
        None
    }
}

/// What a purge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// How many values were forgotten. Redis also counts those that had expired or been replaced since.
    pub entries: u64,
    /// Whether all were. If not, what nodes share could not be reached, and still has them.
    pub complete: bool,
}

/// How much a cache keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheSize {
    /// Values.
    pub entries: u64,
    /// Bytes, keys and tags included.
    pub bytes: u64,
}

/// How Redis fares, seen from this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheHealth {
    /// Whether it is used at present; if not, it is skipped and probed.
    pub up: bool,
    /// Operations that failed since the start. What was skipped is none.
    pub errors: u64,
}
