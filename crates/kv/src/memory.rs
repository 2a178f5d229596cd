//! A cache in this process, bounded in bytes.

use crate::{Cache, CacheSize, Purged};
use bytes::Bytes;
use futures::future::BoxFuture;
use moka::Expiry;
use moka::ops::compute::Op;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A cache in this process: the least used values go when it is full, each value by its own time at the latest.
#[derive(Clone)]
pub struct Memory {
    values: moka::future::Cache<String, Arc<Entry>>,
}

struct Entry {
    value: Bytes,
    ttl: Duration,
    tags: Vec<String>,
}

impl Entry {
    fn weight(&self, key: &str) -> usize {
        key.len() + self.value.len() + self.tags.iter().map(String::len).sum::<usize>() + std::mem::size_of::<Self>()
    }
}

/// Each entry carries its own lifetime, counted from when it was written.
struct OwnLifetime;

impl Expiry<String, Arc<Entry>> for OwnLifetime {
    fn expire_after_create(&self, _key: &String, entry: &Arc<Entry>, _now: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _key: &String,
        entry: &Arc<Entry>,
        _now: Instant,
        _left: Option<Duration>,
    ) -> Option<Duration> {
        // A value that is replaced begins anew: moka would keep the time of the one before.
        Some(entry.ttl)
    }
}

impl Memory {
    /// A cache of at most `max_bytes`, keys and tags included.
    pub fn new(max_bytes: u64) -> Self {
        let values = moka::future::Cache::builder()
            .max_capacity(max_bytes)
            // The library's weights have 32 bits; no cached reply comes near that.
            .weigher(|key: &String, entry: &Arc<Entry>| u32::try_from(entry.weight(key)).unwrap_or(u32::MAX))
            .expire_after(OwnLifetime)
            .build();
        Self { values }
    }
}

impl Cache for Memory {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>> {
        Box::pin(async move { self.values.get(key).await.map(|entry| entry.value.clone()) })
    }

    fn set(&self, key: String, value: Bytes, ttl: Duration, tags: Vec<String>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.values.insert(key, Arc::new(Entry { value, ttl, tags })).await;
        })
    }

    fn purge<'a>(&'a self, tag: Option<&'a str>) -> BoxFuture<'a, Purged> {
        Box::pin(async move {
            let mut entries = 0;
            // A walk over everything: purges are rare, and an index by tag would cost every write.
            for (key, entry) in &self.values {
                if tag.is_none_or(|tag| entry.tags.iter().any(|own| own == tag)) {
                    // Removed only if it is still the value that was looked at: a newer one may lack the tag.
                    let removed = self
                        .values
                        .entry(key.as_ref().clone())
                        .and_compute_with(async |current| match current {
                            Some(current) if Arc::ptr_eq(current.value(), &entry) => Op::Remove,
                            _ => Op::Nop,
                        })
                        .await;
                    entries += u64::from(matches!(removed, moka::ops::compute::CompResult::Removed(_)));
                }
            }
            Purged { entries, complete: true }
        })
    }

    fn size(&self) -> BoxFuture<'_, CacheSize> {
        Box::pin(async move {
            // The library counts what was written a moment later, if nobody asks.
            self.values.run_pending_tasks().await;
            CacheSize { entries: self.values.entry_count(), bytes: self.values.weighted_size() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_stays_within_its_bytes() {
        let (cache, hour) = (Memory::new(10_000), Duration::from_secs(3600));
        for number in 0..100 {
            cache.set(number.to_string(), Bytes::from(vec![0; 1000]), hour, Vec::new()).await;
        }
        let size = cache.size().await;
        assert!(size.bytes <= 10_000 && size.entries > 0, "{size:?}");
    }
}
