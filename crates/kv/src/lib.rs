//! What nodes share while they run: today the response cache; counters, buckets and leases belong here too.
//!
//! A [`Cache`] is a promise without a place: [`Memory`] keeps it in this process, and an engine that nodes share can
//! take its place without a caller noticing. Values are bytes, so that they can travel.

mod memory;

pub use memory::Memory;

use bytes::Bytes;
use futures::future::BoxFuture;
use std::time::Duration;

/// Bytes kept for a while. Losing one at any time is allowed; returning a stale or another key's value is not.
pub trait Cache: Send + Sync {
    /// The value, if it is there and has not expired.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>>;

    /// Keeps a value for `ttl`, marked with `tags` by which it can be purged.
    fn set(&self, key: String, value: Bytes, ttl: Duration, tags: Vec<String>) -> BoxFuture<'_, ()>;

    /// Forgets every value that has the tag, or all; how many there were.
    fn purge<'a>(&'a self, tag: Option<&'a str>) -> BoxFuture<'a, u64>;

    /// How much is kept.
    fn size(&self) -> BoxFuture<'_, Size>;
}

/// How much a cache keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Values.
    pub entries: u64,
    /// Bytes, keys and tags included.
    pub bytes: u64,
}
