//! Writes the events `budget.threshold`, `budget.exceeded` and `limit.exceeded`.

use baton_engine::policy::{Policy, SpendingChange};
use baton_engine::{CounterReading, Engine, PolicyKind};
use baton_model::entity::{LimitWindow, Measure};
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
const ANNOUNCED: &str = "budget_alert.";
/// Between the parts of an occasion.
const SEPARATOR: char = '\u{1f}';
/// How often is told of a limit: windows slide, so that none of them is a period of its own. In microseconds.
const HOUR: i64 = 3_600_000_000;

/// What was told of a counter: the beginning of its period, and the largest part of the amount, in millionths.
type Announcement = (i64, u64);

/// Puts an event into the outbox for each threshold that a budget has reached, once in a period, and for each limit that is exceeded,
/// once in an hour. However many nodes see it, there is one event: its id follows from the counter, the period and the threshold.
/// For periods longer than events are kept the database remembers besides what was told of budgets with one counter; of others it may be
/// told again then. Runs until it is dropped.
pub async fn write_policy_events(engine: Engine, store: Store) {
    let mut announced = HashMap::new();
    loop {
        let changes = engine.policies().spending();
        changes.wait_for_changes().await;
        for change in changes.take() {
            if let Err(error) = write(&engine, &store, &change, &mut announced).await {
                // The next request is another occasion.
                tracing::warn!(policy.id = change.policy.id, %error, "an event of a budget or limit could not be written");
            }
        }
        tokio::time::sleep(GATHER).await;
    }
}

async fn write(
    engine: &Engine,
    store: &Store,
    change: &SpendingChange,
    announced: &mut HashMap<String, Announcement>,
) -> Result<(), StoreError> {
    let SpendingChange { policy, counter, refused } = change;
    let now = engine.clock().now();
    // Asked first: while a limit refuses thousands of requests a second, nothing is read for them.
    let hour = now.0.div_euclid(HOUR) * HOUR;
    if policy.kind == PolicyKind::Limit && announced.get(&*counter.name).is_some_and(|(of, _)| *of == hour) {
        return Ok(());
    }
    let Some(reading) = engine.policies().read(policy, [(**counter).clone()]).await?.into_iter().next() else {
        return Ok(());
    };
    let (start, parts) = match policy.kind {
        PolicyKind::Budget => (policy.begin_at(now).0, parts_of_budget(policy, &reading, *refused)),
        PolicyKind::Limit => (hour, vec![(u64::MAX, EventKind::LimitExceeded, &Factor::ONE)]),
    };
    let Some(most) = parts.iter().map(|(part, ..)| *part).max() else { return Ok(()) };
    let known = |announced: Option<&Announcement>| announced.filter(|(of, _)| *of == start).map(|(_, part)| *part);
    if known(announced.get(&*counter.name)).is_some_and(|before| before >= most) {
        return Ok(());
    }
    let unit = store.change(&Actor::service("budgets")).await?;
    // Of budgets with one counter alone: clients may name any number of users, and a row for each would never go.
    // Of limits the event itself is what remembers: it is stored for longer than an hour.
    let is_kept = policy.kind == PolicyKind::Budget && policy.has_one_counter();
    let name = is_kept.then(|| format!("{ANNOUNCED}{}", counter.name.replace(SEPARATOR, "/")));
    let stored = match &name {
        Some(name) => {
            unit.settings().lookup(name).await?.and_then(|text| serde_json::from_str::<Announcement>(&text).ok())
        }
        None => announced.get(&*counter.name).copied(),
    };
    let before = known(stored.as_ref());
    let mut written = Vec::new();
    for (part, kind, share) in parts.iter().filter(|(part, ..)| before.is_none_or(|before| before < *part)) {
        let values: Map<String, Value> =
            counter.values.iter().map(|(field, value)| ((*field).to_owned(), json!(&**value))).collect();
        let data = match policy.kind {
            PolicyKind::Budget => data_of_budget(policy, &reading, values, share),
            PolicyKind::Limit => data_of_limit(policy, &reading, values),
        };
        let event = NewEvent { kind: *kind, subject: policy.id.clone(), data: data.to_string(), traceparent: None };
        let occasion = format!("{}{SEPARATOR}{start}{SEPARATOR}{part}", counter.name);
        if unit.add_event_once(event, &occasion).await? {
            written.push(*kind);
        }
    }
    let latest = (start, before.unwrap_or(0).max(most));
    if let Some(name) = &name {
        unit.settings().set(name, &serde_json::to_string(&latest).unwrap_or_default()).await?;
    }
    unit.commit_aside().await?;
    written.into_iter().for_each(|kind| engine.count_alert(kind));
    if announced.len() >= REMEMBERED {
        announced.clear();
    }
    announced.insert(counter.name.to_string(), latest);
    Ok(())
}

/// What a budget has reached: a part of its amount in millionths, the event that tells of it, and the part itself.
fn parts_of_budget<'p>(
    policy: &'p Policy,
    reading: &CounterReading,
    refused: bool,
) -> Vec<(u64, EventKind, &'p Factor)> {
    let amount = i64::try_from(reading.limit).unwrap_or(i64::MAX);
    let spent = i64::try_from(reading.spent).unwrap_or(i64::MAX);
    let reached = |part: &&Factor| spent >= part.of(Nanos(amount)).0;
    let alerts = policy.alerts.iter().filter(reached);
    let mut parts: Vec<_> = alerts.map(|part| (part.in_millionths(), EventKind::BudgetThreshold, part)).collect();
    if refused || spent >= amount {
        // Behind every threshold, also one of the whole amount.
        parts.push((u64::MAX, EventKind::BudgetExceeded, &Factor::ONE));
    }
    parts
}

fn data_of_budget(policy: &Policy, reading: &CounterReading, values: Map<String, Value>, part: &Factor) -> Value {
    json!({
        "budget_id": policy.id,
        "scope": policy.scope,
        "values": values,
        "threshold": exact(part),
        "amount": amount(policy, reading.limit),
        "spent": amount(policy, reading.spent),
        "resets_at": reading.resets_at.map(time::write),
    })
}

fn data_of_limit(policy: &Policy, reading: &CounterReading, values: Map<String, Value>) -> Value {
    let length = policy.sliding_length();
    let per = LimitWindow::ALL.into_iter().find(|window| Some(window.length()) == length);
    json!({
        "limit_id": policy.id,
        "scope": policy.scope,
        "values": values,
        "measure": policy.measure.name(),
        "mode": policy.mode,
        "amount": amount(policy, reading.limit),
        "spent": amount(policy, reading.spent),
        "reserved": amount(policy, reading.reserved),
        "per": per,
    })
}

/// Money as exact dollars, everything else as it is counted.
fn amount(policy: &Policy, amount: u64) -> Option<Box<RawValue>> {
    match policy.measure {
        Measure::Cost => exact(&Nanos(i64::try_from(amount).unwrap_or(i64::MAX))),
        _ => exact(&amount),
    }
}

/// A number as JSON, exactly.
fn exact(number: &impl std::fmt::Display) -> Option<Box<RawValue>> {
    RawValue::from_string(number.to_string()).ok()
}
