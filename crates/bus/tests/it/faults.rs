//! What `check` tells.

use baton_bus::{Bus, BusError, BusSettings, Nats, RedisStreams};
use std::time::Duration;
use tokio::net::TcpListener;

fn settings() -> BusSettings {
    BusSettings { timeout: Duration::from_secs(2), ..BusSettings::default() }
}

async fn redis(url: &str) -> Result<String, BusError> {
    RedisStreams::open(url, settings())?.check().await
}

async fn nats(url: &str) -> Result<String, BusError> {
    Nats::open(url, settings()).await?.check().await
}

/// The message, with the server's address as `PLACE`.
fn error_text(result: Result<String, BusError>, place: &str) -> String {
    result.unwrap_err().to_string().replace(place, "PLACE")
}

#[tokio::test]
async fn of_redis() {
    let mut server = baton_servers::redis::RedisServer::start(&["--requirepass", "secret"]);
    let url = server.url();
    let place = url.trim_start_matches("redis://");
    let wants = "Redis at PLACE requires a password: use redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST";
    assert_eq!(error_text(redis(&url).await, place), wants);
    let wrong = redis(&format!("redis://:wrong@{place}")).await;
    assert_eq!(error_text(wrong, place), "Redis at PLACE does not accept the user or the password in the address");
    let right = format!("redis://:secret@{place}");
    redis(&right).await.unwrap();
    let mut admin = crate::place::redis(&right).await;
    ::redis::cmd("REPLICAOF").arg(&["127.0.0.1", "1"]).query_async::<()>(&mut admin).await.unwrap();
    let replica = redis(&right).await;
    assert_eq!(error_text(replica, place), "Redis at PLACE is a replica and does not accept writes: use the primary");
    server.stop();
    assert_eq!(error_text(redis(&right).await, place), "Redis at PLACE refuses connections: is it running there?");
}

#[tokio::test]
async fn of_nats() {
    let mut server = baton_servers::nats::NatsServer::start(false);
    let url = server.url();
    let place = url.trim_start_matches("nats://");
    let off = "NATS at PLACE responds, but JetStream is off: start nats-server with -js";
    assert_eq!(error_text(nats(&url).await, place), off);
    let bus = Nats::open(&url, settings()).await.unwrap();
    let published = bus.publish(&[crate::event("1", "model.updated")]).await;
    assert_eq!(published.map_err(|error| error.to_string().replace(place, "PLACE")), Err(off.to_owned()));
    server.stop();
    assert_eq!(error_text(nats(&url).await, place), "NATS at PLACE refuses connections: is it running there?");
}

#[tokio::test]
async fn of_a_server_that_accepts_and_never_replies() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            held.push(socket);
        }
    });
    let told_by_redis = error_text(redis(&format!("redis://{place}")).await, &place);
    assert_eq!(told_by_redis, "Redis at PLACE does not respond in time");
    assert_eq!(error_text(nats(&format!("nats://{place}")).await, &place), "NATS at PLACE does not respond in time");
    held.abort();
}

#[tokio::test]
async fn of_addresses_that_are_none() {
    // The message must not repeat an address, which may hold a password.
    for url in ["", "http://:secret@x", "redis://:secret@", "redis://:secret@x:70000"] {
        let expected = "must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";
        assert_eq!(redis(url).await.unwrap_err().to_string(), expected, "{url}");
    }
    for url in ["", "http://:secret@x", "nats://", "nats://secret@x:70000", "nats://x,http://y", "ws://x"] {
        let expected = "must be nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT], or tls:// for TLS";
        assert_eq!(nats(url).await.unwrap_err().to_string(), expected, "{url}");
    }
}
