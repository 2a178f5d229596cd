//! Keys over a real store, and a clock that is set by hand.

use baton_auth::{ApiKeys, AuthError, Credentials, Origin};
use baton_model::{Actor, Caller, Clock, Timestamp};
use baton_store::Store;
use http::{HeaderMap, HeaderValue};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that stands until it is set.
pub struct Hands(pub AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub struct Fixture {
    pub store: Store,
    pub clock: Arc<Hands>,
    pub rng: StdRng,
}

impl Fixture {
    pub async fn new() -> Self {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        Self { store, clock: Arc::new(Hands(AtomicI64::new(1_000))), rng: StdRng::seed_from_u64(7) }
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    pub async fn keys(&mut self) -> ApiKeys {
        ApiKeys::open(self.store.clone(), self.clock(), &mut self.rng).await.unwrap()
    }
}

/// Who makes changes here.
pub fn by() -> Actor {
    Actor::service("test")
}

/// From that address, without a proxy.
pub fn at(peer: IpAddr) -> Origin {
    Origin { peer: Some(peer), client: Some(peer) }
}

pub fn show(keys: &ApiKeys, key: &str) -> Result<Caller, AuthError> {
    authenticate_key(keys, key, Origin::default())
}

pub fn show_from(keys: &ApiKeys, key: &str, address: &str) -> Result<Caller, AuthError> {
    authenticate_key(keys, key, at(address.parse().unwrap()))
}

fn authenticate_key(keys: &ApiKeys, key: &str, origin: Origin) -> Result<Caller, AuthError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_str(key).unwrap());
    keys.lookup(Credentials::read(&headers).unwrap(), origin)
}
