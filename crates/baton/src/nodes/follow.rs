//! Following what other nodes change: models, keys, providers, budgets and limits.

use anyhow::Context;
use baton_bus::Bus;
use baton_control::{PolicyDirectory, ProviderDirectory};
use baton_kv::{Notice, Notices};
use baton_store::{Revisions, Store};
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the notices of changes are about.
pub const TOPIC: &str = "changed";
/// The wait before a bus or Redis that could not be listened to is asked again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// What a node holds in snapshots.
#[derive(Clone)]
pub struct NodeSnapshots {
    /// The providers, and with them the models.
    pub providers: Arc<ProviderDirectory>,
    /// The budgets and limits.
    pub policies: Arc<PolicyDirectory>,
    /// The keys.
    pub keys: Arc<baton_auth::ApiKeys>,
}

impl NodeSnapshots {
    /// Takes over what the database says.
    ///
    /// # Errors
    /// If the database can't be read; what could not be taken over stays as it was.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.reload_others().await?;
        self.keys.reload().await.context("the keys can't be read")
    }

    /// The same of all but the keys.
    async fn reload_others(&self) -> anyhow::Result<()> {
        // With the models, which are of use only with their providers.
        self.providers.reload().await.context("providers and models can't be read")?;
        self.policies.reload().await.context("budgets and limits can't be read")?;
        self.keys.reload_projects().await.context("the projects can't be read")
    }

    /// Takes over what has changed since an earlier look. There may be a hundred thousand keys, so only those are read that
    /// changed, where that is known.
    ///
    /// # Errors
    /// Those of [`Self::reload`].
    async fn reload_since(&self, earlier: &Revisions, now: &Revisions) -> anyhow::Result<()> {
        if !now.explain_all_since(earlier) || now.removed_keys != earlier.removed_keys {
            return self.reload().await;
        }
        if now.others != earlier.others {
            self.reload_others().await?;
        }
        if now.keys != earlier.keys {
            self.keys.reload_changed(earlier.keys).await.context("the keys can't be read")?;
        }
        Ok(())
    }
}

/// Where notices of changes come from.
pub struct NoticeSources {
    /// Redis, or this process.
    pub notices: Arc<dyn Notices>,
    /// The bus: its events tell of changes too.
    pub bus: Arc<dyn Bus>,
}

/// Takes over every change within `every`, and at once where a notice comes. Runs until stopped.
pub async fn follow_changes(
    registered: NodeSnapshots,
    store: Store,
    sources: NoticeSources,
    every: Duration,
    stop: CancellationToken,
) {
    let mut notices = listen(sources);
    // No revision yet, so the first look always reloads: something may have changed since the start read it.
    let (mut in_force, mut away) = (None, false);
    loop {
        match reload_if_newer(&registered, &store, in_force).await {
            Ok(revision) => {
                if std::mem::take(&mut away) {
                    tracing::info!("the database is available again; changes of other nodes are in force");
                }
                in_force = Some(revision);
            }
            Err(error) if !away => {
                away = true;
                tracing::warn!(
                    error = format!("{error:#}"),
                    "changes of other nodes can't be read; the known state stays in force"
                );
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            // A notice says nothing about what changed. It only makes the look come sooner, so none has to arrive.
            Some(()) = notices.next() => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Reloads if there is a newer revision than the one in force; the one in force then.
async fn reload_if_newer(
    registered: &NodeSnapshots,
    store: &Store,
    in_force: Option<Revisions>,
) -> anyhow::Result<Revisions> {
    // One number for nearly every look, which finds nothing.
    let all = store.revision().await?;
    if let Some(in_force) = in_force.filter(|in_force| in_force.all == all) {
        return Ok(in_force);
    }
    // Asked first: what is committed while the snapshots are made is looked at again.
    let revisions = store.revisions().await?;
    match in_force {
        Some(earlier) => registered.reload_since(&earlier, &revisions).await?,
        None => registered.reload().await?,
    }
    Ok(revisions)
}

/// Every notice that something may have changed, from wherever; goes on by itself after outages.
fn listen(sources: NoticeSources) -> BoxStream<'static, ()> {
    let NoticeSources { notices, bus } = sources;
    let told = async move { notices.subscribe().await }.flatten_stream();
    let told = told.filter_map(async |notice| match notice {
        Notice::Published { topic, .. } => (topic == TOPIC).then_some(()),
        // The connection was away: what was published meanwhile is not known.
        Notice::Missed => Some(()),
    });
    stream::select(told, published(bus)).boxed()
}

/// Events that tell of a change of what is registered.
fn published(bus: Arc<dyn Bus>) -> impl futures::Stream<Item = ()> + Send {
    // A stream of the bus ends with its connection, so it is opened again and again.
    let again = stream::repeat(bus).then(async |bus| {
        loop {
            match bus.listen().await {
                Ok(events) => return events,
                Err(error) => {
                    tracing::debug!(%error, "the bus can't be subscribed to");
                    tokio::time::sleep(LISTEN_AGAIN).await;
                }
            }
        }
    });
    again.flatten().filter_map(async |event| is_registration(&event.kind).then_some(()))
}

/// Whether an event of that type tells of a change of what is registered, and not of a request.
fn is_registration(kind: &str) -> bool {
    // Not `model.` as a whole: every request is a `model.request.completed`, and each would make all nodes read
    // everything again. A budget that is spent is no change of it either.
    let of_models = ["model.registered", "model.updated", "model.deleted"];
    let of_budgets = ["budget.created", "budget.updated", "budget.deleted"];
    let of_others = ["key.", "provider.", "project.", "limit.", "user."];
    of_models.iter().chain(&of_budgets).chain(&of_others).any(|prefix| kind.starts_with(prefix))
}
