//! Room for connections: how many there may be in all, and of one address.

use baton_engine::{ConnectionRefusal, EdgeMetrics, OpenConnection, Port};
use baton_web::Proxies;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often idle connections are asked to make room.
const ASKING: Duration = Duration::from_secs(1);

/// The places of one port.
pub struct ConnectionSlots {
    port: Port,
    most: usize,
    most_per_address: usize,
    /// A proxy asks for many clients, so it has no limit of its own.
    proxies: Proxies,
    metrics: EdgeMetrics,
    taken: Mutex<TakenSlots>,
    calls: watch::Sender<ConnectionSignal>,
}

/// What every connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionSignal {
    /// Nothing: serve on.
    Serve,
    /// Connections are scarce: who is idle should make room.
    MakeRoom,
    /// The port closes: finish what is under way.
    Close,
}

#[derive(Default)]
struct TakenSlots {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
    /// When idle connections were last asked to make room.
    asked: Option<Instant>,
}

/// A connection's place, until it is dropped.
pub struct ConnectionSlot {
    room: Arc<ConnectionSlots>,
    /// `None` for one that has no limit of its own.
    address: Option<IpAddr>,
    _open: OpenConnection,
}

impl ConnectionSlots {
    /// For that many connections.
    pub fn new(port: Port, most: usize, most_per_address: usize, proxies: Proxies, metrics: EdgeMetrics) -> Arc<Self> {
        let (taken, calls) = (Mutex::default(), watch::Sender::new(ConnectionSignal::Serve));
        Arc::new(Self { port, most, most_per_address, proxies, metrics, taken, calls })
    }

    /// Takes a place for a connection from that address.
    ///
    /// # Errors
    /// Why there is none.
    pub fn take_slot(self: &Arc<Self>, peer: IpAddr) -> Result<ConnectionSlot, ConnectionRefusal> {
        let address = (!self.proxies.trusts(peer)).then(|| network(peer));
        let mut taken = self.lock_taken();
        self.ask_for_room(&mut taken);
        let refusal = if taken.total >= self.most {
            Some(ConnectionRefusal::Total)
        } else {
            let of_address = address.and_then(|address| taken.by_address.get(&address)).copied().unwrap_or(0);
            (of_address >= self.most_per_address).then_some(ConnectionRefusal::Address)
        };
        if let Some(refusal) = refusal {
            self.metrics.count_refused(refusal);
            return Err(refusal);
        }
        taken.total += 1;
        if let Some(address) = address {
            *taken.by_address.entry(address).or_default() += 1;
        }
        Ok(ConnectionSlot { room: Arc::clone(self), address, _open: self.metrics.count_opened(self.port) })
    }

    /// What connections are told from now on.
    pub fn calls(&self) -> watch::Receiver<ConnectionSignal> {
        self.calls.subscribe()
    }

    /// Tells all connections that the port closes.
    pub fn close(&self) {
        self.calls.send_replace(ConnectionSignal::Close);
    }

    /// Wakes idle connections before the last places are taken, so that those who only hold a connection don't keep out
    /// those who have a request.
    fn ask_for_room(&self, taken: &mut TakenSlots) {
        let now = Instant::now();
        let is_scarce = taken.total >= self.most - self.most / 8;
        if is_scarce && taken.asked.is_none_or(|asked| now.duration_since(asked) >= ASKING) {
            taken.asked = Some(now);
            self.calls.send_if_modified(|call| {
                // That the port closes stays said.
                let open = *call != ConnectionSignal::Close;
                if open {
                    *call = ConnectionSignal::MakeRoom;
                }
                open
            });
        }
    }

    fn lock_taken(&self) -> MutexGuard<'_, TakenSlots> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut taken = self.room.lock_taken();
        taken.total -= 1;
        let Some(address) = self.address else { return };
        if let Some(number) = taken.by_address.get_mut(&address) {
            *number -= 1;
            if *number == 0 {
                taken.by_address.remove(&address);
            }
        }
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
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_web::ForwardedHeader;

    fn room(most: usize, most_per_address: usize) -> Arc<ConnectionSlots> {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()], ForwardedHeader::default());
        ConnectionSlots::new(Port::Main, most, most_per_address, proxies, EdgeMetrics::default())
    }

    fn take_slot(room: &Arc<ConnectionSlots>, address: &str) -> Result<ConnectionSlot, ConnectionRefusal> {
        room.take_slot(address.parse().unwrap())
    }

    #[test]
    fn places_come_back() {
        let room = room(2, 2);
        let first = take_slot(&room, "1.1.1.1").unwrap();
        let _second = take_slot(&room, "1.1.1.2").unwrap();
        assert_eq!(take_slot(&room, "1.1.1.3").err(), Some(ConnectionRefusal::Total));
        drop(first);
        drop(take_slot(&room, "1.1.1.3").unwrap());
        assert_eq!(room.lock_taken().by_address.len(), 1, "no address is remembered for longer than it is connected");
    }

    #[test]
    fn an_address_has_its_share() {
        let room = room(100, 2);
        let _held = [take_slot(&room, "1.1.1.1").unwrap(), take_slot(&room, "::ffff:1.1.1.1").unwrap()];
        assert_eq!(take_slot(&room, "1.1.1.1").err(), Some(ConnectionRefusal::Address));
        let _held = [take_slot(&room, "2001:db8::1").unwrap(), take_slot(&room, "2001:db8::2").unwrap()];
        assert_eq!(
            take_slot(&room, "2001:db8::3").err(),
            Some(ConnectionRefusal::Address),
            "one /64 network is one client"
        );
        assert!(take_slot(&room, "2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn trusted_proxies_are_bounded_by_the_total_alone() {
        let room = room(3, 1);
        let held: Vec<ConnectionSlot> = (0..3).map(|_| take_slot(&room, "10.0.0.1").unwrap()).collect();
        assert_eq!(take_slot(&room, "10.0.0.1").err(), Some(ConnectionRefusal::Total));
        drop(held);
        assert!(take_slot(&room, "1.1.1.1").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connections_are_asked_before_the_last_place_is_taken() {
        let room = room(8, 8);
        let mut calls = room.calls();
        let mut held: Vec<ConnectionSlot> = (0..7).map(|_| take_slot(&room, "1.1.1.1").unwrap()).collect();
        assert!(!calls.has_changed().unwrap());
        held.push(take_slot(&room, "1.1.1.1").unwrap());
        assert_eq!(*calls.borrow_and_update(), ConnectionSignal::MakeRoom);
        // Once a second, however many come.
        assert!(take_slot(&room, "1.1.1.1").is_err());
        assert!(!calls.has_changed().unwrap());
        tokio::time::advance(ASKING).await;
        assert!(take_slot(&room, "1.1.1.1").is_err());
        assert!(calls.has_changed().unwrap());
        room.close();
        tokio::time::advance(ASKING).await;
        assert!(take_slot(&room, "1.1.1.1").is_err());
        assert_eq!(*calls.borrow(), ConnectionSignal::Close);
    }
}
