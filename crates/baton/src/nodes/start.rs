//! Everything that a node does beside serving requests.

use super::chores::{self, Retention};
use super::follow::{self, NodeSnapshots, NoticeSources};
use super::{Lease, learned, leases};
use crate::app::App;
use crate::config::Config;
use crate::execute::{self, Executor};
use baton_control::prices::{PriceSource, UpdateOptions};
use baton_control::{ModelDirectory, write_health_events, write_provider_events, write_unpriced_events};
use baton_events::{Relay, WebhookSender};
use baton_model::{Actor, PublicError};
use baton_tasks::run_supervised;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The wait before what is too old is removed for the first time, so that a start is not slowed by it.
const SETTLED: Duration = Duration::from_secs(60);

/// Starts it all; every task ends at `stop`.
pub fn start(app: &App, config: &Config, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let lease = |name| Lease::new(app.store.clone(), name);

    let registered = NodeSnapshots {
        providers: Arc::clone(&app.providers),
        policies: Arc::clone(&app.policies),
        keys: Arc::clone(&app.keys),
    };
    let sources = NoticeSources { notices: Arc::clone(&app.shared.notices), bus: Arc::clone(&app.shared.bus) };
    let follow = follow::follow_changes(registered, app.store.clone(), sources, config.node.follow, stop.clone());
    tasks.spawn(run_supervised("follow", follow));

    // `serve` has discovered at the start already, so the first one here is due after a period.
    if let Some(period) = config.discovery.every.filter(|period| !period.is_zero()) {
        let models = Arc::clone(&app.models);
        let discover = move || discover(Arc::clone(&models));
        tasks.spawn(chores::run_periodically(lease(leases::DISCOVERY), period, period, stop.clone(), discover));
    }

    if let Some((url, period)) = config.prices.schedule() {
        let (models, source) = (Arc::clone(&app.models), PriceSource::new(config.prices.networks()));
        let update = move || update_prices(Arc::clone(&models), source.clone(), url.clone());
        // Soon after a start: a node that was stopped for a week should not wait for a day.
        tasks.spawn(chores::run_periodically(lease(leases::PRICES), SETTLED, period, stop.clone(), update));
    }

    let relay = Arc::new(Relay::new(app.store.clone(), Arc::clone(&app.shared.bus)));
    let round = move || {
        let relay = Arc::clone(&relay);
        async move { relay.round().await }
    };
    // Under a lease, because two relays at once would publish every event twice.
    tasks.spawn(chores::run_rounds(lease(leases::RELAY), chores::LOOK, stop.clone(), round));

    let webhooks: Arc<WebhookSender> = Arc::clone(&app.webhooks);
    let round = move || {
        let webhooks = Arc::clone(&webhooks);
        async move { webhooks.round().await }
    };
    // Under a lease too: two nodes would deliver the same events, and a receiver that fails would be asked twice as
    // often.
    tasks.spawn(chores::run_rounds(lease(leases::WEBHOOKS), chores::LOOK, stop.clone(), round));

    // Without a lease: every node has circuits of its own.
    let (events, stopped) = (write_health_events(app.engine.clone(), app.store.clone()), stop.clone());
    tasks.spawn(run_supervised("health_events", async move {
        stopped.run_until_cancelled(events).await;
    }));

    // Without a lease: every node sees what its own requests have spent.
    let events = baton_control::policies::write_policy_events(app.engine.clone(), app.store.clone());
    let stopped = stop.clone();
    tasks.spawn(run_supervised("budget_events", async move {
        stopped.run_until_cancelled(events).await;
    }));

    // Without a lease, as all three: every node sees its own requests, and the database lets one of them tell.
    let (events, stopped) = (write_unpriced_events(app.engine.clone(), app.store.clone()), stop.clone());
    tasks.spawn(run_supervised("unpriced_events", async move {
        stopped.run_until_cancelled(events).await;
    }));
    let (events, stopped) = (write_provider_events(app.engine.clone(), app.store.clone()), stop.clone());
    tasks.spawn(run_supervised("provider_events", async move {
        stopped.run_until_cancelled(events).await;
    }));

    // Without a lease: every node learns.
    let sharing = learned::share(app.engine.clone(), app.store.clone(), stop.clone());
    tasks.spawn(run_supervised("learned_counts", sharing));

    let (store, clock) = (app.store.clone(), Arc::clone(app.engine.clock()));
    let kept = Retention { requests: config.ledger.retention, events: config.events.keep };
    let clean = move || {
        let (store, now) = (store.clone(), clock.now());
        async move { chores::clean(&store, now, kept).await }
    };
    tasks.spawn(chores::run_periodically(lease(leases::RETENTION), SETTLED, chores::HOUSEKEEPING, stop.clone(), clean));

    if config.commands.enabled {
        tasks.spawn(run_supervised("commands", executor(app, config).run(stop.clone())));
    }
    tasks
}

async fn discover(models: Arc<ModelDirectory>) {
    if let Err(error) = models.discover(None, false, &Actor::service("discovery")).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the models could not be discovered");
    }
}

/// Takes over the prices that the operator has configured. A list that can't be had or read changes nothing.
async fn update_prices(models: Arc<ModelDirectory>, source: PriceSource, url: String) {
    let by = Actor::service("prices");
    let options = UpdateOptions { source: url.clone(), checksum: None, effective: None, dry_run: false };
    let updated = async {
        let list = source.fetch(&url).await?;
        let done = models.prices().update(&list, &options, &by).await?;
        models.reload().await?;
        Ok::<_, PublicError>(done)
    };
    match updated.await {
        Ok(done) => tracing::info!(
            prices.added = done.report.added.len(),
            prices.changed = done.report.changed.len(),
            prices.checksum = done.checksum,
            "prices were updated"
        ),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "prices could not be updated"),
    }
}

fn executor(app: &App, config: &Config) -> Executor {
    Executor {
        bus: Arc::clone(&app.shared.bus),
        store: app.store.clone(),
        // Not those of the main port, which has no management where that has a port of its own.
        paths: app.paths.all.clone(),
        clock: Arc::clone(app.engine.clock()),
        settings: execute::CommandSettings {
            concurrency: config.commands.concurrency,
            attempts: config.commands.attempts,
            lease: config.commands.lease,
            identity: config.commands.identity.as_ref().and_then(|identity| identity.caller()),
        },
    }
}
