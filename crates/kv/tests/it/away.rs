//! Redis that is away, hangs, refuses or forgets.

use crate::{redis, until};
use baton_kv::{Cache, CacheHealth, Memory, Redis, RedisSettings, SharedCache};
use baton_servers::redis::RedisServer;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HOUR: Duration = Duration::from_secs(3600);

async fn set(cache: &dyn Cache, key: &str, value: &'static str) {
    cache.set(key.into(), Bytes::from_static(value.as_bytes()), HOUR, vec!["t".into()]).await;
}

async fn get(cache: &dyn Cache, key: &str) -> Option<String> {
    cache.get(key).await.map(|value| String::from_utf8(value.to_vec()).unwrap())
}

fn own(server: &RedisServer) -> RedisSettings {
    RedisSettings { timeout: crate::PATIENT, ..RedisSettings::at(server.url()) }
}

#[tokio::test]
async fn memory_stands_in_and_redis_comes_back_by_itself() {
    let mut server = RedisServer::start(&[]);
    let redis = redis(own(&server)).await;
    let cache = SharedCache::new(redis.clone(), Memory::new(1 << 20));
    set(&cache, "a", "redis").await;
    assert_eq!(cache.health(), Some(CacheHealth { up: true, errors: 0 }));

    server.stop();
    // The first to meet the dead connection gets nothing; after it, nobody asks.
    until("it is down", async || get(&cache, "a").await.is_none() && redis.outage().is_some()).await;
    let errors = cache.health().unwrap().errors;
    assert!(errors >= 1);
    for _ in 0..100 {
        assert_eq!(get(&cache, "a").await, None);
        set(&cache, "b", "memory").await;
        assert_eq!(get(&cache, "b").await.as_deref(), Some("memory"));
    }
    assert_eq!(cache.health(), Some(CacheHealth { up: false, errors }), "what is skipped is no error");
    // Whoever purges must know that Redis still has the values.
    assert!(!cache.purge(Some("t")).await.complete);
    assert_eq!(get(&cache, "b").await, None);
    set(&cache, "c", "memory").await;

    server.restart();
    until("it is up", async || redis.outage().is_none()).await;
    assert_eq!(get(&cache, "c").await, None, "what one node kept meanwhile is not shared");
    set(&cache, "a", "redis again").await;
    assert_eq!(get(&cache, "a").await.as_deref(), Some("redis again"));
    // As another node does: the memory of this one it can't reach.
    assert!(redis.purge(Some("t")).await.complete);

    server.stop();
    until("it is down again", async || get(&cache, "a").await.is_none() && redis.outage().is_some()).await;
    assert_eq!(get(&cache, "c").await, None, "purges of other nodes did not reach an earlier outage's values");
}

#[tokio::test]
async fn it_may_start_later() {
    let mut server = RedisServer::start(&[]);
    server.stop();
    let redis = redis(own(&server)).await;
    assert!(redis.outage().is_some());
    server.restart();
    until("it is up", async || redis.outage().is_none()).await;
    set(&redis, "a", "1").await;
    assert_eq!(get(&redis, "a").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_flush_forgets_values_and_scripts_and_nothing_else() {
    let server = RedisServer::start(&[]);
    let redis = redis(own(&server)).await;
    set(&redis, "a", "1").await;
    let mut raw = ::redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    // What a restart without persistence does: scripts that are called by their hash are unknown then.
    ::redis::pipe().cmd("FLUSHALL").cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut raw).await.unwrap();
    assert_eq!(get(&redis, "a").await, None);
    set(&redis, "a", "2").await;
    assert_eq!(get(&redis, "a").await.as_deref(), Some("2"));
    assert_eq!(redis.health(), Some(CacheHealth { up: true, errors: 0 }));
}

/// Forwards to Redis until told to swallow everything; counts what it was sent since.
struct Hole {
    place: String,
    swallowing: Arc<AtomicUsize>,
}

/// `swallowing` counts from here once it swallows.
const OPEN: usize = usize::MAX / 2;

impl Hole {
    async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let swallowing = Arc::new(AtomicUsize::new(OPEN));
        let server = server.trim_start_matches("redis://").to_owned();
        let swallowed = Arc::clone(&swallowing);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, server.clone(), Arc::clone(&swallowed)));
            }
        });
        Self { place, swallowing }
    }

    fn swallow(&self) {
        self.swallowing.store(0, Ordering::SeqCst);
    }

    fn let_through(&self) {
        self.swallowing.store(OPEN, Ordering::SeqCst);
    }

    fn settings(&self, timeout: Duration) -> RedisSettings {
        RedisSettings { timeout, ..RedisSettings::at(format!("redis://{}", self.place)) }
    }
}

async fn forward(mut client: TcpStream, server: String, swallowing: Arc<AtomicUsize>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) if swallowing.load(Ordering::SeqCst) < OPEN => {
                    swallowing.fetch_add(1, Ordering::SeqCst);
                }
                Ok(read) => server.write_all(&up[..read]).await.unwrap(),
            },
            read = server.read(&mut down) => match read {
                Ok(0) | Err(_) => return,
                Ok(read) => if client.write_all(&down[..read]).await.is_err() { return },
            },
        }
    }
}

#[tokio::test]
async fn a_redis_that_hangs_is_waited_for_three_times_and_no_more() {
    let server = RedisServer::start(&[]);
    let hole = Hole::before(&server.url()).await;
    let redis = redis(hole.settings(Duration::from_millis(200))).await;
    let cache = SharedCache::new(redis.clone(), Memory::new(1 << 20));
    until("it works", async || {
        set(&cache, "a", "1").await;
        get(&cache, "a").await.is_some() && redis.outage().is_none()
    })
    .await;
    let errors = cache.health().unwrap().errors;

    hole.swallow();
    for _ in 0..3 {
        assert_eq!(redis.outage(), None);
        assert_eq!(get(&cache, "a").await, None);
    }
    assert!(redis.outage().is_some());
    assert_eq!(cache.health(), Some(CacheHealth { up: false, errors: errors + 3 }));
    for _ in 0..1000 {
        set(&cache, "b", "2").await;
        assert_eq!(get(&cache, "b").await.as_deref(), Some("2"));
    }
    assert_eq!(cache.health().unwrap().errors, errors + 3, "nobody else waited");

    hole.let_through();
    until("it is up", async || redis.outage().is_none()).await;
    until("it works", async || {
        set(&cache, "a", "3").await;
        get(&cache, "a").await.is_some() && redis.outage().is_none()
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_accepts_and_never_replies_is_never_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = RedisSettings::at(format!("redis://{}", listener.local_addr().unwrap()));
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            held.push(socket);
        }
    });
    let cache = SharedCache::new(redis(settings.clone()).await, Memory::new(1 << 20));
    for _ in 0..1000 {
        set(&cache, "a", "1").await;
        assert_eq!(get(&cache, "a").await.as_deref(), Some("1"));
    }
    // One error for the connection at the start; no request has met any.
    assert_eq!(cache.health(), Some(CacheHealth { up: false, errors: 1 }));
    let place = settings.url.trim_start_matches("redis://").to_owned();
    let fault = Redis::check(&settings).await.unwrap_err().to_string();
    assert_eq!(fault, format!("Redis at {place} does not respond in time"));
    held.abort();
}

async fn check(settings: RedisSettings, place: &str, expected: &str) {
    let told = match Redis::check(&settings).await {
        Ok(told) => told,
        Err(fault) => fault.to_string(),
    };
    assert_eq!(told.replace(place, "PLACE"), expected);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let mut server = RedisServer::start(&["--requirepass", "secret"]);
    let url = server.url();
    let place = url.trim_start_matches("redis://");
    check(
        RedisSettings::at(&url),
        place,
        "Redis at PLACE requires a password: use redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST",
    )
    .await;
    let wrong = RedisSettings::at(format!("redis://:wrong@{place}"));
    check(wrong, place, "Redis at PLACE does not accept the user or the password in the address").await;
    let right = RedisSettings::at(format!("redis://:secret@{place}"));
    assert!(Redis::check(&right).await.unwrap().ends_with(&format!(" at {place}")));

    let mut raw = ::redis::Client::open(right.url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
    ::redis::cmd("ACL")
        .arg(&["SETUSER", "reader", "on", ">x", "~*", "+info", "+get"])
        .query_async::<()>(&mut raw)
        .await
        .unwrap();
    let reader = RedisSettings::at(format!("redis://reader:x@{place}"));
    let advice = "Redis at PLACE does not permit this to the user: allow the commands, and keys and channels that begin with the prefix";
    check(reader, place, advice).await;

    let wrong = redis(RedisSettings::at(format!("redis://:wrong@{place}"))).await;
    assert!(wrong.outage().is_some());
    server.stop();
    check(right, place, "Redis at PLACE refuses connections: is it running there?").await;
}

#[tokio::test]
async fn an_address_that_is_none_is_told_without_its_password() {
    for url in ["", "redis", "http://:secret@x", "redis://:secret@", "redis://:secret@x:70000", "redis://:secret@x/a"] {
        let fault = Redis::open(RedisSettings::at(url)).await.err().map(|fault| fault.to_string());
        let expected = "must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";
        assert_eq!(fault.as_deref(), Some(expected), "{url}");
    }
}
