//! How often an address may show credentials that are wrong.
//!
//! Each address has a bucket of failures. While it is empty, nothing that is shown from there counts as right but what
//! was right from there before: a guess is refused whether it is good or not, so nobody learns more than a few keys a
//! second, and whoever shares the address with such a client keeps on working.

use baton_model::Timestamp;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How many failures an address may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureLimit {
    /// Per second, in the long run; 0: no limit.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

impl Default for FailureLimit {
    fn default() -> Self {
        Self { per_second: 10, burst: 100 }
    }
}

/// Addresses that are remembered; the one that failed longest ago is forgotten first.
const ADDRESSES: u64 = 1 << 16;

/// An address, or all that one client can choose from: of version 6 a client has 64 bits for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Network(u64);

impl Network {
    pub fn of(client: Option<IpAddr>) -> Self {
        Self(match client.map(|client| client.to_canonical()) {
            // Those whose address nobody knows have one bucket together.
            None => 1,
            // Three ranges that never meet: 1 for unknown ones, from 2^32 on for version 4; of version 6 the routed
            // prefixes are far above both.
            Some(IpAddr::V4(address)) => 1 << 32 | u64::from(address.to_bits()),
            Some(IpAddr::V6(address)) => u64::try_from(address.to_bits() >> 64).unwrap_or(0).max(2),
        })
    }
}

/// Where credentials were right, last of all: a handful of networks.
#[derive(Debug, Default)]
pub(super) struct RecentNetworks {
    networks: [AtomicU64; 8],
    next: AtomicUsize,
}

impl RecentNetworks {
    pub fn has(&self, network: Network) -> bool {
        self.networks.iter().any(|known| known.load(Ordering::Relaxed) == network.0)
    }

    pub fn add(&self, network: Network) {
        // A ring: the network that was added longest ago is forgotten, and its client is checked like a new one
        // again.
        let place = self.next.fetch_add(1, Ordering::Relaxed) % self.networks.len();
        if let Some(known) = self.networks.get(place) {
            known.store(network.0, Ordering::Relaxed);
        }
    }
}

/// The buckets, by the generic cell rate algorithm: of each is kept when it will be full again.
pub(super) struct FailureLimiter {
    limit: FailureLimit,
    full_again: Cache<Network, Arc<AtomicI64>>,
    /// Until then some bucket may be empty; so that nothing is looked up while none is.
    some_empty_until: AtomicI64,
}

impl FailureLimiter {
    pub fn new(limit: FailureLimit) -> Self {
        let full_again = Cache::builder().max_capacity(ADDRESSES).eviction_policy(EvictionPolicy::lru()).build();
        Self { limit, full_again, some_empty_until: AtomicI64::new(i64::MIN) }
    }

    /// How long the bucket of a network stays empty; `None`: it is not.
    pub fn empty_for(&self, network: Network, now: Timestamp) -> Option<Duration> {
        // One load on the way of every request; the table is asked only while somebody is guessing.
        if now.0 >= self.some_empty_until.load(Ordering::Relaxed) {
            return None;
        }
        let full_again = self.full_again.get(&network)?.load(Ordering::Relaxed);
        self.wait_for_room(full_again, now)
    }

    /// Takes a failure out of the bucket of a network.
    ///
    /// # Errors
    /// How long it stays empty, if it is.
    pub fn take(&self, network: Network, now: Timestamp) -> Result<(), Duration> {
        let Some(each) = self.interval() else { return Ok(()) };
        let full_again = self.full_again.get_with(network, Arc::default);
        // One number and one atomic step: no lock that a flood of guesses could hold.
        let taken = full_again.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_again| {
            self.wait_for_room(full_again, now).is_none().then(|| full_again.max(now.0).saturating_add(each))
        });
        let after = match taken {
            Ok(before) => before.max(now.0).saturating_add(each),
            Err(empty) => return Err(self.wait_for_room(empty, now).unwrap_or_default()),
        };
        if let Some(wait) = self.wait_for_room(after, now) {
            self.some_empty_until.fetch_max(now.plus(wait).0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// How long it takes until one more failure fits into a bucket that will be full again then.
    fn wait_for_room(&self, full_again: i64, now: Timestamp) -> Option<Duration> {
        let each = self.interval()?;
        let room = each.saturating_mul(i64::from(self.limit.burst.max(1)));
        let wait = full_again.max(now.0).saturating_add(each).saturating_sub(room).saturating_sub(now.0);
        u64::try_from(wait).ok().filter(|wait| *wait > 0).map(Duration::from_micros)
    }

    /// Microseconds in which one failure more is allowed; `None`: any number is.
    fn interval(&self) -> Option<i64> {
        1_000_000_i64.checked_div(i64::from(self.limit.per_second)).map(|each| each.max(1))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(Some(text.parse().unwrap()))
    }

    #[test]
    fn a_bucket_is_emptied_and_fills_again() {
        let failures = FailureLimiter::new(FailureLimit { per_second: 10, burst: 3 });
        let (one, other) = (network("10.0.0.1"), network("10.0.0.2"));
        let at = |millis: i64| Timestamp(millis * 1_000);
        for _ in 0..3 {
            assert_eq!(failures.empty_for(one, at(0)), None);
            assert_eq!(failures.take(one, at(0)), Ok(()));
        }
        let wait = Duration::from_millis(100);
        assert_eq!((failures.empty_for(one, at(0)), failures.take(one, at(0))), (Some(wait), Err(wait)));
        // What was refused did not make it longer.
        assert_eq!(failures.empty_for(one, at(99)), Some(Duration::from_millis(1)));
        assert_eq!((failures.empty_for(other, at(0)), failures.take(other, at(0))), (None, Ok(())));
        assert_eq!((failures.empty_for(one, at(100)), failures.take(one, at(100))), (None, Ok(())));
        assert_eq!(failures.take(one, at(100)), Err(wait));
        // It holds no more than the burst, however long nothing fails.
        let taken = (0..9).filter(|_| failures.take(one, at(60_000)).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn without_a_limit_there_is_none() {
        let failures = FailureLimiter::new(FailureLimit { per_second: 0, burst: 0 });
        assert!((0..1_000).all(|_| failures.take(network("::1"), Timestamp(0)).is_ok()));
    }

    #[test]
    fn a_client_can_not_change_its_network() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
    }

    #[test]
    fn memory_is_bounded() {
        let failures = FailureLimiter::new(FailureLimit::default());
        for number in 0..ADDRESSES + 1_000 {
            failures.take(Network(number), Timestamp(0)).unwrap();
        }
        failures.full_again.run_pending_tasks();
        assert!(failures.full_again.entry_count() <= ADDRESSES);
    }
}
