//! Every event reaches the bus, and has its place in the stream afterwards.

use crate::setup::{ManualClock, memory, relay_all, stream, tell, until};
use baton_bus::{Bus, BusEvent, BusSettings, Local, Nats, RedisStreams};
use baton_events::{Relay, cloud};
use baton_model::{Actor, EventKind};
use baton_store::NewEvent;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::BTreeSet;
use std::sync::Arc;

fn local() -> Arc<dyn Bus> {
    Arc::new(Local::new(BusSettings::default()))
}

fn redis(url: &str) -> Arc<dyn Bus> {
    Arc::new(
        RedisStreams::open(url, BusSettings { prefix: baton_servers::redis::prefix(), ..BusSettings::default() })
            .unwrap(),
    )
}

async fn nats(url: &str) -> Arc<dyn Bus> {
    Arc::new(
        Nats::open(url, BusSettings { prefix: baton_servers::nats::prefix(), ..BusSettings::default() }).await.unwrap(),
    )
}

/// The ids of so many events that came; a listener may hear one twice.
async fn hear(heard: &mut BoxStream<'static, BusEvent>, count: usize) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    while ids.len() < count {
        let event = heard.next().await.unwrap();
        assert_eq!((event.source.as_str(), event.kind.as_str()), ("node-1", "model.registered"));
        ids.insert(event.id);
    }
    ids
}

async fn everything_is_heard_and_placed(bus: Arc<dyn Bus>) {
    let store = memory(&ManualClock::at_noon()).await;
    let mut heard = bus.listen().await.unwrap();
    let mut told = Vec::new();
    // More than one batch.
    for n in 0..250 {
        told.push(tell(&store, EventKind::ModelRegistered, &format!("model-{n}")).await);
    }
    assert_eq!(stream(&store).await, Vec::<String>::new(), "what is not relayed has no place");
    // A node published these, and died before it could place them.
    let first = store.events().list_unplaced(3).await.unwrap();
    bus.publish(&first.iter().map(cloud).collect::<Vec<_>>()).await.unwrap();
    let relay = Relay::new(store.clone(), Arc::clone(&bus));
    relay_all(&relay).await;
    assert_eq!(stream(&store).await, told);
    assert_eq!(hear(&mut heard, told.len()).await, told.into_iter().collect());
    assert!(!relay.round().await);
}

#[tokio::test]
async fn over_this_process() {
    everything_is_heard_and_placed(local()).await;
}

#[tokio::test]
async fn over_redis() {
    everything_is_heard_and_placed(redis(&baton_servers::redis::url())).await;
}

#[tokio::test]
async fn over_nats() {
    everything_is_heard_and_placed(nats(&baton_servers::nats::url()).await).await;
}

#[tokio::test]
async fn what_happens_while_the_bus_is_away_is_relayed_afterwards() {
    let mut server = baton_servers::redis::RedisServer::start(&[]);
    let relay = {
        let store = memory(&ManualClock::at_noon()).await;
        let bus = redis(&server.url());
        (store.clone(), Relay::new(store, bus))
    };
    let (store, relay) = relay;
    let first = tell(&store, EventKind::ModelRegistered, "before").await;
    relay_all(&relay).await;
    server.stop();
    let second = tell(&store, EventKind::ModelUpdated, "meanwhile").await;
    // Told that there may be more, the caller would come again at once, for as long as the bus is away.
    assert!(!relay.round().await, "it does not turn in circles");
    assert_eq!(stream(&store).await, [first.as_str()]);
    server.restart();
    until("the second is relayed", async || {
        relay.round().await;
        stream(&store).await == [first.as_str(), second.as_str()]
    })
    .await;
}

#[tokio::test]
async fn an_event_that_the_bus_refuses_holds_up_no_other() {
    let store = memory(&ManualClock::at_noon()).await;
    let bus = nats(&baton_servers::nats::url()).await;
    let mut heard = bus.listen().await.unwrap();
    let first = tell(&store, EventKind::ModelRegistered, "first").await;
    let change = store.change(&Actor::service("test")).await.unwrap();
    // More than NATS takes as one message.
    let data = format!(r#"{{"text":"{}"}}"#, "x".repeat(2 << 20));
    let event = NewEvent { kind: EventKind::ModelRegistered, subject: "vast".into(), data, traceparent: None };
    let vast = change.add_event(event).await.unwrap();
    change.commit_aside().await.unwrap();
    let last = tell(&store, EventKind::ModelRegistered, "last").await;
    relay_all(&Relay::new(store.clone(), bus)).await;
    assert_eq!(stream(&store).await, [first.as_str(), vast.as_str(), last.as_str()]);
    assert_eq!(hear(&mut heard, 2).await, BTreeSet::from([first, last]));
}
