//! Events, and what is on its way to webhooks.

use crate::changes::{ada, registered};
use crate::samples::{self, MIDNIGHT};
use baton_model::record::Outcome;
use baton_model::{EventKind, Timestamp, Webhook};
use baton_store::webhooks::{DeliveryFailure, DeliveryState};
use baton_store::{EventFilter, NewEvent, Store, StoreError, record};

async fn tell(store: &Store, events: impl IntoIterator<Item = NewEvent>) -> Vec<String> {
    let change = store.change(&ada()).await.unwrap();
    let mut ids = Vec::new();
    for event in events {
        ids.push(change.add_event(event).await.unwrap());
    }
    change.commit().await.unwrap();
    ids
}

async fn place_all(store: &Store) -> u64 {
    let unplaced = store.events().list_unplaced(1_000).await.unwrap();
    store.events().place_events(&unplaced.into_iter().map(|event| event.id).collect::<Vec<_>>()).await.unwrap()
}

async fn subjects(store: &Store, after: u64, types: Option<&[EventKind]>, limit: u64) -> String {
    let events = store.events().list_after(after, &EventFilter { types, project: None }, limit).await.unwrap();
    events.into_iter().map(|event| event.subject).collect()
}

pub async fn are_read_in_the_order_they_were_placed(store: &Store) {
    let ids = tell(store, ["a", "b", "c"].map(registered)).await;
    assert_eq!(subjects(store, 0, None, 10).await, "", "none has a position");
    assert_eq!(store.events().place_events(&ids[..2]).await.unwrap(), 2);
    assert_eq!(subjects(store, 0, None, 10).await, "ab");
    // Placed twice, by two relays that believe to be the one: the first position holds.
    assert_eq!(store.events().place_events(&ids).await.unwrap(), 3);
    assert_eq!(store.events().place_events(&ids).await.unwrap(), 3);
    assert_eq!(store.events().place_events(&["unknown".to_owned()]).await.unwrap(), 3);
    assert_eq!(subjects(store, 0, None, 10).await, "abc");
    assert_eq!(subjects(store, 1, None, 1).await, "b");
    assert_eq!(store.events().position_of(&ids[2], None).await.unwrap(), Some(3));
    assert_eq!(store.events().position_of("unknown", None).await.unwrap(), None);
    let deleted = NewEvent { kind: EventKind::ModelDeleted, ..registered("d") };
    tell(store, [deleted]).await;
    place_all(store).await;
    assert_eq!(subjects(store, 0, Some(&[EventKind::ModelDeleted]), 10).await, "d");
    assert_eq!(subjects(store, 0, Some(&[]), 10).await, "");
    assert_eq!(store.events().last_position().await.unwrap(), 4);
}

pub async fn are_placed_in_bulk(store: &Store) {
    let ids = tell(store, (0..1_200).map(|number| registered(&number.to_string()))).await;
    let unplaced = store.events().list_unplaced(2_000).await.unwrap();
    assert_eq!(unplaced.iter().map(|event| &event.id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    assert_eq!(store.events().place_events(&ids).await.unwrap(), 1_200);
    let read = store.events().list_after(0, &EventFilter::default(), 2_000).await.unwrap();
    assert!(
        read.iter().zip(&ids).zip(1..).all(|((event, id), place)| event.id == *id && event.position == Some(place))
    );
    assert_eq!(read.len(), 1_200);
}

pub async fn tell_of_each_request_once(store: &Store) {
    let failed = |number, outcome| {
        let mut record = samples::record(number, number.into(), Vec::new());
        record.outcome = outcome;
        record
    };
    let records = [
        samples::full_record(),
        failed(2, Outcome::Completed),
        failed(3, Outcome::Failed),
        failed(4, Outcome::Interrupted),
    ];
    store.ledger().write(&records).await.unwrap();
    store.ledger().write(&records).await.unwrap();
    place_all(store).await;
    let told = store.events().list_after(0, &EventFilter::default(), 10).await.unwrap();
    let mut kinds = told.iter().map(|event| (event.id.as_str(), event.kind)).collect::<Vec<_>>();
    kinds.sort_unstable();
    let (completed, failed) = (EventKind::ModelRequestCompleted, EventKind::ModelRequestFailed);
    assert_eq!(
        kinds,
        [("0193-000001", failed), ("0193-000002", completed), ("0193-000003", failed), ("0193-000004", failed)]
    );
    let full = told.iter().find(|event| event.id == "0193-000001").unwrap();
    assert_eq!(record::from_json(&full.data).unwrap(), records[0]);
}

pub async fn go_when_they_are_old(store: &Store) {
    let record = |number: u32| samples::record(number, i64::from(number), Vec::new());
    let records = (1..=1_100).map(record).collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    let finished = |number: u32| record(number).finished;
    assert_eq!(store.events().expire(finished(9_999)).await.unwrap(), 0, "the relay has not come to them");
    place_all(store).await;
    assert_eq!(store.events().list_unplaced(200).await.unwrap().len(), 100);
    assert_eq!(store.events().expire(finished(900)).await.unwrap(), 899);
    place_all(store).await;
    let left = store.events().list_after(0, &EventFilter::default(), 2_000).await.unwrap();
    assert_eq!((left.len(), left[0].position), (201, Some(900)));
    assert_eq!(store.events().expire(finished(9_999)).await.unwrap(), 201);
    tell(store, [registered("later")]).await;
    assert_eq!(place_all(store).await, 1_101, "positions are not used again");
}

fn webhook(id: &str, types: Option<Vec<EventKind>>) -> Webhook {
    Webhook {
        types,
        sealed_secret: "sealed:1:xyz".into(),
        created_at: Timestamp(MIDNIGHT),
        updated_at: Timestamp(MIDNIGHT),
        ..Webhook::new(id, format!("https://{id}.example/hook"))
    }
}

pub async fn become_deliveries(store: &Store) {
    let (all, some) = (webhook("all", None), webhook("some", Some(vec![EventKind::KeyRevoked])));
    let off = Webhook { active: false, ..webhook("off", None) };
    for webhook in [&all, &some, &off] {
        store.webhooks().insert(webhook).await.unwrap();
    }
    assert_eq!(store.webhooks().list().await.unwrap(), [all.clone(), off.clone(), some.clone()]);
    assert!(!format!("{all:?}").contains("sealed:1"));
    let revoked = NewEvent { kind: EventKind::KeyRevoked, ..registered("key_1") };
    let ids = tell(store, [registered("a"), revoked]).await;
    place_all(store).await;
    let later = Timestamp(i64::MAX);
    let due = store.webhooks().list_due(later, &[], 10).await.unwrap();
    let to = due.iter().map(|due| (due.webhook.id.as_str(), due.event.id.as_str())).collect::<Vec<_>>();
    assert_eq!(to.len(), 3);
    for expected in [("all", ids[0].as_str()), ("all", ids[1].as_str()), ("some", ids[1].as_str())] {
        assert!(to.contains(&expected), "{to:?}");
    }
    assert_eq!(store.webhooks().list_due(Timestamp(0), &[], 10).await.unwrap(), []);

    // One is accepted, one fails and waits, one fails for good.
    let now = Timestamp(5);
    let [first, second, third] = [0, 1, 2].map(|place: usize| due[place].delivery.id.as_str());
    store.webhooks().mark_delivered(first, 204, now).await.unwrap();
    let failure = DeliveryFailure { status: Some(500), error: "it answered 500".into(), next: Some(Timestamp(100)) };
    store.webhooks().mark_failed(second, &failure, now).await.unwrap();
    store.webhooks().mark_failed(third, &DeliveryFailure { status: None, next: None, ..failure }, now).await.unwrap();
    assert_eq!(store.webhooks().list_due(Timestamp(99), &[], 10).await.unwrap(), []);
    let again = store.webhooks().list_due(Timestamp(100), &[], 10).await.unwrap();
    assert_eq!((again.len(), again[0].delivery.id.as_str(), again[0].delivery.attempts), (1, second, 1));
    let dead = store.webhooks().deliveries(None, Some(DeliveryState::Dead), None, 10).await.unwrap().items;
    assert_eq!((dead[0].id.as_str(), dead[0].last_error.as_deref()), (third, Some("it answered 500")));
    store.webhooks().redeliver(third, Timestamp(7)).await.unwrap();
    assert_eq!(store.webhooks().list_due(Timestamp(7), &[], 10).await.unwrap()[0].delivery.id, third);
    assert_eq!(store.webhooks().delivery(first).await.unwrap().state, DeliveryState::Delivered);

    let page = store.webhooks().deliveries(None, None, None, 2).await.unwrap();
    assert_eq!(page.items.len(), 2);
    let rest = store.webhooks().deliveries(None, None, page.next.as_deref(), 2).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));

    // What is waited for stays, unless nobody waits any more.
    assert_eq!(store.events().expire(later).await.unwrap(), 1);
    assert!(matches!(store.webhooks().delivery(first).await, Err(StoreError::NotFound { .. })));
    store.webhooks().delete("all").await.unwrap();
    let mut idle = some.clone();
    (idle.active, idle.updated_at) = (false, Timestamp(MIDNIGHT + 1));
    store.webhooks().update(&idle, some.updated_at).await.unwrap();
    assert_eq!(store.events().expire(later).await.unwrap(), 1);
    assert_eq!(store.webhooks().deliveries(None, None, None, 10).await.unwrap().items, []);
    assert!(matches!(store.webhooks().mark_delivered(first, 200, now).await, Err(StoreError::NotFound { .. })));
}
