//! A lease: the right to do what one node does at a time.

use super::leases;
use baton_store::Store;
use std::time::{Duration, Instant};

/// How long a lease lasts: the longest that its work rests when its node dies.
const TTL: Duration = Duration::from_secs(10);
/// It is renewed, or asked for again, after a part of that.
const RENEW: Duration = Duration::from_secs(3);

/// A lease as this node sees it. It asks the database now and then, not each time it is asked itself.
pub struct Lease {
    store: Store,
    name: &'static str,
    held: bool,
    asked: Option<Instant>,
    away: bool,
}

impl Lease {
    /// The lease of that name, not held yet.
    pub fn new(store: Store, name: &'static str) -> Self {
        Self { store, name, held: false, asked: None, away: false }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether this node has it. While the database is away nobody has: what leases are for is work in the database.
    pub async fn is_held(&mut self) -> bool {
        if self.asked.is_none_or(|asked| asked.elapsed() >= RENEW) {
            // Before the question: if the database is slow, the lease counts from an earlier moment here than there,
            // never from a later one.
            let asked = Instant::now();
            let acquired = self.store.leases().acquire(self.name, self.store.node(), TTL).await;
            if let (Err(error), false) = (&acquired, self.away) {
                tracing::warn!(lease = self.name, %error, "the database can't be queried for a lease; its work pauses");
            }
            self.away = acquired.is_err();
            let held = acquired.unwrap_or(false);
            if held != self.held {
                let work = describe_work(self.name);
                if held {
                    tracing::info!(lease = self.name, "this node now runs {work}");
                } else {
                    tracing::info!(lease = self.name, "this node no longer runs {work}");
                }
            }
            (self.held, self.asked) = (held, Some(asked));
        }
        self.held
    }

    /// Gives it back, so that another node needs not wait.
    pub async fn release(mut self) {
        if std::mem::take(&mut self.held)
            && let Err(error) = self.store.leases().release(self.name, self.store.node()).await
        {
            tracing::debug!(lease = self.name, %error, "a lease could not be released; it expires by itself");
        }
    }
}

/// What the holder of a lease does, as a sentence says it.
fn describe_work(lease: &'static str) -> &'static str {
    match lease {
        leases::DISCOVERY => "model discovery",
        leases::RELAY => "the relay",
        leases::WEBHOOKS => "webhook delivery",
        other => other,
    }
}
