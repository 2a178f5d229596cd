//! Events, and what is on its way to webhooks.

use crate::changes::{ada, registered};
use crate::samples::{self, MIDNIGHT};
use baton_model::record::Outcome;
use baton_model::{Actor, EventKind, Timestamp, Webhook};
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

pub async fn place_all(store: &Store) -> u64 {
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
    // Events of requests that were recorded together go together: the first 500, and not half of the next.
    assert_eq!(store.events().expire(finished(900)).await.unwrap(), 500);
    place_all(store).await;
    let left = store.events().list_after(0, &EventFilter::default(), 2_000).await.unwrap();
    assert_eq!((left.len(), left[0].position), (600, Some(501)));
    assert_eq!(store.events().position_of(&left[0].id, None).await.unwrap(), Some(501));
    assert_eq!(store.events().position_of(record(500).id.as_str(), None).await.unwrap(), None, "it is gone");
    assert_eq!(store.events().expire(finished(9_999)).await.unwrap(), 600);
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

async fn positions(store: &Store, filter: &EventFilter<'_>, limit: u64) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = Vec::new();
    loop {
        let after = all.last().map_or(0, |(_, position)| *position);
        let events = store.events().list_after(after, filter, limit).await.unwrap();
        assert!(events.len() as u64 <= limit);
        if events.is_empty() {
            return all;
        }
        all.extend(events.into_iter().map(|event| (event.id, event.position.unwrap())));
    }
}

/// Requests that were recorded together share a row; readers see an event of each, wherever they begin and end.
pub async fn of_requests_are_read_in_any_pieces(store: &Store) {
    let failed = |number: u32| {
        let mut record = samples::record(number, number.into(), Vec::new());
        record.outcome = if number.is_multiple_of(3) { Outcome::Failed } else { Outcome::Completed };
        record.attribution.project = number.is_multiple_of(2).then(|| "search".to_owned());
        record
    };
    let records = (1..=40).map(failed).collect::<Vec<_>>();
    store.ledger().write(&records[..30]).await.unwrap();
    tell(store, [registered("between")]).await;
    place_all(store).await;
    store.ledger().write(&records[30..]).await.unwrap();
    place_all(store).await;
    let all = positions(store, &EventFilter::default(), 1_000).await;
    assert_eq!(all.iter().map(|(_, position)| *position).collect::<Vec<_>>(), (1..=41).collect::<Vec<_>>());
    let mut ids = all.iter().map(|(id, _)| id.as_str()).filter(|id| id.starts_with("0193-")).collect::<Vec<_>>();
    ids.sort_unstable();
    assert_eq!(ids, records.iter().map(|record| record.id.as_str()).collect::<Vec<_>>());
    for limit in [1, 3, 7] {
        assert_eq!(positions(store, &EventFilter::default(), limit).await, all, "{limit} at a time");
    }
    for (id, position) in &all {
        assert_eq!(store.events().position_of(id, None).await.unwrap(), Some(*position), "{id}");
        let there = store.events().list_after(position - 1, &EventFilter::default(), 1).await.unwrap();
        assert_eq!(there[0].id, *id);
    }
    let types = [EventKind::ModelRequestFailed];
    let failed = positions(store, &EventFilter { types: Some(&types), project: None }, 5).await;
    assert_eq!(failed.len(), 13);
    let search = positions(store, &EventFilter { types: None, project: Some("search") }, 5).await;
    assert_eq!(search.len(), 20);
    assert!(search.iter().all(|entry| all.contains(entry)));
    let (other, its_own) = (EventFilter { types: None, project: Some("other") }, records[1].id.as_str());
    assert_eq!(positions(store, &other, 5).await, []);
    assert_eq!(store.events().position_of(its_own, Some("other")).await.unwrap(), None);
    assert!(store.events().position_of(its_own, Some("search")).await.unwrap().is_some());
}

/// A bus that fails in the middle has some of the events: those are placed, the others stay in the outbox.
pub async fn of_requests_are_placed_in_part(store: &Store) {
    let records = (1..=10).map(|number| samples::record(number, number.into(), Vec::new())).collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    let id = |number: usize| records[number - 1].id.to_string();
    assert_eq!(store.events().place_events(&[id(4), id(2), id(4)]).await.unwrap(), 2);
    assert_eq!(store.events().place_events(&[id(4), id(2)]).await.unwrap(), 2, "they keep their positions");
    let left = store.events().list_unplaced(100).await.unwrap();
    assert_eq!(left.len(), 8);
    assert_eq!(record::from_json(&left[0].data).unwrap(), records[0]);
    // By what stands for them, as the relay does when all went out.
    let outbox = store.events().outbox(100).await.unwrap();
    assert_eq!((outbox.ids().len(), store.events().read_outbox(&outbox, false).await.unwrap()), (1, Vec::new()));
    store.events().place_events(&outbox.ids()).await.unwrap();
    assert!(store.events().outbox(100).await.unwrap().is_empty());
    let all = positions(store, &EventFilter::default(), 3).await;
    let order = all.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>();
    let expected = [4, 2, 1, 3, 5, 6, 7, 8, 9, 10].map(id);
    assert_eq!(order, expected);
    assert!(all.is_sorted_by(|one, other| one.1 < other.1));
}

/// A delivery refers to its event, so what a webhook wants is written out.
pub async fn of_requests_go_to_webhooks(store: &Store) {
    let failures = webhook("failures", Some(vec![EventKind::ModelRequestFailed]));
    store.webhooks().insert(&failures).await.unwrap();
    let records = (1..=6).map(|number| {
        let mut record = samples::record(number, number.into(), Vec::new());
        record.outcome = if number > 4 { Outcome::Failed } else { Outcome::Completed };
        record
    });
    let records = records.collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    let outbox = store.events().outbox(100).await.unwrap();
    assert_eq!(store.events().place_events(&outbox.ids()).await.unwrap(), 6);
    let due = store.webhooks().list_due(Timestamp(i64::MAX), &[], 10).await.unwrap();
    let due = due.into_iter().map(|due| due.event).collect::<Vec<_>>();
    assert_eq!(due.len(), 2);
    for event in due {
        let record = record::from_json(&event.data).unwrap();
        assert!(records[4..].contains(&record), "{record:?}");
        assert_eq!(store.events().position_of(&event.id, None).await.unwrap(), event.position);
    }
    assert_eq!(positions(store, &EventFilter::default(), 4).await.len(), 6);
    // Removed with the ledger's rows, but for those that were written out.
    store.ledger().retain(Timestamp(i64::MAX)).await.unwrap();
    assert_eq!(positions(store, &EventFilter::default(), 4).await.len(), 2);
}

/// Three nodes see the same thing at the same moment.
pub async fn are_told_once_whoever_is_first(store: &Store) {
    let tell = async |node: &str, occasion: &str| {
        let change = store.change(&Actor::service(node)).await.unwrap();
        let data = format!(r#"{{"limit_id":"rpm","scope":{{"project":"search"}},"by":"{node}"}}"#);
        let event = NewEvent { kind: EventKind::LimitExceeded, subject: "rpm".into(), data, traceparent: None };
        let is_first = change.add_event_once(event, occasion).await.unwrap();
        // The others come while this one is not committed yet.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        change.commit_aside().await.unwrap();
        is_first
    };
    // A node that is killed before it has committed has told nothing, and keeps nobody from telling.
    let killed = store.change(&Actor::service("killed")).await.unwrap();
    let event =
        NewEvent { kind: EventKind::LimitExceeded, subject: "rpm".into(), data: "{}".into(), traceparent: None };
    assert!(killed.add_event_once(event, "rpm/1").await.unwrap());
    drop(killed);
    let (one, two, three) = tokio::join!(tell("one", "rpm/1"), tell("two", "rpm/1"), tell("three", "rpm/1"));
    assert_eq!([one, two, three].into_iter().filter(|is_first| *is_first).count(), 1);
    assert!(!tell("late", "rpm/1").await);
    assert!(tell("one", "rpm/2").await, "another occasion is another event");
    let events = store.events().list_unplaced(10).await.unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_ne!(events[0].id, events[1].id);
    // Also after it has its place in the stream.
    let ids: Vec<String> = events.iter().map(|event| event.id.clone()).collect();
    store.events().place_events(&ids).await.unwrap();
    assert!(!tell("late", "rpm/2").await);
    let own = EventFilter { project: Some("search"), ..EventFilter::default() };
    assert_eq!(store.events().list_after(0, &own, 10).await.unwrap().len(), 2, "they belong to the limit's project");
    let others = EventFilter { project: Some("other"), ..EventFilter::default() };
    assert_eq!(store.events().list_after(0, &others, 10).await.unwrap().len(), 0);
}
