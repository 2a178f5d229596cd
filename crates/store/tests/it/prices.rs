//! Prices that are set, and corrections of what requests cost.

use crate::changes::ada;
use crate::samples::{self, MIDNIGHT};
use baton_model::entity::PriceOverride;
use baton_model::price::{Factor, Rates};
use baton_model::{Cost, ModelId, Nanos, Price, RequestId, Timestamp, Usage, UsageClass};
use baton_store::ledger::{Correction, RepriceQuery, UsageQuery, UsageRow};
use baton_store::{Store, StoreError};

/// A price with everything.
pub fn price(id: &str) -> PriceOverride {
    let rates = Rates::default().with(UsageClass::Input, Nanos(590_000_000));
    PriceOverride {
        provider: Some("groq".into()),
        model: Some("llama/3".into()),
        price: Some(Price { rates, from: Some(Timestamp(MIDNIGHT)), ..Price::default() }),
        factor: Some(Factor::millionths(900_000)),
        description: Some("the \"contract\"".into()),
        created_at: Timestamp(MIDNIGHT),
        updated_at: Timestamp(MIDNIGHT + 1),
        ..PriceOverride::new(id)
    }
}

pub async fn are_kept_whole(store: &Store) {
    let change = store.change(&ada()).await.unwrap();
    for id in ["b", "a"] {
        change.prices().insert(&price(id)).await.unwrap();
    }
    assert!(matches!(change.prices().insert(&price("a")).await, Err(StoreError::Conflict { .. })));
    change.commit().await.unwrap();
    assert_eq!(store.prices().list().await.unwrap(), [price("a"), price("b")]);
    assert_eq!((store.prices().get("b").await.unwrap(), store.prices().count().await.unwrap()), (price("b"), 2));
    let changed = PriceOverride { factor: None, updated_at: Timestamp(MIDNIGHT + 2), ..price("a") };
    store.prices().update(&changed, Timestamp(MIDNIGHT + 1)).await.unwrap();
    assert_eq!(store.prices().get("a").await.unwrap(), changed);
    let late = store.prices().update(&price("a"), Timestamp(MIDNIGHT + 1)).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })));
    store.prices().delete("a").await.unwrap();
    for gone in [store.prices().delete("a").await.err(), store.prices().get("a").await.err()] {
        assert!(matches!(gone, Some(StoreError::NotFound { .. })));
    }
}

fn everything() -> RepriceQuery {
    RepriceQuery { from: Timestamp(0), to: Timestamp(i64::MAX), model: None }
}

/// A correction of every attempt that a query finds.
async fn correct(store: &Store, query: &RepriceQuery, cost: Cost) -> u64 {
    let attempts = store.ledger().priced_attempts(query, None).await.unwrap();
    let unpriced = (cost == Cost::Unpriced).then(|| "why".to_owned());
    let correction = |attempt| Correction { attempt, cost, unpriced: unpriced.clone() };
    let corrections: Vec<Correction> = attempts.into_iter().map(correction).collect();
    store.ledger().correct(&corrections, Timestamp(MIDNIGHT), "ada").await.unwrap()
}

async fn total(store: &Store) -> UsageRow {
    let query = UsageQuery {
        from: Timestamp(0),
        to: Timestamp(i64::MAX),
        group_by: Vec::new(),
        project: None,
        key: None,
        user: None,
    };
    store.ledger().usage(&query).await.unwrap().remove(0)
}

pub async fn corrections_are_the_last_word_and_records_stay(store: &Store) {
    let mut used = Usage::default().with(UsageClass::Output, 7);
    used.region = Some("us".into());
    let attempt = |model: &str, cost| samples::attempt(model, cost, used.clone());
    let records = [
        samples::record(1, 0, vec![attempt("a", Cost::Known(Nanos(3))), attempt("b", Cost::Unpriced)]),
        samples::record(2, 10, vec![attempt("a", Cost::Known(Nanos(5)))]),
    ];
    store.ledger().write(&records).await.unwrap();
    let found = store.ledger().priced_attempts(&everything(), None).await.unwrap();
    let places: Vec<_> = found.iter().map(|found| (found.request.as_str(), found.number, found.cost)).collect();
    assert_eq!(
        places,
        [
            ("0193-000001", 0, Cost::Known(Nanos(3))),
            ("0193-000001", 1, Cost::Unpriced),
            ("0193-000002", 0, Cost::Known(Nanos(5)))
        ]
    );
    assert_eq!((&found[0].usage, found[0].started), (&used, records[0].attempts[0].started));
    let behind = store.ledger().priced_attempts(&everything(), Some(("0193-000001", 0))).await.unwrap();
    assert_eq!(behind, found[1..]);
    let row = total(store).await;
    assert_eq!((row.spent.cost, row.spent.unpriced), (Nanos(8), 1));

    let of_b = RepriceQuery { model: Some(ModelId::from("b")), ..everything() };
    assert_eq!(correct(store, &of_b, Cost::Known(Nanos(100))).await, 1);
    let row = total(store).await;
    assert_eq!((row.spent.cost, row.spent.unpriced), (Nanos(108), 0));
    // The same word at the same time by two nodes is one: the second finds the version taken.
    let twice = store.ledger().priced_attempts(&of_b, None).await.unwrap();
    for expected in [1, 0] {
        let again = Correction { attempt: twice[0].clone(), cost: Cost::Known(Nanos(50)), unpriced: None };
        assert_eq!(store.ledger().correct(&[again], Timestamp(MIDNIGHT), "ada").await.unwrap(), expected);
    }
    assert_eq!(total(store).await.spent.cost, Nanos(58));
    // A cost may turn out not to be known, too.
    assert_eq!(correct(store, &everything(), Cost::Unpriced).await, 3);
    let row = total(store).await;
    assert_eq!((row.spent.cost, row.spent.unpriced, row.requests), (Nanos(0), 2, 2));
    let last = store.ledger().corrections_of(&RequestId::from("0193-000001")).await.unwrap();
    assert_eq!(last, [0, 1].map(|number| (number, Cost::Unpriced, Some("why".to_owned()))));
    assert_eq!(store.ledger().get(&RequestId::from("0193-000001")).await.unwrap(), records[0]);
    // What is too old goes with its corrections.
    crate::events::place_all(store).await;
    store.ledger().retain(Timestamp(MIDNIGHT + 5)).await.unwrap();
    assert_eq!(store.ledger().corrections_of(&RequestId::from("0193-000001")).await.unwrap(), []);
    assert_eq!(store.ledger().corrections_of(&RequestId::from("0193-000002")).await.unwrap().len(), 1);
}
