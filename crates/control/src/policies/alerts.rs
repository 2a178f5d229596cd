//! Writes the events `budget.threshold` and `budget.exceeded`.

use baton_engine::Engine;
use baton_engine::policy::SpendingChange;
use baton_model::price::Factor;
use baton_model::schema::time;
use baton_model::{Actor, EventKind, Nanos};
use baton_store::{NewEvent, Store, StoreError};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// The least time between two looks: at thousands of requests a second every counter has changed all the time.
const GATHER: Duration = Duration::from_millis(200);
/// Counters of which is remembered here what was told; of budgets with one counter the database remembers it too.
const REMEMBERED: usize = 100_000;
/// What the names of settings begin with that say what was told of a counter.
const TOLD: &str = "budget_alert.";

/// What was told of a counter: the beginning of its period, and the largest part of the amount, in millionths.
type Told = (i64, u64);

/// Puts an event into the outbox for each threshold that a budget has reached, once in a period: at least once, where two nodes see it at
/// the same moment, or a node starts again that has counted for each value of a scope. Runs until it is dropped.
pub async fn write_budget_events(engine: Engine, store: Store) {
    let mut told = HashMap::new();
    loop {
        let changes = engine.policies().spending();
        changes.wait_for_changes().await;
        for change in changes.take() {
            if let Err(error) = write(&engine, &store, &change, &mut told).await {
                // The next request of the budget is another occasion.
                tracing::warn!(budget.id = change.policy.id, %error, "an event of a budget could not be written");
            }
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn write(
    engine: &Engine,
    store: &Store,
    change: &SpendingChange,
    told: &mut HashMap<String, Told>,
) -> Result<(), StoreError> {
    let SpendingChange { policy, counter, refused } = change;
    let Some(reading) = engine.policies().read(policy, [(**counter).clone()]).await?.into_iter().next() else {
        return Ok(());
    };
    let start = policy.begin_at(engine.clock().now()).0;
    let amount = i64::try_from(reading.limit).unwrap_or(i64::MAX);
    let spent = i64::try_from(reading.spent).unwrap_or(i64::MAX);
    let reached = |part: &&Factor| spent >= part.of(Nanos(amount)).0;
    let mut parts: Vec<(u64, EventKind, &Factor)> = policy
        .alerts
        .iter()
        .filter(reached)
        .map(|part| (part.in_millionths(), EventKind::BudgetThreshold, part))
        .collect();
    if *refused || spent >= amount {
        // Behind every threshold, also one of the whole amount.
        parts.push((u64::MAX, EventKind::BudgetExceeded, &Factor::ONE));
    }
    let Some(most) = parts.iter().map(|(part, ..)| *part).max() else { return Ok(()) };
    let known = |told: Option<&Told>| told.filter(|(of, _)| *of == start).map(|(_, part)| *part);
    if known(told.get(&*counter.name)).is_some_and(|before| before >= most) {
        return Ok(());
    }
    let unit = store.change(&Actor::service("budgets")).await?;
    // Of budgets with one counter alone: clients may name any number of users, and a row for each would never go.
    let name = policy.has_one_counter().then(|| format!("{TOLD}{}", counter.name.replace('\u{1f}', "/")));
    let stored = match &name {
        Some(name) => unit.settings().lookup(name).await?.and_then(|text| serde_json::from_str::<Told>(&text).ok()),
        None => told.get(&*counter.name).copied(),
    };
    let before = known(stored.as_ref());
    for (_, kind, part) in parts.iter().filter(|(part, ..)| before.is_none_or(|before| before < *part)) {
        let number = |nanos: i64| RawValue::from_string(Nanos(nanos).to_string()).ok();
        let values: Map<String, Value> =
            counter.values.iter().map(|(field, value)| ((*field).to_owned(), json!(&**value))).collect();
        let data = json!({
            "budget_id": policy.id,
            "scope": policy.scope,
            "values": values,
            "threshold": number_of(part),
            "amount": number(amount),
            "spent": number(spent),
            "resets_at": reading.resets_at.map(time::write),
        });
        let subject = policy.id.clone();
        unit.add_event(NewEvent { kind: *kind, subject, data: data.to_string(), traceparent: None }).await?;
    }
    let now = (start, before.unwrap_or(0).max(most));
    if let Some(name) = &name {
        unit.settings().set(name, &serde_json::to_string(&now).unwrap_or_default()).await?;
    }
    unit.commit_aside().await?;
    if told.len() >= REMEMBERED {
        told.clear();
    }
    told.insert(counter.name.to_string(), now);
    Ok(())
}

/// A part as JSON, exactly.
fn number_of(part: &Factor) -> Option<Box<RawValue>> {
    RawValue::from_string(part.to_string()).ok()
}
