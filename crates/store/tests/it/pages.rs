//! Pages that end before they are too large, and things that belong to a project.

use crate::changes::{ada, registered};
use crate::samples;
use baton_model::chat::Json;
use baton_model::record::RequestRecord;
use baton_model::{Cost, EventKind, Usage};
use baton_store::audit::AuditFilter;
use baton_store::keys::KeyFilter;
use baton_store::ledger::{GroupBy, RequestCursor, RequestFilter};
use baton_store::{ApiKey, EventFilter, NewAudit, NewEvent, Store, StoreError};

/// Three of them are more than a page.
const LARGE: usize = 3 << 20;

fn large(number: u32) -> RequestRecord {
    let mut record = samples::record(number, number.into(), Vec::new());
    // Two bytes each: a page has so many bytes, not characters.
    record.attribution.metadata = Some(Json(format!("{{\"a\":\"{}\"}}", "é".repeat(LARGE / 2))));
    record
}

pub async fn of_records_are_bounded(store: &Store) {
    let records: Vec<_> = (0..5).map(large).collect();
    for record in &records {
        store.ledger().write(std::slice::from_ref(record)).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<RequestCursor>);
    loop {
        let page = store.ledger().list(&RequestFilter::default(), cursor.as_ref(), 100).await.unwrap();
        // A hundred were asked for: the bytes end the page, and one is always there, or the list would not go on.
        assert!((1..=2).contains(&page.items.len()), "{}", page.items.len());
        seen.extend(page.items.into_iter().map(|record| record.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, records.into_iter().rev().map(|record| record.id).collect::<Vec<_>>());
}

pub async fn of_events_and_changes_are_bounded(store: &Store) {
    let text = || format!("{{\"a\":\"{}\"}}", "m".repeat(LARGE));
    let mut ids = Vec::new();
    for subject in ["a", "b", "c"] {
        let change = store.change(&ada()).await.unwrap();
        ids.push(change.add_event(NewEvent { data: text(), ..registered(subject) }).await.unwrap());
        let (before, after) = (None, Some(text()));
        change
            .audit(NewAudit { action: "model.register", kind: "model", subject: subject.into(), before, after })
            .await
            .unwrap();
        change.commit().await.unwrap();
    }
    store.events().place_events(&ids).await.unwrap();
    let first = store.events().list_after(0, &EventFilter::default(), 100).await.unwrap();
    assert_eq!(first.iter().map(|event| event.subject.as_str()).collect::<String>(), "ab");
    let rest = store.events().list_after(2, &EventFilter::default(), 100).await.unwrap();
    assert_eq!(rest.iter().map(|event| event.subject.as_str()).collect::<String>(), "c");
    let page = store.audit().list(&AuditFilter::default(), None, 100).await.unwrap();
    assert_eq!(page.items.iter().map(|entry| entry.subject.as_str()).collect::<String>(), "cb");
    let rest = store.audit().list(&AuditFilter::default(), page.next.as_deref(), 100).await.unwrap();
    assert_eq!((rest.items[0].subject.as_str(), rest.items.len(), rest.next), ("a", 1, None));
}

pub async fn of_a_project_hold_what_is_its_own(store: &Store) {
    let change = store.change(&ada()).await.unwrap();
    let mut ids = vec![change.add_event(registered("m")).await.unwrap()];
    for (kind, subject, data) in [
        (EventKind::KeyCreated, "key_1", r#"{"id":"key_1","project_id":"search"}"#),
        (EventKind::KeyCreated, "key_2", r#"{"id":"key_2","project_id":null}"#),
        (EventKind::ProjectUpdated, "search", "{}"),
        (EventKind::ProjectUpdated, "other", "{}"),
    ] {
        let (subject, data) = (subject.to_owned(), data.to_owned());
        ids.push(
            change
                .add_event(NewEvent { kind, subject: subject.clone(), data: data.clone(), traceparent: None })
                .await
                .unwrap(),
        );
        let kind = if kind == EventKind::KeyCreated { "key" } else { "project" };
        change.audit(NewAudit { action: "x", kind, subject, before: None, after: Some(data) }).await.unwrap();
    }
    change.commit().await.unwrap();
    let mut record = samples::record(1, 1, Vec::new());
    record.attribution.project = Some("search".into());
    let other = samples::record(2, 2, Vec::new());
    store.ledger().write(&[record, other]).await.unwrap();
    ids.extend(
        store
            .events()
            .list_unplaced(10)
            .await
            .unwrap()
            .into_iter()
            .map(|event| event.id)
            .filter(|id| id.starts_with("0193-")),
    );
    store.events().place_events(&ids).await.unwrap();
    let own = EventFilter { types: None, project: Some("search") };
    let told = store.events().list_after(0, &own, 10).await.unwrap();
    assert_eq!(told.iter().map(|event| event.subject.as_str()).collect::<Vec<_>>(), ["key_1", "search", "0193-000001"]);
    assert_eq!(store.events().position_of(&ids[1], Some("search")).await.unwrap(), Some(2));
    for other in [&ids[0], &ids[2], &ids[4]] {
        assert_eq!(store.events().position_of(other, Some("search")).await.unwrap(), None, "{other}");
    }
    let own = AuditFilter { project: Some("search".into()), ..AuditFilter::default() };
    let page = store.audit().list(&own, None, 10).await.unwrap();
    assert_eq!(page.items.iter().map(|entry| entry.subject.as_str()).collect::<Vec<_>>(), ["search", "key_1"]);

    for (number, project) in [(1, Some("search")), (2, Some("other")), (3, None)] {
        let key = ApiKey { project: project.map(Into::into), ..crate::keys::key(number) };
        store.keys().insert(&key).await.unwrap();
    }
    let keys = store.keys().list(&KeyFilter::Project("search".into()), 1, 10).await.unwrap();
    assert_eq!((keys.total, keys.items[0].name.as_str()), (1, "team 1"));
    assert_eq!(store.keys().list(&KeyFilter::All, 1, 10).await.unwrap().total, 3);
}

pub async fn of_totals_are_refused_beyond_a_number(store: &Store) {
    let records: Vec<_> = (0..10_001)
        .map(|number| {
            let mut record =
                samples::record(number, number.into(), vec![samples::attempt("a", Cost::Unpriced, Usage::default())]);
            // Clients name their users as they like, so the number of groups is theirs to choose.
            record.attribution.user = Some(format!("u{number}"));
            record
        })
        .collect();
    for part in records[..10_000].chunks(1_000) {
        store.ledger().write(part).await.unwrap();
    }
    let by_user = || baton_store::ledger::UsageQuery { group_by: vec![GroupBy::User], ..crate::ledger::everything() };
    assert_eq!(store.ledger().usage(&by_user()).await.unwrap().len(), 10_000);
    store.ledger().write(&records[10_000..]).await.unwrap();
    let refused = store.ledger().usage(&by_user()).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooMuch { .. }), "{refused:?}");
    assert_eq!(store.ledger().usage(&crate::ledger::everything()).await.unwrap()[0].requests, 10_001);
}
