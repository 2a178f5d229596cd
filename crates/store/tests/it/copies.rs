//! Copies from one database to another.

use crate::changes::{ada, registered};
use crate::samples::{self, MIDNIGHT};
use crate::{file, memory, server};
use baton_model::entity::Role;
use baton_model::{Cost, KeyId, Nanos, RequestId, Timestamp, Usage, UsageClass, Webhook};
use baton_store::audit::AuditFilter;
use baton_store::copy::{CopyReport, copy};
use baton_store::ledger::{Correction, RepriceQuery, RequestFilter, UsageQuery};
use baton_store::{ApiKey, EventFilter, FeedbackEntry, NewAudit, Store, StoreError};
use std::time::Duration;

/// Something in every table.
async fn fill(store: &Store) {
    store.settings().set("pepper", "secret").await.unwrap();
    let change = store.change(&ada()).await.unwrap();
    change.models().insert(&samples::model("a/b:c")).await.unwrap();
    // Byte by byte `Z` comes before `a`, by the rules of a language behind it. A copy goes by ids, so both databases
    // must order them alike.
    change.models().insert(&samples::model("Z")).await.unwrap();
    change.keys().insert(&key()).await.unwrap();
    change.webhooks().insert(&webhook()).await.unwrap();
    change.feedback().insert(&sample_feedback()).await.unwrap();
    change.add_event(registered("a/b:c")).await.unwrap();
    let after = Some("{}".to_owned());
    let entry = NewAudit { action: "model.register", kind: "model", subject: "Z".into(), before: None, after };
    change.audit(entry).await.unwrap();
    change.commit().await.unwrap();
    store.provider_objects().insert(&crate::provider_objects::entry(1, "file-1", "k1", None)).await.unwrap();
    store.stored_responses().insert(&crate::provider_objects::response("resp_1", 1)).await.unwrap();
    let used = Usage::default().with(UsageClass::Output, 7);
    let attempts = || vec![samples::attempt("a", Cost::Known(Nanos(3)), used.clone()); 2];
    // More than two batches; below, the events of one of them get positions.
    let mut records = (2..1_202).map(|number| samples::record(number, number.into(), attempts())).collect::<Vec<_>>();
    records.push(samples::full_record());
    store.ledger().write(&records).await.unwrap();
    let change = store.change(&ada()).await.unwrap();
    change.prices().insert(&crate::prices::price("contract")).await.unwrap();
    change.policies().insert(&crate::policies::budget("same")).await.unwrap();
    change.policies().insert(&crate::policies::limit("same")).await.unwrap();
    change.commit().await.unwrap();
    let query = RepriceQuery { from: Timestamp(0), to: Timestamp(i64::MAX), model: None };
    let attempts = store.ledger().priced_attempts(&query, None).await.unwrap();
    let correction = |attempt| Correction { attempt, cost: Cost::Known(Nanos(9)), unpriced: None };
    let corrections = attempts.into_iter().map(correction).collect::<Vec<_>>();
    store.ledger().correct(&corrections, Timestamp(MIDNIGHT), "ada").await.unwrap();
    let ids = store.events().list_unplaced(600).await.unwrap().into_iter().map(|event| event.id).collect::<Vec<_>>();
    store.events().place_events(&ids).await.unwrap();
    store.commands().claim("c", "model.register", Duration::ZERO).await.unwrap();
    store.commands().finish("c", Some("{}")).await.unwrap();
}

fn key() -> ApiKey {
    ApiKey {
        id: KeyId::from("key_1"),
        prefix: "bt-abc".into(),
        hash: "0a".into(),
        created_at: Timestamp(MIDNIGHT),
        ..ApiKey::new("team", Role::Caller)
    }
}

fn webhook() -> Webhook {
    Webhook { sealed_secret: "sealed".into(), ..Webhook::new("hook", "https://hook.example") }
}

fn sample_feedback() -> FeedbackEntry {
    let request = RequestId::from("0193-000002");
    FeedbackEntry { id: "f".into(), request, score: Some(0.1), comment: None, at: Timestamp(5), actor: "ada".into() }
}

async fn run(from: &Store, to: &Store) -> Result<CopyReport, StoreError> {
    copy(from, to, |_, done, of| assert!(done <= of)).await
}

async fn are_the_same(from: &Store, to: &Store) {
    assert_eq!(to.models().list().await.unwrap(), from.models().list().await.unwrap());
    assert_eq!(to.keys().all().await.unwrap(), from.keys().all().await.unwrap());
    assert_eq!(to.budgets().list().await.unwrap(), from.budgets().list().await.unwrap());
    assert_eq!(to.limits().list().await.unwrap(), from.limits().list().await.unwrap());
    assert_eq!(to.webhooks().list().await.unwrap(), from.webhooks().list().await.unwrap());
    assert_eq!(to.feedback().list_for(&sample_feedback().request).await.unwrap(), [sample_feedback()]);
    assert_eq!(to.settings().lookup("pepper").await.unwrap().as_deref(), Some("secret"));
    let (one, other) = (
        from.events().list_after(0, &EventFilter::default(), 2_000).await,
        to.events().list_after(0, &EventFilter::default(), 2_000).await,
    );
    assert_eq!(other.unwrap(), one.unwrap());
    let (one, other) = (from.events().list_unplaced(2_000).await, to.events().list_unplaced(2_000).await);
    assert_eq!(other.unwrap(), one.unwrap());
    let (one, other) = (
        from.ledger().list(&RequestFilter::default(), None, 1_000).await,
        to.ledger().list(&RequestFilter::default(), None, 1_000).await,
    );
    assert_eq!(other.unwrap(), one.unwrap());
    let (one, other) = (
        from.audit().list(&AuditFilter::default(), None, 9).await,
        to.audit().list(&AuditFilter::default(), None, 9).await,
    );
    assert_eq!(other.unwrap(), one.unwrap());
    assert_eq!(to.revision().await.unwrap(), from.revision().await.unwrap());
    assert_eq!(to.events().last_position().await.unwrap(), 501);
    let (one, other) = (
        from.webhooks().deliveries(None, None, None, 1_000).await,
        to.webhooks().deliveries(None, None, None, 1_000).await,
    );
    assert_eq!(other.unwrap(), one.unwrap());
}

#[tokio::test]
async fn go_over_and_back() {
    let ((lite, _folder), (postgres, _database), back) = (file().await, server().await, memory().await);
    fill(&lite).await;
    let report = run(&lite, &postgres).await.unwrap();
    assert_eq!(report.faults(), Vec::<String>::new());
    let count = |name: &str| report.tables.iter().find(|table| table.name == name).map(|table| table.written).unwrap();
    assert_eq!((count("requests"), count("attempts"), count("events"), count("models")), (1_201, 2_402, 504, 2));
    assert_eq!((count("budgets"), count("limits")), (1, 1));
    assert_eq!((count("audit"), count("commands"), count("deliveries"), count("settings")), (1, 1, 501, 1));
    assert_eq!((report.target.requests, report.target.spent.cost), (1_201, report.source.spent.cost));
    are_the_same(&lite, &postgres).await;
    run(&postgres, &back).await.unwrap();
    are_the_same(&lite, &back).await;
    postgres.close().await;
}

#[tokio::test]
async fn can_be_run_again() {
    let ((lite, _folder), (postgres, database)) = (file().await, server().await);
    fill(&lite).await;
    // As an interrupted run leaves it: some batches are there, the rest is not.
    run(&lite, &postgres).await.unwrap();
    database.sql(
        "DELETE FROM requests WHERE id > '0193-000400'; DELETE FROM attempts WHERE request_id > '0193-000400'; \
         DELETE FROM events WHERE position IS NULL",
    );
    let report = run(&lite, &postgres).await.unwrap();
    let requests = report.tables.iter().find(|table| table.name == "requests").unwrap();
    assert_eq!((requests.source, requests.written, requests.target), (1_201, 801, 1_201));
    are_the_same(&lite, &postgres).await;
    let again = run(&lite, &postgres).await.unwrap();
    assert!(again.tables.iter().all(|table| table.written == 0 && table.source == table.target), "{again:?}");
    postgres.close().await;
}

#[tokio::test]
async fn refuse_what_is_different() {
    let (from, to) = (memory().await, memory().await);
    from.settings().set("pepper", "secret").await.unwrap();
    to.settings().set("pepper", "another").await.unwrap();
    let error = run(&from, &to).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    assert!(error.to_string().contains("at `pepper` in `settings` (`value`)"), "{error}");
    assert_eq!(to.settings().lookup("pepper").await.unwrap().as_deref(), Some("another"));

    let (from, to) = (memory().await, memory().await);
    let attempt = |cost| vec![samples::attempt("a", Cost::Known(Nanos(cost)), Usage::default())];
    from.ledger().write(&[samples::record(1, 0, attempt(1)), samples::record(2, 0, attempt(1))]).await.unwrap();
    let mut other = samples::record(2, 0, attempt(1));
    other.attempts[0].upstream = "elsewhere".into();
    to.ledger().write(&[other]).await.unwrap();
    let error = run(&from, &to).await.unwrap_err();
    assert!(error.to_string().contains("other attempts for the request `0193-000002`"), "{error}");
    let query = UsageQuery { to: Timestamp(i64::MAX), ..crate::ledger::everything() };
    assert_eq!(to.ledger().usage(&query).await.unwrap()[0].requests, 1, "nothing of that batch is there");

    let empty = Store::open("sqlite::memory:").await.unwrap();
    let error = run(&empty, &to).await.unwrap_err();
    assert!(error.to_string().contains("run `baton migrate` on it first"), "{error}");
}
