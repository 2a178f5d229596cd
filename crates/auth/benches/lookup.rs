//! How long it takes to tell who asks, among two hundred keys.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use baton_auth::{ApiKey, ApiKeys, Credentials, Origin};
use baton_model::entity::Role;
use baton_model::{Actor, SystemClock};
use baton_store::Store;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::hint::black_box;
use std::sync::Arc;

fn lookup(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (keys, headers) = runtime.block_on(async {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let keys = ApiKeys::open(store, Arc::new(SystemClock), &mut rng).await.unwrap();
        let mut headers = HeaderMap::new();
        for number in 0..200 {
            let (_, secret) = keys
                .create(&Actor::service("bench"), ApiKey::new(number.to_string(), Role::Caller), &mut rng)
                .await
                .unwrap();
            headers.insert("x-api-key", HeaderValue::from_str(secret.reveal()).unwrap());
        }
        (keys, headers)
    });
    criterion.bench_function("a known key", |bencher| {
        bencher.iter(|| keys.lookup(Credentials::read(black_box(&headers)).unwrap(), Origin::default()).unwrap());
    });
    let unknown = HeaderMap::from_iter([("x-api-key".parse().unwrap(), HeaderValue::from_static("bt-unknown"))]);
    criterion.bench_function("an unknown key", |bencher| {
        bencher.iter(|| keys.lookup(Credentials::read(black_box(&unknown)).unwrap(), Origin::default()).unwrap_err());
    });
}

criterion_group!(benches, lookup);
criterion_main!(benches);
