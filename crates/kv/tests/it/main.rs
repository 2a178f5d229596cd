//! The same cases for every place, against real servers; and what becomes of Redis being away.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod away;
mod cache;
mod counters;
mod notices;

use baton_kv::{Redis, RedisSettings};
use std::time::Duration;

/// The shared server, with keys that no other test has. No case here is about the timeout, and the machine may be busy.
fn settings() -> RedisSettings {
    RedisSettings {
        prefix: baton_servers::redis::prefix(),
        timeout: PATIENT,
        ..RedisSettings::at(baton_servers::redis::url())
    }
}

const PATIENT: Duration = Duration::from_secs(10);

async fn redis(settings: RedisSettings) -> Redis {
    Redis::open(settings).await.expect("the address is one")
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap_or_else(|_| panic!("never: {what}"));
}
