//! Servers that go and come back.

use crate::place::{self, Place};
use crate::{event, id, next, take_delivery};
use baton_bus::{Bus, BusError, BusSettings};
use std::sync::Arc;
use std::time::Duration;

fn settings() -> BusSettings {
    BusSettings { ack_wait: Duration::from_secs(1), timeout: Duration::from_secs(2), ..BusSettings::default() }
}

/// Tries until it goes.
async fn at_last(what: &str, mut act: impl AsyncFnMut() -> Result<(), BusError>) {
    let trying = async {
        while act().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::LONG, trying).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn is_away(bus: &Arc<dyn Bus>) {
    for (what, tried) in [
        ("publish", bus.publish(&[event("away", "model.updated")]).await),
        ("send", bus.send(&event("away", "model.update")).await),
        ("check", bus.check().await.map(drop)),
    ] {
        assert!(matches!(tried, Err(BusError::Away(_))), "{what}: {tried:?}");
    }
}

#[tokio::test]
async fn redis_comes_back_empty() {
    let mut server = baton_servers::redis::RedisServer::start(&[]);
    let place = Place::redis(server.url(), settings());
    let bus = place.node().await;
    let (mut commands, mut events) = (bus.commands(), bus.listen().await.unwrap());
    bus.send(&event("1", "model.update")).await.unwrap();
    let held = take_delivery(&mut commands).await;
    bus.publish(&[event("1", "model.updated")]).await.unwrap();
    assert_eq!(next(&mut events).await.id, "1");

    server.stop();
    is_away(&bus).await;
    assert!(matches!(held.ack().await, Err(BusError::Away(_))));

    server.restart();
    at_last("send", async || bus.send(&event("2", "model.update")).await).await;
    assert_eq!(id(&take_delivery(&mut commands).await), "2");
    held.ack().await.unwrap();
    at_last("publish", async || bus.publish(&[event("2", "model.updated")]).await).await;
    assert_eq!(next(&mut events).await.id, "2");
}

#[tokio::test]
async fn redis_is_flushed() {
    let server = baton_servers::redis::RedisServer::start(&[]);
    let place = Place::redis(server.url(), settings());
    let bus = place.node().await;
    let mut commands = bus.commands();
    bus.send(&event("1", "model.update")).await.unwrap();
    let held = take_delivery(&mut commands).await;
    redis::cmd("FLUSHALL").query_async::<()>(&mut place::redis(&server.url()).await).await.unwrap();
    // There is nothing left to acknowledge, and that is no error.
    held.ack().await.unwrap();
    bus.send(&event("2", "model.update")).await.unwrap();
    assert_eq!(id(&take_delivery(&mut commands).await), "2");
}

#[tokio::test]
async fn nats_comes_back_with_what_it_had() {
    let mut server = baton_servers::nats::NatsServer::start(true);
    let place = Place::nats(server.url(), settings());
    let bus = place.node().await;
    let (mut commands, mut events) = (bus.commands(), bus.listen().await.unwrap());
    bus.send(&event("1", "model.update")).await.unwrap();
    drop(take_delivery(&mut commands).await);

    server.stop();
    is_away(&bus).await;

    server.restart();
    // What was tried meanwhile may have been on its way: all of it counts, as often as its id says.
    at_last("publish", async || bus.publish(&[event("2", "model.updated")]).await).await;
    while next(&mut events).await.id != "2" {}
    // It was not acknowledged, so it comes again. A server that was killed may have forgotten how often it came before.
    loop {
        let again = take_delivery(&mut commands).await;
        again.ack().await.unwrap();
        if id(&again) == "1" {
            break;
        }
    }
}

#[tokio::test]
async fn nats_loses_its_streams() {
    let mut server = baton_servers::nats::NatsServer::start(true);
    let place = Place::nats(server.url(), settings());
    let bus = place.node().await;
    let mut commands = bus.commands();
    bus.send(&event("1", "model.update")).await.unwrap();
    take_delivery(&mut commands).await.ack().await.unwrap();
    let context = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let Place::Nats { settings, .. } = &place else { panic!("it is on NATS") };
    for stream in ["EVENTS", "COMMANDS", "DEAD"] {
        context.delete_stream(format!("{}_{stream}", settings.prefix.to_uppercase())).await.unwrap();
    }
    bus.publish(&[event("2", "model.updated")]).await.unwrap();
    bus.send(&event("2", "model.update")).await.unwrap();
    assert_eq!(id(&take_delivery(&mut commands).await), "2");
    server.stop();
}

#[tokio::test]
async fn a_bus_may_be_opened_before_its_server_runs() {
    let mut redis = baton_servers::redis::RedisServer::start(&[]);
    let mut nats = baton_servers::nats::NatsServer::start(true);
    redis.stop();
    nats.stop();
    let nodes = [Place::redis(redis.url(), settings()).node().await, Place::nats(nats.url(), settings()).node().await];
    let mut streams: Vec<_> = nodes.iter().map(|node| node.commands()).collect();
    redis.restart();
    nats.restart();
    for (node, commands) in nodes.iter().zip(&mut streams) {
        at_last("send", async || node.send(&event("1", "model.update")).await).await;
        assert_eq!(id(&take_delivery(commands).await), "1");
    }
}
