//! What holds of every cache.

use crate::{redis, settings, until};
use baton_kv::{Cache, Memory, Purged, SharedCache};
use bytes::Bytes;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

async fn set(cache: &dyn Cache, key: &str, value: &str, tags: &[&str]) {
    let tags = tags.iter().map(ToString::to_string).collect();
    cache.set(key.into(), Bytes::from(value.to_owned()), HOUR, tags).await;
}

async fn check(cache: &dyn Cache, key: &str, value: Option<&str>) {
    assert_eq!(cache.get(key).await.as_deref(), value.map(str::as_bytes), "{key}");
}

fn purged(entries: u64) -> Purged {
    Purged { entries, complete: true }
}

/// Every case, one after the other, in a cache that is empty at first.
async fn suite(cache: &dyn Cache) {
    what_was_set_is_got(cache).await;
    a_purge_takes_what_has_the_tag(cache).await;
    a_purge_takes_what_was_set_before_it_alone(cache).await;
    a_purge_of_all_takes_all(cache).await;
    values_expire(cache).await;
    any_bytes_are_kept(cache).await;
}

async fn what_was_set_is_got(cache: &dyn Cache) {
    check(cache, "a", None).await;
    set(cache, "a", "1", &[]).await;
    set(cache, "a ö\n", "2", &[]).await;
    check(cache, "a", Some("1")).await;
    check(cache, "a ö\n", Some("2")).await;
    set(cache, "a", "3", &[]).await;
    check(cache, "a", Some("3")).await;
    check(cache, "A", None).await;
    assert!(cache.purge(None).await.complete);
}

async fn a_purge_takes_what_has_the_tag(cache: &dyn Cache) {
    set(cache, "a", "1", &["model:x", "key:k"]).await;
    set(cache, "b", "2", &["model:x"]).await;
    set(cache, "c", "3", &["model:y", "all"]).await;
    assert_eq!(cache.purge(Some("model:z")).await, purged(0));
    assert_eq!(cache.purge(Some("model:x")).await, purged(2));
    check(cache, "a", None).await;
    check(cache, "b", None).await;
    check(cache, "c", Some("3")).await;
    // A caller's tag of this name must not be the one that every value has.
    assert_eq!(cache.purge(Some("all")).await, purged(1));
    check(cache, "c", None).await;
}

async fn a_purge_takes_what_was_set_before_it_alone(cache: &dyn Cache) {
    set(cache, "a", "1", &["model:x"]).await;
    cache.purge(Some("model:x")).await;
    set(cache, "b", "2", &["model:x"]).await;
    check(cache, "a", None).await;
    check(cache, "b", Some("2")).await;
    set(cache, "b", "3", &["model:y"]).await;
    cache.purge(Some("model:x")).await;
    check(cache, "b", Some("3")).await;
}

async fn a_purge_of_all_takes_all(cache: &dyn Cache) {
    set(cache, "a", "1", &["model:x"]).await;
    set(cache, "b", "2", &[]).await;
    assert!(cache.purge(None).await.complete);
    check(cache, "a", None).await;
    check(cache, "b", None).await;
    set(cache, "a", "4", &["model:x"]).await;
    check(cache, "a", Some("4")).await;
}

async fn values_expire(cache: &dyn Cache) {
    set(cache, "none", "1", &["t"]).await;
    cache.set("none".into(), Bytes::from_static(b"2"), Duration::ZERO, vec!["t".into()]).await;
    check(cache, "none", None).await;
    cache.set("brief".into(), Bytes::from_static(b"1"), Duration::from_millis(50), vec!["t".into()]).await;
    set(cache, "long", "2", &["t"]).await;
    until("it expires", async || cache.get("brief").await.is_none()).await;
    // A tag outlives the briefest of its values.
    check(cache, "long", Some("2")).await;
    assert!(cache.purge(Some("t")).await.entries >= 1);
    check(cache, "long", None).await;
}

async fn any_bytes_are_kept(cache: &dyn Cache) {
    let bytes: Bytes = (0..=255u8).cycle().take(300_000).collect::<Vec<u8>>().into();
    cache.set("bytes".into(), bytes.clone(), HOUR, vec!["a\"b\\".into(), "ä".into()]).await;
    assert!(cache.get("bytes").await == Some(bytes));
    cache.set("empty".into(), Bytes::new(), HOUR, Vec::new()).await;
    assert_eq!(cache.get("empty").await, Some(Bytes::new()));
    assert_eq!(cache.purge(Some("a\"b\\")).await, purged(1));
    assert_eq!(cache.get("bytes").await, None);
}

#[tokio::test]
async fn in_memory() {
    suite(&Memory::new(1 << 24)).await;
}

#[tokio::test]
async fn in_redis() {
    let redis = redis(settings()).await;
    assert_eq!(redis.outage(), None);
    suite(&redis).await;
}

#[tokio::test]
async fn in_redis_with_memory_behind_it() {
    let memory = Memory::new(1 << 24);
    suite(&SharedCache::new(redis(settings()).await, memory.clone())).await;
    assert_eq!(memory.size().await.entries, 0);
}

#[tokio::test]
async fn two_nodes_share_values_and_purges() {
    let settings = settings();
    let (one, other) = (redis(settings.clone()).await, redis(settings).await);
    set(&one, "a", "1", &["model:x"]).await;
    check(&other, "a", Some("1")).await;
    assert_eq!(other.purge(Some("model:x")).await, purged(1));
    check(&one, "a", None).await;
}

/// Redis may drop any key when its memory is full. A value whose generation was dropped and made anew is stale.
#[tokio::test]
async fn what_lost_its_generation_is_not_returned() {
    let settings = settings();
    let cache = redis(settings.clone()).await;
    let mut raw =
        ::redis::Client::open(settings.url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
    set(&cache, "a", "1", &["model:x"]).await;
    let generation = format!("{}:cache:generation:tag:model:x", settings.prefix);
    let dropped: u64 = ::redis::cmd("DEL").arg(&generation).query_async(&mut raw).await.unwrap();
    assert_eq!(dropped, 1);
    set(&cache, "b", "2", &["model:x"]).await;
    check(&cache, "a", None).await;
    check(&cache, "b", Some("2")).await;
    // And nothing stays for ever.
    let keys: Vec<String> =
        ::redis::cmd("KEYS").arg(format!("{}:*", settings.prefix)).query_async(&mut raw).await.unwrap();
    for key in keys {
        let left: i64 = ::redis::cmd("PTTL").arg(&key).query_async(&mut raw).await.unwrap();
        assert!(left > 0, "{key} never expires");
    }
}
