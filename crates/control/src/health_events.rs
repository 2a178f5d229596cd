//! Writes the event `model.health.changed` when a circuit has opened or closed.

use baton_engine::health::{CircuitChange, ModelError};
use baton_engine::{Circuit, Engine};
use baton_model::{Actor, EventKind, ModelId, Timestamp};
use baton_store::{NewEvent, Store, StoreError};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The wait after a failure of the database, and the longest after many.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Puts each change of a circuit on this node into the outbox. While the database is away the last change of each model
/// waits; one that is undone by then is not told. Runs until it is dropped.
pub async fn write_health_events(engine: Engine, store: Store) {
    // Models whose open circuits have been told of.
    // Kept here and not asked of the engine: a circuit that opened and closed while the database was away must not be
    // told as closed, when nobody has heard that it was open.
    let mut open = BTreeSet::new();
    loop {
        // Woken by the first change of several: whatever has come together is written in one unit.
        engine.health().changes().wait_for_changes().await;
        write(&engine, &store, &mut open).await;
    }
}

/// Writes all that there is, however long the database is away.
async fn write(engine: &Engine, store: &Store, open: &mut BTreeSet<ModelId>) {
    // One that was removed and is registered again begins anew.
    let snapshot = engine.registry().snapshot();
    open.retain(|model| snapshot.models.contains_key(model));
    let mut changes = BTreeMap::new();
    let mut pause = FIRST_PAUSE;
    loop {
        // Newer changes of a model take the place of older ones.
        changes.append(&mut engine.health().changes().take());
        // A circuit that opened and closed again before it was told is no news.
        changes.retain(|model, change| (change.circuit == Circuit::Open) != open.contains(model));
        match write_changes(engine, store, &changes).await {
            Ok(()) => break,
            // Once an outage as a warning, not once a try.
            Err(error) if pause == FIRST_PAUSE => {
                tracing::warn!(%error, "health events will be written when the database is available");
            }
            Err(error) => tracing::debug!(%error, "health events can't be written yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    for (model, change) in changes {
        match change.circuit {
            Circuit::Open => open.insert(model),
            Circuit::Closed | Circuit::HalfOpen => open.remove(&model),
        };
    }
}

async fn write_changes(
    engine: &Engine,
    store: &Store,
    changes: &BTreeMap<ModelId, CircuitChange>,
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let snapshot = engine.registry().snapshot();
    let unit = store.change(&Actor::service("health")).await?;
    for (model, change) in changes {
        let provider = snapshot.models.get(model).map(|model| model.provider.as_str());
        let kind = EventKind::ModelHealthChanged;
        let data = data(model, provider, change).to_string();
        unit.add_event(NewEvent { kind, subject: model.to_string(), data, traceparent: None }).await?;
    }
    unit.commit_aside().await
}

fn data(model: &ModelId, provider: Option<&str>, change: &CircuitChange) -> Value {
    let error = change.last_error.as_ref().map(write_error);
    json!({
        "model_id": model.as_str(),
        "provider": provider,
        "circuit": change.circuit.name(),
        "at": write_time(change.at),
        "failures_in_a_row": change.failures_in_a_row,
        "last_error": error,
    })
}

/// An error of a model as events have it.
pub(crate) fn write_error(error: &ModelError) -> Value {
    json!({ "at": write_time(error.at), "kind": error.kind.name(), "message": error.message })
}

/// A time as events have it.
pub(crate) fn write_time(time: Timestamp) -> Option<String> {
    Some(DateTime::from_timestamp_micros(time.0)?.to_rfc3339_opts(SecondsFormat::Micros, true))
}
