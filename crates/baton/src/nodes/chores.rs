//! The work that one node does at a time: each kind under a lease of its own.

use super::Lease;
use baton_model::Timestamp;
use baton_store::{Store, StoreError};
use baton_tasks::supervised;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often work under a lease is looked for where nothing says that there is some.
pub const LOOK: Duration = Duration::from_millis(200);
/// How often what is too old is removed.
pub const HOUSEKEEPING: Duration = Duration::from_secs(3600);
/// How long a command is remembered, so that it is not executed twice.
const COMMANDS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How long is kept what was learned of a key that asks no more.
const LEARNED_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// Does rounds of work while this node holds the lease; a round says whether there was anything to do. Runs until
/// stopped.
///
/// A round that panics ends alone: the next one is tried like after any other failure, for nobody else does this work.
pub async fn run_rounds<F>(mut lease: Lease, look: Duration, stop: CancellationToken, mut round: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let name = lease.name();
    loop {
        let busy = lease.is_held().await && supervised(name, round()).await.unwrap_or(false);
        // A round takes a bounded number: what waits after an outage is worked off without pauses, and `stop` is seen
        // between rounds.
        let pause = if busy { Duration::ZERO } else { look };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => break,
        }
    }
    // Only after the last round: another node must not begin while this one still works.
    lease.release().await;
}

/// Does something every so often while this node holds the lease, `first` after its start at the earliest. Runs until
/// stopped.
pub async fn run_periodically<F>(
    lease: Lease,
    first: Duration,
    period: Duration,
    stop: CancellationToken,
    mut work: impl FnMut() -> F,
) where
    F: Future<Output = ()>,
{
    // A period beyond what the clock holds never comes round.
    let mut due = Instant::now().checked_add(first);
    let round = || {
        // The next one counts from here and not from the end of the work, so that its length does not shift the
        // period.
        let now = due.is_some_and(|due| Instant::now() >= due).then(|| {
            due = Instant::now().checked_add(period);
            work()
        });
        async move {
            if let Some(work) = now {
                work.await;
            }
            // Never busy: there is nothing more to do before it is due again.
            false
        }
    };
    // Looking often keeps the lease with the node that has it.
    run_rounds(lease, LOOK, stop, round).await;
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Records of requests; `None`: for ever.
    pub requests: Option<Duration>,
    /// Events.
    pub events: Duration,
}

/// Removes what is too old.
pub async fn clean(store: &Store, now: Timestamp, kept: Retention) {
    if let Err(error) = remove(store, now, kept).await {
        tracing::warn!(%error, "old records could not be removed; the next try is in an hour");
    }
}

async fn remove(store: &Store, now: Timestamp, kept: Retention) -> Result<(), StoreError> {
    let before = |age: Duration| Timestamp(now.0.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX)));
    // First: on PostgreSQL, records of a month that has no partition go into the default one.
    store.ledger().prepare(now).await?;
    if let Some(age) = kept.requests {
        store.ledger().retain(before(age)).await?;
    }
    store.events().expire(before(kept.events)).await?;
    store.commands().expire(before(COMMANDS_KEPT)).await?;
    store.provider_objects().expire(now).await?;
    store.stored_responses().expire(now).await?;
    store.learned_counts().forget_before(before(LEARNED_KEPT)).await?;
    Ok(())
}
