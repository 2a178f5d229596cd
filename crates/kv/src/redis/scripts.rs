//! The scripts of the cache, and the names of its keys.
//!
//! A value is a hash of the `value` and its `tags`, each with the *generation* that the tag had when the value was
//! written. A generation is a word that never comes again; to purge a tag is to forget its generation. So a purge costs
//! the same however many values there are, and a value whose generation was lost is never returned.

use super::settings::RedisSettings;
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script};
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// `KEYS[1]`: the value; `ARGV[1]`: what names of generations begin with.
// In one script: between two calls another node could purge, and a stale value would be returned.
pub(super) static GET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local tags = redis.call('HGET', KEYS[1], 'tags')
        if not tags then return false end
        for _, tag in ipairs(cjson.decode(tags)) do
            if redis.call('HGET', ARGV[1] .. tag[1], 'generation') ~= tag[2] then
                redis.call('DEL', KEYS[1])
                return false
            end
        end
        return redis.call('HGET', KEYS[1], 'value')",
    )
});

/// `KEYS[1]`: the value; `ARGV`: what names of generations begin with, a new generation, the lifetime in milliseconds,
/// the value, and the tags. A generation lives as long as the last value that needs it.
pub(super) static SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local ttl, tags = tonumber(ARGV[3]), {}
        redis.call('DEL', KEYS[1])
        if ttl < 1 then return false end
        for i = 5, #ARGV do
            local key = ARGV[1] .. ARGV[i]
            redis.call('HSETNX', key, 'generation', ARGV[2])
            redis.call('HINCRBY', key, 'values', 1)
            if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
            tags[#tags + 1] = { ARGV[i], redis.call('HGET', key, 'generation') }
        end
        redis.call('HSET', KEYS[1], 'tags', cjson.encode(tags), 'value', ARGV[4])
        redis.call('PEXPIRE', KEYS[1], ttl)
        return true",
    )
});

/// `KEYS[1]`: the tag's generation.
pub(super) static PURGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local values = redis.call('HGET', KEYS[1], 'values')
        redis.call('DEL', KEYS[1])
        return tonumber(values or 0)",
    )
});

/// Makes the server know the scripts, so that no request has to.
pub(super) async fn load(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    for script in [&GET, &SET, &PURGE] {
        script.load_async(connection).await?;
    }
    Ok(())
}

/// Keeps, gets and forgets a value, to see whether it may.
pub(super) async fn check_access(settings: &RedisSettings, connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let names = CacheKeyNames { prefix: &settings.prefix };
    let key = names.value("check");
    let mut set = SET.key(&key);
    // One second: the check must leave nothing behind, even if it is interrupted before the deletion.
    set.arg(names.generations()).arg(generation()).arg(1000).arg("").arg(ALL);
    set.invoke_async::<()>(connection).await?;
    GET.key(&key).arg(names.generations()).invoke_async::<Option<Vec<u8>>>(connection).await?;
    redis::cmd("DEL").arg(&key).query_async(connection).await
}

/// The tag that every value has. No caller's tag is called that: theirs begin with `tag:`.
pub(super) const ALL: &str = "all";

/// The names of the cache's keys.
pub(super) struct CacheKeyNames<'p> {
    pub prefix: &'p str,
}

impl CacheKeyNames<'_> {
    pub fn value(&self, key: &str) -> String {
        format!("{}:cache:value:{key}", self.prefix)
    }

    pub fn generations(&self) -> String {
        format!("{}:cache:generation:", self.prefix)
    }
}

/// A word that no node has used and none will use.
pub(super) fn generation() -> String {
    // Of 128 random bits, which the standard library takes from the operating system, and a count.
    static PROCESS: LazyLock<[u64; 2]> =
        LazyLock::new(|| [RandomState::new().hash_one(0), RandomState::new().hash_one(1)]);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let [first, second] = *PROCESS;
    format!("{first:x}{second:x}-{:x}", COUNT.fetch_add(1, Ordering::Relaxed))
}
