//! What nodes share while they run, and may lose: the response cache, and notices.
//!
//! Both are promises without a place. A [`Cache`] is in this process ([`Memory`]), in [`Redis`], or in [`Shared`]:
//! Redis, and memory while it is away. [`Notices`] go through this process ([`InProcess`]) or through Redis. Values are
//! bytes, so that they can travel.
//!
//! Nobody waits for Redis: every operation has a hard timeout, and after failures a dead Redis is skipped until a probe
//! in the background finds it well again (`redis/link.rs`).
//!
//! To add something that nodes share: a trait here, a file for each place, a line for each place in `tests/it`.

mod memory;
mod notices;
mod redis;
mod shared;

pub use self::redis::{Health, Redis, RedisFault, RedisSettings};
pub use memory::Memory;
pub use notices::{InProcess, Notice, Notices};
pub use shared::Shared;

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
    fn size(&self) -> BoxFuture<'_, Size>;

    /// How the server fares that keeps the values; `None`: there is none.
    fn health(&self) -> Option<Health> {
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
pub struct Size {
    /// Values.
    pub entries: u64,
    /// Bytes, keys and tags included.
    pub bytes: u64,
}
