//! Writes the event `usage.unpriced` when a model was used that has no price.

use crate::health_events::write_time;
use baton_engine::Engine;
use baton_engine::unpriced::UnpricedUse;
use baton_model::{Actor, EventKind, ModelId, ProviderId};
use baton_store::{NewEvent, Store, StoreError};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

/// The least time between two looks, so that requests that come together are looked at together.
const GATHER: Duration = Duration::from_millis(200);
/// In microseconds.
const DAY: i64 = 86_400_000_000;

/// The day for which was told of a model last.
type Announcements = HashMap<(ProviderId, ModelId), i64>;

/// Puts an event into the outbox for each model that was used without a price, once in a day (UTC), however many nodes see it. Runs
/// until it is dropped.
pub async fn write_unpriced_events(engine: Engine, store: Store) {
    let mut announced = Announcements::new();
    loop {
        engine.unpriced().wait_for_uses().await;
        for ((provider, model), found) in engine.unpriced().take() {
            if let Err(error) = write(&engine, &store, (&provider, &model), &found, &mut announced).await {
                // The next request is another occasion.
                tracing::warn!(model.id = %model, %error, "an event of unpriced use could not be written");
            }
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn write(
    engine: &Engine,
    store: &Store,
    (provider, model): (&ProviderId, &ModelId),
    found: &UnpricedUse,
    announced: &mut Announcements,
) -> Result<(), StoreError> {
    let day = found.at.0.div_euclid(DAY);
    let key = (provider.clone(), model.clone());
    if announced.get(&key) == Some(&day) {
        return Ok(());
    }
    let data = json!({
        "model_id": model.as_str(),
        "provider": provider.as_str(),
        "reason": found.reason,
        "at": write_time(found.at),
    });
    let kind = EventKind::UsageUnpriced;
    let event = NewEvent { kind, subject: model.to_string(), data: data.to_string(), traceparent: None };
    let unit = store.change(&Actor::service("prices")).await?;
    // With the length of the first name, so that no other pair of names reads the same.
    let occasion = format!("{}:{provider}/{model}/{day}", provider.as_str().len());
    let is_first = unit.add_event_once(event, &occasion).await?;
    unit.commit_aside().await?;
    if is_first {
        engine.count_alert(kind);
    }
    announced.insert(key, day);
    Ok(())
}
