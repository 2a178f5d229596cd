//! The cache that nodes share, and what becomes of it while Redis is away.

use crate::{Cache, CacheHealth, CacheSize, Memory, Purged, Redis};
use bytes::Bytes;
use futures::future::BoxFuture;
use std::time::Duration;

/// Values in Redis; while it is away, in the memory of this process.
///
/// A purge can't reach the memory of other nodes. So what one keeps there is for the present outage alone: its keys
/// carry the outage's number, and what an earlier outage left is never found.
#[derive(Clone)]
pub struct SharedCache {
    redis: Redis,
    memory: Memory,
}

impl SharedCache {
    /// A cache of both.
    pub fn new(redis: Redis, memory: Memory) -> Self {
        Self { redis, memory }
    }

    /// The key in memory of what is kept during the present outage; `None`: there is none.
    fn memory_key(&self, key: &str) -> Option<String> {
        Some(format!("{}:{key}", self.redis.outage()?))
    }
}

impl Cache for SharedCache {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>> {
        Box::pin(async move {
            // Never both: a value in Redis is found by all nodes and purged by all, one in memory by neither.
            match self.memory_key(key) {
                Some(key) => self.memory.get(&key).await,
                None => self.redis.get(key).await,
            }
        })
    }

    fn set(&self, key: String, value: Bytes, ttl: Duration, tags: Vec<String>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match self.memory_key(&key) {
                Some(key) => self.memory.set(key, value, ttl, tags).await,
                None => self.redis.set(key, value, ttl, tags).await,
            }
        })
    }

    fn purge<'a>(&'a self, tag: Option<&'a str>) -> BoxFuture<'a, Purged> {
        Box::pin(async move {
            // Memory too, and not only while Redis is away: an outage may begin while the purge runs.
            let here = self.memory.purge(tag).await;
            let there = self.redis.purge(tag).await;
            Purged { entries: here.entries.saturating_add(there.entries), complete: there.complete }
        })
    }

    fn size(&self) -> BoxFuture<'_, CacheSize> {
        self.memory.size()
    }

    fn health(&self) -> Option<CacheHealth> {
        self.redis.health()
    }
}
