//! Records of requests.

use crate::samples::{self, MIDNIGHT};
use baton_model::record::{AttemptError, CacheUse, Outcome, RequestError};
use baton_model::{Capability, Cost, KeyId, ModelId, Nanos, ProviderId, RequestId, Timestamp, Usage};
use baton_store::Store;
use baton_store::ledger::{RequestCursor, RequestFilter, UsageQuery};
use futures::FutureExt;
use std::pin::pin;

pub async fn records_are_kept_whole(store: &Store) {
    let full = samples::full_record();
    let refused = samples::record(2, 6, Vec::new());
    store.ledger().write(&[full.clone(), refused.clone()]).await.unwrap();
    assert_eq!(store.ledger().get(&full.id).await.unwrap(), full);
    assert_eq!(store.ledger().get(&refused.id).await.unwrap(), refused);
    let missing = store.ledger().get(&RequestId::from("unknown")).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no request `unknown`");
}

pub async fn writing_again_changes_nothing(store: &Store) {
    let cost = Cost::Known(Nanos(5));
    let records = (0..700)
        .map(|number| samples::record(number, number.into(), vec![samples::attempt("a", cost, Usage::default())]))
        .collect::<Vec<_>>();
    store.ledger().write(&records[..400]).await.unwrap();
    store.ledger().write(&records).await.unwrap();
    store.ledger().write(&records).await.unwrap();
    let mut changed = records[3].clone();
    changed.status = 500;
    // An attempt more than the first version: ignoring conflicts row by row would have added it.
    changed.attempts.push(samples::attempt("b", cost, Usage::default()));
    store.ledger().write(&[changed.clone(), changed]).await.unwrap();
    store.ledger().write(&[]).await.unwrap();
    assert_eq!(store.ledger().get(&records[3].id).await.unwrap(), records[3]);
    let total = store.ledger().usage(&everything()).await.unwrap();
    assert_eq!((total[0].requests, total[0].spent.cost), (700, Nanos(3_500)));
}

pub async fn pages_cover_everything_once(store: &Store) {
    // Three arrive at each moment, so that pages end between requests of one moment.
    let records = (0..20).map(|number| samples::record(number, i64::from(number / 3), Vec::new())).collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    let (mut seen, mut cursor) = (Vec::new(), None::<RequestCursor>);
    loop {
        let page = store.ledger().list(&RequestFilter::default(), cursor.as_ref(), 4).await.unwrap();
        assert!(page.items.len() <= 4);
        seen.extend(page.items);
        // One that arrives between two pages shifts nothing.
        store.ledger().write(&[samples::record(100 + seen.len() as u32, 1_000, Vec::new())]).await.unwrap();
        match page.next {
            Some(next) => cursor = Some(RequestCursor::parse(&next.to_string()).unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, records.into_iter().rev().collect::<Vec<_>>());
    for wrong in ["", "1", ".", "x.y", "1."] {
        assert_eq!(RequestCursor::parse(wrong), None, "{wrong}");
    }
}

pub async fn filters_narrow(store: &Store) {
    let full = samples::full_record();
    let other = samples::record(2, 500, vec![samples::attempt("other", Cost::Unpriced, Usage::default())]);
    store.ledger().write(&[full.clone(), other]).await.unwrap();
    let one = RequestFilter::default;
    for filter in [
        RequestFilter { model: Some(ModelId::from("gpt-4o")), ..one() },
        RequestFilter { provider: Some(ProviderId::from("gpt-4o-provider")), ..one() },
        RequestFilter { project: Some("search".into()), ..one() },
        RequestFilter { user: Some("ada".into()), ..one() },
        RequestFilter { outcome: Some(Outcome::Cancelled), ..one() },
        RequestFilter { status: Some(499), ..one() },
        RequestFilter { to: Some(Timestamp(MIDNIGHT + 500)), ..one() },
        RequestFilter { id: Some("0193-000001".into()), ..one() },
        RequestFilter { project: Some("search".into()), capability: Some(Capability::Chat), ..one() },
    ] {
        let page = store.ledger().list(&filter, None, 10).await.unwrap();
        assert_eq!(page.items.as_slice(), std::slice::from_ref(&full), "{filter:?}");
        assert_eq!(page.next, None);
    }
    for filter in [
        // The name that was asked for, which another model has served.
        RequestFilter { model: Some(ModelId::from("smart")), ..one() },
        RequestFilter { key: Some(KeyId::from("key_1")), ..one() },
        RequestFilter { from: Some(Timestamp(MIDNIGHT + 5)), ..one() },
        RequestFilter { cache: Some(CacheUse::Miss), ..one() },
        RequestFilter { id: Some("0193".into()), ..one() },
    ] {
        assert_eq!(store.ledger().list(&filter, None, 10).await.unwrap().items.len(), 2, "{filter:?}");
    }
    for filter in [
        RequestFilter { capability: Some(Capability::Embedding), ..one() },
        // Neither SQL nor wildcards in a filter mean anything.
        RequestFilter { project: Some("search' OR 1=1 --".into()), ..one() },
        RequestFilter { id: Some("0193%".into()), ..one() },
        RequestFilter { user: Some("ada".into()), status: Some(200), ..one() },
    ] {
        assert_eq!(store.ledger().list(&filter, None, 10).await.unwrap().items, [], "{filter:?}");
    }
}

/// What clients and providers say may be anything; one record must not hold up all that come after it.
pub async fn odd_text_holds_nothing_up(store: &Store) {
    let mut record = samples::full_record();
    record.requested = "a\0b".into();
    record.error = Some(RequestError { code: baton_model::Code::ProviderError, message: "\0".into() });
    record.attribution.project = Some("p".repeat(4_000));
    record.attribution.user = Some("\u{1f980}\0".repeat(4_000));
    record.attribution.task = Some("\0".into());
    record.attempts[0].error =
        Some(AttemptError { kind: baton_model::fault::ErrorKind::Overloaded, message: "nul: \0".into() });
    store.ledger().write(&[record.clone()]).await.unwrap();
    let kept = store.ledger().get(&record.id).await.unwrap();
    assert_eq!((kept.requested.as_str(), kept.attribution.task.as_deref()), ("a\u{fffd}b", Some("\u{fffd}")));
    assert_eq!(kept.attribution.project.unwrap().len(), 500);
    assert_eq!(kept.attribution.user.unwrap().chars().count(), 500);
}

pub async fn old_records_go(store: &Store) {
    let day = 86_400_000_000;
    let attempts = || vec![samples::attempt("a", Cost::Known(Nanos(1)), Usage::default())];
    let old = (0..700).map(|number| samples::record(number, -90 * day, attempts()));
    let records = old.chain([samples::record(900, 0, attempts())]).collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    let (request, said) = (records[0].id.clone(), Timestamp(MIDNIGHT - 90 * day));
    let said = baton_store::FeedbackEntry {
        id: "f".into(),
        request: request.clone(),
        score: None,
        comment: Some("fine".into()),
        at: said,
        actor: "ada".into(),
    };
    store.feedback().insert(&said).await.unwrap();
    let since = Timestamp(MIDNIGHT - 40 * day);
    assert_eq!(store.ledger().retain(since).await.unwrap().requests, 0, "their events wait for the relay");
    crate::events::place_all(store).await;
    assert_eq!(store.ledger().retain(since).await.unwrap().requests, 700);
    assert_eq!(store.ledger().retain(since).await.unwrap().requests, 0);
    let left = store.ledger().usage(&everything()).await.unwrap();
    assert_eq!((left[0].requests, left[0].spent.cost), (1, Nanos(1)));
    assert_eq!(store.feedback().list_for(&request).await.unwrap(), []);
}

/// Drops a write after each number of steps that it may take: whatever was done by then, all of the batch is there or
/// nothing of it.
pub async fn a_dropped_write_leaves_nothing_half(store: &Store) {
    for steps in 0..40_u32 {
        let batch = (0..3)
            .map(|number| {
                let attempts = vec![samples::attempt("a", Cost::Known(Nanos(1)), Usage::default())];
                samples::record(steps * 10 + number, i64::from(steps), attempts)
            })
            .collect::<Vec<_>>();
        {
            let mut write = pin!(store.ledger().write(&batch));
            for _ in 0..steps {
                if write.as_mut().now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let from = Timestamp(MIDNIGHT + i64::from(steps));
        let query = UsageQuery { from, to: Timestamp(from.0 + 1), ..everything() };
        let rows = store.ledger().usage(&query).await.unwrap();
        let there = rows.first().map(|row| (row.requests, row.spent.cost.0)).unwrap_or_default();
        assert!([(0, 0), (3, 3)].contains(&there), "after {steps} steps: {there:?}");
        store.ledger().write(&batch).await.unwrap();
        assert_eq!(store.ledger().usage(&query).await.unwrap()[0].requests, 3);
    }
}

pub fn everything() -> UsageQuery {
    UsageQuery {
        from: Timestamp(0),
        to: Timestamp(i64::MAX),
        group_by: Vec::new(),
        project: None,
        key: None,
        user: None,
    }
}
