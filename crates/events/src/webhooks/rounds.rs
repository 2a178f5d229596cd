//! Many deliveries at once, without one slow service holding up the others.

use super::call::{DeliveryAttempt, DeliveryOutcome, Means, call};
use super::schedule::Schedule;
use super::{READ, WebhookSettings};
use crate::outage::Outage;
use baton_fetch::{FetchClient, FetchLimits};
use baton_model::{Actor, Clock, Timestamp};
use baton_seal::Keyring;
use baton_store::webhooks::{DeliveryFailure, DueDelivery};
use baton_store::{NewAudit, Store, StoreError};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Calls under way, in all.
const CALLS: usize = 64;
/// Calls under way to one webhook; one only, while it does not respond as it should.
const CALLS_EACH: usize = 4;
/// Calls under way to webhooks that do not reply as they should: the rest is for the others.
const CALLS_FAILING: usize = CALLS / 2;
/// Deliveries looked at in one question: more than can be under way.
const LOOK: u64 = 200;
/// How long a round waits for a call to end.
const WAIT: Duration = Duration::from_millis(200);
/// After such a pause between rounds another node may have had the work: what was under way is no longer ours.
const STALE: Duration = Duration::from_secs(5);
const WHAT: &str = "the delivery of webhooks";

/// Delivers events to webhooks.
pub struct WebhookSender {
    store: Store,
    means: Means,
    schedule: Schedule,
    work: Mutex<Work>,
}

/// What is under way.
struct Work {
    rng: StdRng,
    outage: Outage,
    last: Instant,
    calls: FuturesUnordered<BoxFuture<'static, DeliveryAttempt>>,
    /// What is over, but not yet written down.
    tried: Vec<DeliveryAttempt>,
    targets: BTreeMap<String, Target>,
}

/// One webhook.
#[derive(Default)]
struct Target {
    /// Its deliveries that are under way, or not yet written down.
    deliveries: BTreeSet<String>,
    /// Whether it failed last.
    fails: bool,
}

impl WebhookSender {
    /// Over that database, with the keys that webhooks' secrets are sealed with. `seed` varies waits.
    pub fn new(
        store: Store,
        keyring: Option<Keyring>,
        settings: WebhookSettings,
        clock: Arc<dyn Clock>,
        seed: u64,
    ) -> Self {
        let limits = FetchLimits { time: settings.timeout, bytes: READ };
        let means = Means { client: FetchClient::guarded(settings.allow).with_limits(limits), keyring, clock };
        let work = Work {
            rng: StdRng::seed_from_u64(seed),
            outage: Outage::default(),
            last: Instant::now(),
            calls: FuturesUnordered::new(),
            tried: Vec::new(),
            targets: BTreeMap::new(),
        };
        Self { store, means, schedule: settings.schedule, work: Mutex::new(work) }
    }

    /// Begins what is due, waits a moment for calls to end, and writes down what came of them. Whether there may be more
    /// to do: if not, look again a little later. Calls only go on during rounds: for the one node that has the lease.
    pub async fn round(&self) -> bool {
        let mut work = self.work.lock().await;
        work.forget_if_stale();
        if work.outage.is_pausing(Instant::now()) {
            return false;
        }
        let done = self.turn(&mut work).await;
        work.last = Instant::now();
        match done {
            Ok(busy) => {
                work.outage.note_success(WHAT);
                busy
            }
            Err(error) => {
                work.outage.note_failure(Instant::now(), WHAT, &error);
                false
            }
        }
    }

    async fn turn(&self, work: &mut Work) -> Result<bool, StoreError> {
        // First of all: what can't be written down would be delivered again and again.
        self.write_outcomes(work).await?;
        self.begin(work).await?;
        if work.calls.is_empty() {
            return Ok(false);
        }
        // Bounded, so that the lease is renewed and new events begin while slow calls go on.
        if let Ok(Some(tried)) = timeout(WAIT, work.calls.next()).await {
            work.tried.push(tried);
            // Whatever else has ended is taken along, so that one write phase covers it.
            while let Some(Some(tried)) = work.calls.next().now_or_never() {
                work.tried.push(tried);
            }
        }
        self.write_outcomes(work).await?;
        Ok(true)
    }

    /// Begins calls while there is room for them.
    async fn begin(&self, work: &mut Work) -> Result<(), StoreError> {
        while work.calls.len() < CALLS {
            // Asked anew each time: the calls begun in this loop fill their targets.
            let full = work.busy_webhooks();
            let full: Vec<&str> = full.iter().map(String::as_str).collect();
            let due = self.store.webhooks().list_due(self.means.clock.now(), &full, LOOK).await?;
            let before = work.calls.len();
            due.into_iter().for_each(|due| work.call(&self.means, due));
            if work.calls.len() == before {
                break;
            }
        }
        Ok(())
    }

    /// Writes down what is over.
    async fn write_outcomes(&self, work: &mut Work) -> Result<(), StoreError> {
        while let Some(tried) = work.tried.pop() {
            match self.write(work, &tried).await {
                // The webhook has been deleted meanwhile, and its deliveries with it.
                Ok(()) | Err(StoreError::NotFound { .. }) => work.finish_attempt(&tried),
                Err(error) => {
                    // Put back: it is written before anything new begins.
                    work.tried.push(tried);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn write(&self, work: &mut Work, tried: &DeliveryAttempt) -> Result<(), StoreError> {
        let now = self.means.clock.now();
        let failure = match &tried.outcome {
            DeliveryOutcome::Accepted(status) => {
                return self.store.webhooks().mark_delivered(&tried.delivery, status.as_u16(), now).await;
            }
            DeliveryOutcome::Again { status, error, after } => {
                // The number of earlier failures picks the wait, so that a restart continues the schedule.
                let wait = self.schedule.next(tried.failures, *after, &mut work.rng);
                DeliveryFailure {
                    status: status.map(|status| status.as_u16()),
                    error: error.clone(),
                    next: wait.map(|wait| now.plus(wait)),
                }
            }
            DeliveryOutcome::Never(error) => DeliveryFailure { status: None, error: error.clone(), next: None },
            DeliveryOutcome::Gone => {
                // Before the delivery is marked: if the node dies in between, the next try gets the 410 again and
                // ends the webhook then.
                self.deactivate(&tried.webhook, now).await?;
                DeliveryFailure { status: Some(410), error: "the service replied 410 Gone".to_owned(), next: None }
            }
        };
        let DeliveryFailure { status, error, next } = &failure;
        let given_up = next.is_none();
        tracing::warn!(
            webhook.id = tried.webhook,
            delivery.id = tried.delivery,
            status,
            error,
            given_up,
            "a webhook failed"
        );
        self.store.webhooks().mark_failed(&tried.delivery, &failure, now).await
    }

    /// Ends a webhook whose service wants no more events.
    async fn deactivate(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let change = self.store.change(&Actor::service("webhooks")).await?;
        let mut webhook = change.webhooks().get(id).await?;
        // Several deliveries may get the 410 at once; one of them ends the webhook and writes the audit entry.
        if !webhook.active {
            return Ok(());
        }
        let seen = webhook.updated_at;
        (webhook.active, webhook.updated_at) = (false, now.max(Timestamp(seen.0.saturating_add(1))));
        change.webhooks().update(&webhook, seen).await?;
        let json = |active: bool| Some(serde_json::json!({ "id": id, "active": active }).to_string());
        let audit = NewAudit {
            action: "webhook.deactivate",
            kind: "webhook",
            subject: id.to_owned(),
            before: json(true),
            after: json(false),
        };
        change.audit(audit).await?;
        change.commit_aside().await?;
        tracing::warn!(webhook.id = id, "a webhook's service replied 410 Gone; it gets no more events");
        Ok(())
    }
}

impl Work {
    /// Forgets what was under way before a long pause.
    fn forget_if_stale(&mut self) {
        let pause = self.last.elapsed();
        self.last = Instant::now();
        if pause > STALE {
            // Dropping the calls cancels them; another node may be delivering the same events.
            self.calls.clear();
            self.tried.clear();
            self.targets.values_mut().for_each(|target| target.deliveries.clear());
        }
    }

    /// Begins a call, if there is room for it and it is not under way.
    fn call(&mut self, means: &Means, due: DueDelivery) {
        let failing = self.failing();
        let target = self.targets.entry(due.webhook.id.clone()).or_default();
        if self.calls.len() < CALLS && target.has_room(failing) && target.deliveries.insert(due.delivery.id.clone()) {
            self.calls.push(call(means.clone(), due).boxed());
        }
    }

    /// Webhooks that get no more calls for now.
    fn busy_webhooks(&self) -> Vec<String> {
        let failing = self.failing();
        let full = self.targets.iter().filter(|(_, target)| !target.has_room(failing));
        full.map(|(id, _)| id.clone()).collect()
    }

    /// Calls under way to webhooks that failed last.
    fn failing(&self) -> usize {
        self.targets.values().filter(|target| target.fails).map(|target| target.deliveries.len()).sum()
    }

    fn finish_attempt(&mut self, tried: &DeliveryAttempt) {
        let Some(target) = self.targets.get_mut(&tried.webhook) else { return };
        target.deliveries.remove(&tried.delivery);
        target.fails = !tried.outcome.is_accepted();
        // A failing target stays, because its state limits the next calls.
        if target.deliveries.is_empty() && !target.fails {
            self.targets.remove(&tried.webhook);
        }
    }
}

impl Target {
    fn has_room(&self, failing: usize) -> bool {
        // One call at a time to a webhook that fails: it shows whether the service is back, and costs one place.
        if self.fails {
            self.deliveries.is_empty() && failing < CALLS_FAILING
        } else {
            self.deliveries.len() < CALLS_EACH
        }
    }
}
