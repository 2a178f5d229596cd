//! The cache in Redis: one round trip for everything.

use super::Redis;
use super::scripts::{ALL, CacheKeyNames, GET, PURGE, SET, generation};
use crate::cache::{Cache, CacheHealth, CacheSize, Purged};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use std::time::Duration;

impl Redis {
    fn names(&self) -> CacheKeyNames<'_> {
        CacheKeyNames { prefix: &self.link.settings.prefix }
    }
}

impl Cache for Redis {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>> {
        let names = self.names();
        let (key, generations) = (names.value(key), names.generations());
        let get = async move |mut connection: MultiplexedConnection| {
            GET.key(key).arg(generations).invoke_async::<Option<Vec<u8>>>(&mut connection).await
        };
        // A failure is a miss: the cache may lose anything at any time.
        async move { self.link.run("get", get).await.flatten().map(Bytes::from) }.boxed()
    }

    fn set(&self, key: String, value: Bytes, ttl: Duration, tags: Vec<String>) -> BoxFuture<'_, ()> {
        let names = self.names();
        let (key, generations) = (names.value(&key), names.generations());
        // Lua counts exactly up to 2^53.
        let milliseconds = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).min(1 << 52);
        let set = async move |mut connection: MultiplexedConnection| {
            let mut call = SET.key(key);
            call.arg(generations).arg(generation()).arg(milliseconds).arg(value.as_ref()).arg(ALL);
            for tag in &tags {
                call.arg(format!("tag:{tag}"));
            }
            call.invoke_async::<()>(&mut connection).await
        };
        async move {
            self.link.run("set", set).await;
        }
        .boxed()
    }

    fn purge<'a>(&'a self, tag: Option<&'a str>) -> BoxFuture<'a, Purged> {
        let generations = self.names().generations();
        let key = tag.map_or_else(|| format!("{generations}{ALL}"), |tag| format!("{generations}tag:{tag}"));
        let purge = async move |mut connection: MultiplexedConnection| {
            PURGE.key(key).invoke_async::<u64>(&mut connection).await
        };
        async move {
            let purged = self.link.run("purge", purge).await;
            Purged { entries: purged.unwrap_or(0), complete: purged.is_some() }
        }
        .boxed()
    }

    fn size(&self) -> BoxFuture<'_, CacheSize> {
        // What Redis holds is not in this process.
        futures::future::ready(CacheSize::default()).boxed()
    }

    fn health(&self) -> Option<CacheHealth> {
        Some(self.link.health())
    }
}
