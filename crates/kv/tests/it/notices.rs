//! What holds of all notices.

use crate::{redis, settings};
use baton_kv::{InProcess, Notice, Notices, RedisSettings};
use baton_servers::redis::RedisServer;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::time::Duration;

async fn next(stream: &mut BoxStream<'static, Notice>) -> Notice {
    tokio::time::timeout(Duration::from_secs(30), stream.next()).await.expect("a notice").expect("no end")
}

fn published(topic: &str, text: &str) -> Notice {
    Notice::Published { topic: topic.into(), text: text.into() }
}

async fn suite(one: &dyn Notices, other: &dyn Notices) {
    one.publish("before", "nobody listens").await;
    let (mut first, mut second) = (one.subscribe().await, other.subscribe().await);
    one.publish("models", "1").await;
    other.publish("keys:ö", "2").await;
    for stream in [&mut first, &mut second] {
        assert_eq!(next(stream).await, published("models", "1"));
        assert_eq!(next(stream).await, published("keys:ö", "2"));
    }
    drop(first);
    one.publish("models", "").await;
    assert_eq!(next(&mut second).await, published("models", ""));
}

#[tokio::test]
async fn in_process() {
    let notices = InProcess::default();
    suite(&notices, &notices.clone()).await;
}

#[tokio::test]
async fn in_redis() {
    let settings = settings();
    suite(&redis(settings.clone()).await, &redis(settings.clone()).await).await;
    // Another installation's are not heard.
    let mut stream = redis(settings).await.subscribe().await;
    redis(crate::settings()).await.publish("models", "another's").await;
    assert!(tokio::time::timeout(Duration::from_millis(200), stream.next()).await.is_err());
}

#[tokio::test]
async fn who_is_too_slow_hears_that_something_was_missed() {
    let notices = InProcess::default();
    let mut stream = notices.subscribe().await;
    for number in 0..1000 {
        notices.publish("models", &number.to_string()).await;
    }
    assert_eq!(next(&mut stream).await, Notice::Missed);
}

#[tokio::test]
async fn after_an_outage_listeners_look_and_hear_again() {
    let mut server = RedisServer::start(&[]);
    let redis = redis(RedisSettings { timeout: crate::PATIENT, ..RedisSettings::at(server.url()) }).await;
    let mut stream = redis.subscribe().await;
    server.stop();
    redis.publish("models", "into the void").await;
    server.restart();
    assert_eq!(next(&mut stream).await, Notice::Missed);
    crate::until("Redis is available again", async || redis.outage().is_none()).await;
    redis.publish("models", "2").await;
    assert_eq!(next(&mut stream).await, published("models", "2"));
}
