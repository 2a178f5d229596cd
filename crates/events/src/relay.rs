//! The relay: from the outbox to the bus, and into the stream.

use crate::cloud;
use crate::outage::Outage;
use baton_bus::{Bus, BusError, BusEvent};
use baton_store::{Store, StoreError, StoredEvent};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Events in one round: more than are recorded together, which are never cut.
const BATCH: u64 = 1_000;
const WHAT: &str = "the relay of events";

/// Publishes what is in the outbox and gives it its place in the stream, in this order: a node that dies in between
/// leaves it to the next, which publishes it again.
pub struct Relay {
    store: Store,
    bus: Arc<dyn Bus>,
    outage: Mutex<Outage>,
}

/// What keeps events from being relayed.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl Relay {
    /// A relay from that database to that bus.
    pub fn new(store: Store, bus: Arc<dyn Bus>) -> Self {
        Self { store, bus, outage: Mutex::default() }
    }

    /// Relays one batch. Whether there may be more: if not, look again a little later. For the one node that has the
    /// lease; two relays at once would only publish twice.
    pub async fn round(&self) -> bool {
        if self.outage().is_pausing(Instant::now()) {
            return false;
        }
        match self.batch().await {
            Ok(relayed) => {
                self.outage().note_success(WHAT);
                relayed
            }
            Err(error) => {
                self.outage().note_failure(Instant::now(), WHAT, &error);
                false
            }
        }
    }

    async fn batch(&self) -> Result<bool, RelayError> {
        let outbox = self.store.events().outbox(BATCH).await?;
        if outbox.is_empty() {
            return Ok(false);
        }
        // The events of requests are made of their records, which is in vain where nobody hears them.
        let events = self.store.events().read_outbox(&outbox, self.bus.is_shared()).await?;
        // What went out is placed even if the rest failed, or it would be published again each round.
        let (gone, failure) = self.publish(&events).await;
        let gone = if failure.is_none() { outbox.ids() } else { gone };
        if !gone.is_empty() {
            // After the bus has them. A node that dies in between publishes them again, and the bus drops what it had
            // lately.
            self.store.events().place_events(&gone).await?;
        }
        // Otherwise each few requests would have a round of their own, for as long as there are any: what comes meanwhile
        // goes together in the next.
        failure.map_or(Ok(outbox.has_more()), |error| Err(error.into()))
    }

    /// Publishes them; the ids of those that need no other try, and what was in the way of the rest.
    async fn publish(&self, events: &[StoredEvent]) -> (Vec<String>, Option<BusError>) {
        let clouds: Vec<BusEvent> = events.iter().map(cloud).collect();
        match self.bus.publish(&clouds).await {
            Ok(()) => (events.iter().map(|event| event.id.clone()).collect(), None),
            // One of them will never go. The bus drops those that it has taken by now.
            Err(BusError::Refused(_)) => self.publish_singly(&clouds).await,
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    async fn publish_singly(&self, clouds: &[BusEvent]) -> (Vec<String>, Option<BusError>) {
        let mut gone = Vec::new();
        for event in clouds {
            match self.bus.publish(std::slice::from_ref(event)).await {
                Ok(()) => {}
                Err(error @ BusError::Refused(_)) => tracing::error!(
                    event.id, event.kind, %error,
                    "the bus permanently refuses an event; it is in the API's event stream, and sent to webhooks"
                ),
                // An outage ends the round: the rest would each wait for the same timeout.
                Err(error) => return (gone, Some(error)),
            }
            gone.push(event.id.clone());
        }
        (gone, None)
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
