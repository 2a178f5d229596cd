//! A store with a clock set by hand, and what happens in it.

use baton_events::Relay;
use baton_model::{Actor, Clock, EventKind, Timestamp};
use baton_store::{EventFilter, NewEvent, Store};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// 2026-11-23T12:00:00Z.
pub const NOON: Timestamp = Timestamp(1_795_435_200_000_000);

/// A clock set by hand.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn at_noon() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOON.0)))
    }

    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// An empty store at that address, of the node `node-1`.
pub async fn store(url: &str, clock: &Arc<ManualClock>) -> Store {
    let store = Store::open(url).await.unwrap().for_node("node-1", Arc::clone(clock) as _);
    store.migrate().await.unwrap();
    store
}

/// An empty store in memory.
pub async fn memory(clock: &Arc<ManualClock>) -> Store {
    store("sqlite::memory:", clock).await
}

/// Tells of something that happened to that model; the event's id.
pub async fn tell(store: &Store, kind: EventKind, model: &str) -> String {
    let data = format!(r#"{{"model_id":"{model}"}}"#);
    let change = store.change(&Actor::service("test")).await.unwrap();
    let event = NewEvent { kind, subject: model.to_owned(), data, traceparent: None };
    let id = change.add_event(event).await.unwrap();
    change.commit_aside().await.unwrap();
    id
}

/// Relays all there is.
pub async fn relay_all(relay: &Relay) {
    while relay.round().await {}
}

/// The ids of the stream, in order.
pub async fn stream(store: &Store) -> Vec<String> {
    store
        .events()
        .list_after(0, &EventFilter::default(), 1_000)
        .await
        .unwrap()
        .into_iter()
        .map(|event| event.id)
        .collect()
}

/// Asks until the reply is yes.
pub async fn until<F: Future<Output = bool>>(what: &str, mut asked: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !asked().await {
        assert!(Instant::now() < deadline, "{what}: it did not come to that");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
