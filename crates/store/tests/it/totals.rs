//! Totals against a fold over the records, worked out the slow way.

use crate::ledger::everything;
use crate::samples::{self, MIDNIGHT};
use baton_model::price::Factor;
use baton_model::record::{CacheUse, Outcome, RequestRecord};
use baton_model::{Cost, ModelId, Nanos, Timestamp, Usage, UsageClass, UsageOrigin};
use baton_store::Store;
use baton_store::ledger::{GroupBy, Latency, Spent, UsageQuery, UsageRow};
use std::collections::{BTreeMap, BTreeSet};

/// Small pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn any_record(number: u32, dice: &mut Dice) -> RequestRecord {
    let attempts = (0..dice.below(4))
        .map(|_| {
            let cost = if dice.below(5) == 0 { Cost::Unpriced } else { Cost::Known(Nanos(dice.below(1 << 40) as i64)) };
            let mut usage = Usage::default();
            for class in UsageClass::ALL {
                usage.set(class, dice.below(3) * dice.below(100_000));
            }
            let mut attempt = samples::attempt(["a", "b", "c"][dice.below(3) as usize], cost, usage);
            attempt.origin = [UsageOrigin::Reported, UsageOrigin::Estimated][dice.below(2) as usize];
            attempt
        })
        .collect();
    let mut record = samples::record(number, dice.below(3 * 86_400_000_000) as i64, attempts);
    record.finished = Timestamp(record.arrived.0 + dice.below(1_000_000) as i64);
    record.outcome =
        [Outcome::Completed, Outcome::Completed, Outcome::Failed, Outcome::Cancelled][dice.below(4) as usize];
    record.cache = [CacheUse::Hit, CacheUse::Miss, CacheUse::Bypass][dice.below(3) as usize];
    record.charge_factor = [None, Factor::parse("1.1755"), Factor::parse("0")][dice.below(3) as usize];
    record.attribution.project = [None, Some("p".to_owned()), Some("q".to_owned())][dice.below(3) as usize].clone();
    record
}

/// A fold's row, before it is shaped.
#[derive(Default)]
struct Folded {
    row: UsageRow,
    usage: BTreeMap<UsageClass, u64>,
    unpriced: BTreeSet<String>,
    estimated: BTreeSet<String>,
    latencies: Vec<u64>,
}

fn value(by: GroupBy, record: &RequestRecord, attempt: Option<&baton_model::record::AttemptRecord>) -> Option<String> {
    let days = (record.arrived.0 - MIDNIGHT) / 86_400_000_000;
    let hours = (record.arrived.0 - MIDNIGHT) / 3_600_000_000 % 24;
    match by {
        GroupBy::Model => {
            attempt.map_or(record.served.as_ref(), |attempt| Some(&attempt.model)).map(ToString::to_string)
        }
        GroupBy::Provider => {
            attempt.map_or(record.provider.as_ref(), |attempt| Some(&attempt.provider)).map(ToString::to_string)
        }
        GroupBy::Key => record.attribution.key.as_ref().map(ToString::to_string),
        GroupBy::Project => record.attribution.project.clone(),
        GroupBy::User => record.attribution.user.clone(),
        GroupBy::Day => Some(format!("2026-11-{}", 23 + days)),
        GroupBy::Hour => Some(format!("2026-11-{}T{hours:02}:00:00Z", 23 + days)),
    }
}

fn fold(records: &[RequestRecord], group_by: &[GroupBy]) -> Vec<UsageRow> {
    let mut rows = BTreeMap::<Vec<Option<String>>, Folded>::new();
    for record in records {
        let folded = rows.entry(group_by.iter().map(|by| value(*by, record, None)).collect()).or_default();
        folded.row.requests += 1;
        folded.row.errors += u64::from(record.outcome == Outcome::Failed);
        folded.row.cache_hits += u64::from(record.cache == CacheUse::Hit);
        if record.outcome == Outcome::Completed {
            folded.latencies.push(record.finished.since(record.arrived).as_micros() as u64);
        }
        for attempt in &record.attempts {
            let group = group_by.iter().map(|by| value(*by, record, Some(attempt))).collect();
            let folded = rows.entry(group).or_default();
            for (class, amount) in attempt.usage.nonzero() {
                *folded.usage.entry(class).or_default() += amount;
            }
            match attempt.cost {
                Cost::Known(nanos) => {
                    folded.row.spent.cost += nanos;
                    folded.row.spent.charge += record.charge_factor.map_or(nanos, |factor| factor.of(nanos));
                }
                Cost::Unpriced => drop(folded.unpriced.insert(record.id.to_string())),
            }
            if attempt.origin == UsageOrigin::Estimated && !attempt.usage.is_empty() {
                folded.estimated.insert(record.id.to_string());
            }
        }
    }
    rows.into_iter().map(|(group, folded)| folded.shaped(group)).collect()
}

impl Folded {
    fn shaped(mut self, group: Vec<Option<String>>) -> UsageRow {
        self.latencies.sort_unstable();
        let rank = |percent: usize| self.latencies[(self.latencies.len() * percent).div_ceil(100) - 1];
        UsageRow {
            group,
            tokens: self.usage.into_iter().collect(),
            spent: Spent { unpriced: self.unpriced.len() as u64, ..self.row.spent },
            estimated: self.estimated.len() as u64,
            latency: (!self.latencies.is_empty()).then(|| Latency { p50: rank(50), p95: rank(95), p99: rank(99) }),
            ..self.row
        }
    }
}

pub async fn are_those_of_a_fold(store: &Store) {
    // A seed of its own and no library: every run, and every machine, has the same records.
    let mut dice = Dice(42);
    let records = (0..600).map(|number| any_record(number, &mut dice)).collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    for group_by in [
        vec![],
        vec![GroupBy::Model],
        vec![GroupBy::Provider],
        vec![GroupBy::Key],
        vec![GroupBy::User],
        vec![GroupBy::Day],
        vec![GroupBy::Hour],
        vec![GroupBy::Project, GroupBy::Day],
        vec![GroupBy::Model, GroupBy::Project, GroupBy::Hour],
    ] {
        let query = UsageQuery { group_by: group_by.clone(), ..everything() };
        assert_eq!(store.ledger().usage(&query).await.unwrap(), fold(&records, &group_by), "{group_by:?}");
    }
    let day = 86_400_000_000;
    let (from, to) = (Timestamp(MIDNIGHT + day), Timestamp(MIDNIGHT + 2 * day));
    let query = UsageQuery { from, to, project: Some("p".into()), ..everything() };
    let within = |record: &&RequestRecord| {
        (from..to).contains(&record.arrived) && record.attribution.project.as_deref() == Some("p")
    };
    let expected = fold(&records.iter().filter(within).cloned().collect::<Vec<_>>(), &[]);
    assert_eq!(store.ledger().usage(&query).await.unwrap(), expected);
}

/// A provider may report what it likes; the sum then stops at the largest number instead of failing for everyone.
pub async fn survive_absurd_numbers(store: &Store) {
    let absurd = || {
        let usage = Usage::default().with(UsageClass::Input, u64::MAX);
        samples::attempt("a", Cost::Known(Nanos(i64::MAX)), usage)
    };
    let records = (0..3).map(|number| samples::record(number, 0, vec![absurd()])).collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    let rows = store.ledger().usage(&everything()).await.unwrap();
    assert_eq!(rows[0].spent.cost, Nanos(i64::MAX));
    assert_eq!(rows[0].tokens, [(UsageClass::Input, u64::MAX)]);
}

pub async fn book_on_the_attempts_model(store: &Store) {
    let used = |amount| Usage::default().with(UsageClass::Output, amount);
    // The second has answered: each has the cost of its own attempt, and the request is the second's.
    let attempts = vec![
        samples::attempt("first", Cost::Known(Nanos(3)), used(1)),
        samples::attempt("second", Cost::Known(Nanos(10)), used(5)),
    ];
    store.ledger().write(&[samples::record(1, 0, attempts)]).await.unwrap();
    let first = store.ledger().model_stats(&ModelId::from("first"), Timestamp(0), None).await.unwrap();
    assert_eq!((first.requests, first.spent.cost, first.latency), (0, Nanos(3), None));
    let second = store.ledger().model_stats(&ModelId::from("second"), Timestamp(0), None).await.unwrap();
    assert_eq!((second.requests, second.errors, second.spent.cost), (1, 0, Nanos(10)));
    assert_eq!(second.tokens, [(UsageClass::Output, 5)]);
    assert_eq!(second.latency, Some(Latency { p50: 1_000, p95: 1_000, p99: 1_000 }));
}

pub async fn of_nothing_are_nothing(store: &Store) {
    assert_eq!(store.ledger().usage(&everything()).await.unwrap(), []);
    let query = UsageQuery { group_by: GroupBy::ALL.to_vec(), ..everything() };
    assert_eq!(store.ledger().usage(&query).await.unwrap(), []);
}
