//! Writes the events `provider.unavailable` and `provider.recovered`.

use crate::health_events::write_error;
use baton_engine::Engine;
use baton_engine::health::{ProviderOutage, ProviderStanding};
use baton_model::{Actor, EventKind, ProviderId};
use baton_store::{NewEvent, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// The wait after a failure of the database, and the longest after many.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What the names of settings begin with that say what was told of a provider.
const ANNOUNCED: &str = "provider_alert.";

/// What was told of a provider last, by any node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AnnouncedStanding {
    /// How many changes were told.
    changes: u64,
    /// Whether the last one was its outage.
    is_unavailable: bool,
}

/// Puts an event into the outbox when a provider serves nothing more on this node, and when it serves again. The database knows what
/// was told last, so there is one event for each change, however many nodes see it: the first node that sees an outage tells of it,
/// and the first of those that saw it tells of its end. While the database is away a change waits; one that is undone by then is
/// not told. Runs until it is dropped.
pub async fn write_provider_events(engine: Engine, store: Store) {
    // Providers that are unavailable as far as this node has seen. Their recovery is this node's to tell.
    let mut unavailable = None;
    let mut waiting = BTreeSet::new();
    let mut pause = FIRST_PAUSE;
    loop {
        if waiting.is_empty() {
            engine.health().provider_changes().wait_for_changes().await;
        }
        waiting.append(&mut engine.health().provider_changes().take());
        match write_changes(&engine, &store, &mut waiting, &mut unavailable).await {
            Ok(()) => pause = FIRST_PAUSE,
            Err(error) => {
                // Once an outage as a warning, not once a try.
                if pause == FIRST_PAUSE {
                    tracing::warn!(%error, "events of providers will be written when the database is available");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn write_changes(
    engine: &Engine,
    store: &Store,
    waiting: &mut BTreeSet<ProviderId>,
    unavailable: &mut Option<BTreeSet<ProviderId>>,
) -> Result<(), StoreError> {
    let unavailable = match unavailable {
        Some(known) => known,
        // Else nobody would tell of the end of an outage during which the node that told of it was restarted.
        None => unavailable.insert(read_unavailable(engine, store).await?),
    };
    while let Some(provider) = waiting.first().cloned() {
        let outage = match engine.health().provider_standing(&provider) {
            ProviderStanding::Available => None,
            ProviderStanding::Unavailable(outage) => Some(outage),
        };
        // Nearly every look ends here: a request that failed alone, or the first one that a node serves.
        if outage.is_some() != unavailable.contains(&provider) {
            write_change(engine, store, &provider, outage.as_ref()).await?;
            match outage {
                Some(_) => unavailable.insert(provider.clone()),
                None => unavailable.remove(&provider),
            };
        }
        waiting.remove(&provider);
    }
    Ok(())
}

/// The providers of whose outage was told, and not of its end.
async fn read_unavailable(engine: &Engine, store: &Store) -> Result<BTreeSet<ProviderId>, StoreError> {
    let mut found = BTreeSet::new();
    for provider in engine.registry().snapshot().providers.keys() {
        let stored = store.settings().lookup(&setting(provider)).await?;
        if read_announced(stored).is_unavailable {
            found.insert(provider.clone());
        }
    }
    Ok(found)
}

/// Tells of an outage or, without one, of its end; nothing if another node has told.
async fn write_change(
    engine: &Engine,
    store: &Store,
    provider: &ProviderId,
    outage: Option<&ProviderOutage>,
) -> Result<(), StoreError> {
    let kind = if outage.is_some() { EventKind::ProviderUnavailable } else { EventKind::ProviderRecovered };
    let unit = store.change(&Actor::service("health")).await?;
    let announced = read_announced(unit.settings().lookup(&setting(provider)).await?);
    if announced.is_unavailable == outage.is_some() {
        return Ok(());
    }
    let now = AnnouncedStanding { changes: announced.changes + 1, is_unavailable: outage.is_some() };
    let data = data(provider, outage).to_string();
    let event = NewEvent { kind, subject: provider.to_string(), data, traceparent: None };
    // Numbered, so that two nodes that have read the same mean the same event.
    let is_first = unit.add_event_once(event, &format!("{provider}/{}", now.changes)).await?;
    // Not by the second of two nodes: by now another change may have been told.
    if is_first {
        unit.settings().set(&setting(provider), &serde_json::to_string(&now).unwrap_or_default()).await?;
    }
    unit.commit_aside().await?;
    if is_first {
        engine.count_alert(kind);
    }
    Ok(())
}

fn data(provider: &ProviderId, outage: Option<&ProviderOutage>) -> Value {
    let Some(ProviderOutage { is_key_refused, models, last_error }) = outage else {
        return json!({ "provider": provider.as_str() });
    };
    json!({
        "provider": provider.as_str(),
        "reason": if *is_key_refused { "key_refused" } else { "circuits_open" },
        "models": models.iter().map(|model| model.as_str()).collect::<Vec<_>>(),
        "last_error": last_error.as_ref().map(write_error),
    })
}

fn setting(provider: &ProviderId) -> String {
    format!("{ANNOUNCED}{provider}")
}

/// What a setting says; nothing was told where there is none.
fn read_announced(setting: Option<String>) -> AnnouncedStanding {
    setting.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
