//! Room for connections: how many there may be in all, and of one address.
//!
//! Where all places are taken, a newcomer takes the place of a connection that has no request. Otherwise, whoever opens
//! connections and sends nothing would keep out those who have something to ask.

use super::activity::Activity;
use baton_engine::{ConnectionRefusal, EdgeMetrics, OpenConnection, Port};
use baton_web::Proxies;
use indexmap::{IndexMap, IndexSet};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many connections a newcomer looks at to find one without a request. A look at all of them, for each connection
/// of a flood, would cost more than the flood.
const LOOKED_AT: usize = 8;

/// The places of one port.
pub struct ConnectionSlots {
    port: Port,
    most: usize,
    most_per_address: usize,
    /// A proxy asks for many clients, so it has no limit of its own.
    proxies: Proxies,
    metrics: EdgeMetrics,
    taken: Mutex<TakenSlots>,
    closing: CancellationToken,
}

#[derive(Default)]
struct TakenSlots {
    /// The number of the last connection.
    last: u64,
    all: IndexMap<u64, Occupant>,
    by_address: HashMap<IpAddr, IndexSet<u64>>,
    /// Where the last look began: it goes round, so that every connection is looked at.
    turn: usize,
}

/// Who has a place.
struct Occupant {
    activity: Arc<Activity>,
    displaced: Arc<Notify>,
    /// `None` for one that has no limit of its own.
    address: Option<IpAddr>,
}

/// A connection's place, until it is dropped.
pub struct ConnectionSlot {
    room: Arc<ConnectionSlots>,
    number: u64,
    displaced: Arc<Notify>,
    _open: OpenConnection,
}

impl ConnectionSlots {
    /// For that many connections.
    pub fn new(port: Port, most: usize, most_per_address: usize, proxies: Proxies, metrics: EdgeMetrics) -> Arc<Self> {
        let (taken, closing) = (Mutex::default(), CancellationToken::new());
        Arc::new(Self { port, most, most_per_address, proxies, metrics, taken, closing })
    }

    /// Takes a place for a connection from that address, if need be that of one that has no request.
    ///
    /// # Errors
    /// Why there is none.
    pub fn take_slot(
        self: &Arc<Self>,
        peer: IpAddr,
        activity: Arc<Activity>,
    ) -> Result<ConnectionSlot, ConnectionRefusal> {
        let address = (!self.proxies.trusts(peer)).then(|| network(peer));
        let mut taken = self.lock_taken();
        let of_address = address.and_then(|address| taken.by_address.get(&address)).map_or(0, IndexSet::len);
        let shortage = if of_address >= self.most_per_address {
            Some((ConnectionRefusal::Address, address))
        } else {
            (taken.all.len() >= self.most).then_some((ConnectionRefusal::Total, None))
        };
        if let Some((refusal, address)) = shortage
            && !taken.displace(address)
        {
            self.metrics.count_refused(refusal);
            return Err(refusal);
        }
        let displaced = Arc::new(Notify::new());
        let number = taken.add(Occupant { activity, displaced: Arc::clone(&displaced), address });
        Ok(ConnectionSlot { room: Arc::clone(self), number, displaced, _open: self.metrics.count_opened(self.port) })
    }

    /// Cancelled when the port closes: then connections finish what is under way.
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    fn lock_taken(&self) -> MutexGuard<'_, TakenSlots> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TakenSlots {
    fn add(&mut self, occupant: Occupant) -> u64 {
        self.last += 1;
        if let Some(address) = occupant.address {
            self.by_address.entry(address).or_default().insert(self.last);
        }
        self.all.insert(self.last, occupant);
        self.last
    }

    fn remove(&mut self, number: u64) -> Option<Occupant> {
        let occupant = self.all.swap_remove(&number)?;
        if let Some(address) = occupant.address
            && let Some(numbers) = self.by_address.get_mut(&address)
        {
            numbers.swap_remove(&number);
            // Otherwise the map would grow by every address that was ever connected.
            if numbers.is_empty() {
                self.by_address.remove(&address);
            }
        }
        Some(occupant)
    }

    /// Frees the place of a connection without a request: of some, here or of that address, the one that has had none for
    /// longest. Whether there was one.
    fn displace(&mut self, address: Option<IpAddr>) -> bool {
        let numbers = address.and_then(|address| self.by_address.get(&address));
        let present = numbers.map_or(self.all.len(), IndexSet::len);
        let turn = self.turn;
        self.turn = turn.wrapping_add(LOOKED_AT);
        let looked_at = (0..LOOKED_AT.min(present)).filter_map(|step| {
            let index = turn.wrapping_add(step) % present;
            let number = match numbers {
                Some(numbers) => *numbers.get_index(index)?,
                None => *self.all.get_index(index)?.0,
            };
            Some((self.all.get(&number)?.activity.without_request_since()?, number))
        });
        let Some((_, longest)) = looked_at.min() else { return false };
        // It has no place from now on, though it takes a moment to see that.
        let occupant = self.remove(longest);
        occupant.is_some_and(|occupant| {
            occupant.displaced.notify_one();
            true
        })
    }
}

impl ConnectionSlot {
    /// Resolves once another connection has taken it.
    pub async fn displaced(&self) {
        self.displaced.notified().await;
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        // Nothing is there of one that was displaced.
        self.room.lock_taken().remove(self.number);
    }
}

/// Whom an address stands for: of IPv6 a customer has at least a /64 network, with more addresses than could be counted.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::super::activity::UnderWay;
    use super::*;
    use baton_web::ForwardedHeader;
    use futures::FutureExt;
    use std::time::Duration;

    fn room(most: usize, most_per_address: usize) -> Arc<ConnectionSlots> {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()], ForwardedHeader::default());
        ConnectionSlots::new(Port::Main, most, most_per_address, proxies, EdgeMetrics::default())
    }

    /// A connection that has a request under way, and its place.
    fn busy(room: &Arc<ConnectionSlots>, address: &str) -> Result<(ConnectionSlot, UnderWay), ConnectionRefusal> {
        let activity = activity();
        let request = activity.begin();
        Ok((room.take_slot(address.parse().unwrap(), activity)?, request))
    }

    fn idle(room: &Arc<ConnectionSlots>, address: &str) -> Result<ConnectionSlot, ConnectionRefusal> {
        room.take_slot(address.parse().unwrap(), activity())
    }

    fn activity() -> Arc<Activity> {
        Activity::new(Duration::from_secs(10), Duration::from_secs(120))
    }

    fn is_displaced(place: &ConnectionSlot) -> bool {
        place.displaced().now_or_never().is_some()
    }

    #[test]
    fn places_come_back() {
        let room = room(2, 2);
        let first = busy(&room, "1.1.1.1").unwrap();
        let _second = busy(&room, "1.1.1.2").unwrap();
        assert_eq!(busy(&room, "1.1.1.3").err(), Some(ConnectionRefusal::Total));
        drop(first);
        drop(busy(&room, "1.1.1.3").unwrap());
        assert_eq!(room.lock_taken().by_address.len(), 1, "no address is remembered for longer than it is connected");
    }

    #[test]
    fn an_address_has_its_share() {
        let room = room(100, 2);
        let _held = [busy(&room, "1.1.1.1").unwrap(), busy(&room, "::ffff:1.1.1.1").unwrap()];
        assert_eq!(busy(&room, "1.1.1.1").err(), Some(ConnectionRefusal::Address));
        let _held = [busy(&room, "2001:db8::1").unwrap(), busy(&room, "2001:db8::2").unwrap()];
        assert_eq!(busy(&room, "2001:db8::3").err(), Some(ConnectionRefusal::Address), "one /64 network is one client");
        assert!(busy(&room, "2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn trusted_proxies_are_bounded_by_the_total_alone() {
        let room = room(3, 1);
        let held: Vec<_> = (0..3).map(|_| busy(&room, "10.0.0.1").unwrap()).collect();
        assert_eq!(busy(&room, "10.0.0.1").err(), Some(ConnectionRefusal::Total));
        drop(held);
        assert!(busy(&room, "1.1.1.1").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_newcomer_takes_the_place_of_who_has_had_no_request_for_longest() {
        let room = room(3, 3);
        let _busy = busy(&room, "1.1.1.1").unwrap();
        let mut idlers = Vec::new();
        for _ in 0..2 {
            tokio::time::advance(Duration::from_secs(1)).await;
            idlers.push(idle(&room, "1.1.1.2").unwrap());
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        let third = idle(&room, "1.1.1.3").unwrap();
        assert_eq!([&idlers[0], &idlers[1], &third].map(is_displaced), [true, false, false]);
        // That it ends now gives nobody a place twice.
        drop(idlers.remove(0));
        assert_eq!(room.lock_taken().all.len(), 3);
    }

    #[tokio::test]
    async fn an_address_that_has_its_share_displaces_its_own() {
        let room = room(100, 2);
        let other = idle(&room, "1.1.1.1").unwrap();
        let own = [idle(&room, "1.1.1.2").unwrap(), idle(&room, "1.1.1.2").unwrap()];
        let _newcomer = idle(&room, "1.1.1.2").unwrap();
        assert!(!is_displaced(&other) && (is_displaced(&own[0]) != is_displaced(&own[1])));
    }

    #[tokio::test]
    async fn a_flood_finds_the_idle_ones_between_the_busy() {
        let room = room(40, 40);
        let _busy: Vec<_> = (0..30).map(|_| busy(&room, "1.1.1.1").unwrap()).collect();
        let _idle: Vec<_> = (0..10).map(|_| idle(&room, "1.1.1.1").unwrap()).collect();
        // Each looks at eight, so some find only busy ones; a second try looks elsewhere.
        let entered = (0..5).filter_map(|_| idle(&room, "1.1.1.2").ok()).collect::<Vec<_>>();
        assert!(!entered.is_empty());
        assert_eq!(room.lock_taken().all.len(), 40);
    }
}
