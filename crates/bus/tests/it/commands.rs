//! Commands: who gets them, how often, and what becomes of those that are bad.

use crate::place::Place;
use crate::{event, id, on_every_bus, take_delivery};
use baton_bus::{Bus, BusError, BusSettings, CommandDelivery, DeadLetter};
use baton_model::Timestamp;
use baton_model::chat::Json;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;

on_every_bus! {
    nodes_that_start_at_once_share_commands patient_settings();
    a_command_that_was_sent_before_anybody_listened_comes patient_settings();
    what_a_dead_node_held_goes_to_another brief();
    what_shall_come_later_comes_later_and_once brief();
    what_is_extended_stays brief();
    a_late_acknowledgement_counts brief();
    bad_commands_are_told_and_put_away patient_settings();
    no_more_commands_wait_than_may full_settings();
}

/// Nothing comes again while a test runs.
fn patient_settings() -> BusSettings {
    BusSettings { ack_wait: Duration::from_secs(300), ..BusSettings::default() }
}

/// What is not acknowledged comes again soon.
fn brief() -> BusSettings {
    BusSettings { ack_wait: Duration::from_secs(2), ..BusSettings::default() }
}

fn full_settings() -> BusSettings {
    BusSettings { max_commands: 2, ..patient_settings() }
}

/// Whether nothing but that command, sent now, comes.
async fn only(bus: &Arc<dyn Bus>, commands: &mut BoxStream<'static, CommandDelivery>, marker: &str) {
    // A marker of its own: without it, silence might only mean that nothing is delivered at all.
    bus.send(&event(marker, "model.update")).await.unwrap();
    let delivery = take_delivery(commands).await;
    assert_eq!(id(&delivery), marker);
    delivery.ack().await.unwrap();
    let quiet = tokio::time::timeout(brief().ack_wait * 2, commands.next()).await;
    assert!(quiet.is_err(), "{quiet:?} came again");
}

async fn nodes_that_start_at_once_share_commands(place: &Place) {
    let nodes = futures::future::join_all((0..5).map(async |number| {
        let node = place.node().await;
        for command in 0..8 {
            node.send(&event(&format!("{number}-{command}"), "model.update")).await.unwrap();
        }
        node
    }))
    .await;
    let mut all = futures::stream::select_all(nodes.iter().map(|node| node.commands()));
    let mut seen = Vec::new();
    for _ in 0..40 {
        let delivery = tokio::time::timeout(crate::LONG, all.next()).await.expect("a command comes").unwrap();
        assert_eq!(delivery.attempt, 1);
        seen.push(id(&delivery).to_owned());
        delivery.ack().await.unwrap();
    }
    seen.sort();
    let sent: Vec<String> = (0..5).flat_map(|node| (0..8).map(move |command| format!("{node}-{command}"))).collect();
    assert_eq!(seen, sent);
}

async fn a_command_that_was_sent_before_anybody_listened_comes(place: &Place) {
    let mut command = event("1", "model.register").with_attribute("apikey", "k").with_attribute("replyto", "r");
    command.data = Some(Json(r#"{"model_id":"m"}"#.into()));
    place.node().await.send(&command).await.unwrap();
    let delivery = take_delivery(&mut place.node().await.commands()).await;
    assert_eq!(delivery.event, Ok(command.clone()));
    assert_eq!(delivery.raw, command.write());
    assert!(!format!("{delivery:?}").contains("apikey"));
}

async fn what_a_dead_node_held_goes_to_another(place: &Place) {
    let (one, other) = (place.node().await, place.node().await);
    one.send(&event("1", "model.update")).await.unwrap();
    let mut commands = one.commands();
    let held = take_delivery(&mut commands).await;
    let place_held = held.place.clone();
    // A node that dies tells the bus nothing.
    drop((commands, held, one));
    let mut commands = other.commands();
    let again = take_delivery(&mut commands).await;
    assert_eq!((id(&again), again.attempt, &again.place), ("1", 2, &place_held));
    again.ack().await.unwrap();
    only(&other, &mut commands, "marker").await;
}

async fn what_shall_come_later_comes_later_and_once(place: &Place) {
    let bus = place.node().await;
    let mut commands = bus.commands();
    bus.send(&event("later", "model.update")).await.unwrap();
    let later = take_delivery(&mut commands).await;
    // Longer than a silent holder may have it.
    later.retry(brief().ack_wait * 3).await.unwrap();
    bus.send(&event("now", "model.update")).await.unwrap();
    let now = take_delivery(&mut commands).await;
    assert_eq!(id(&now), "now");
    now.ack().await.unwrap();
    let quiet = tokio::time::timeout(brief().ack_wait * 2, commands.next()).await;
    assert!(quiet.is_err(), "{quiet:?} did not wait as long as it was to");
    let again = take_delivery(&mut commands).await;
    assert_eq!((id(&again), again.attempt), ("later", 2));
    again.retry(Duration::ZERO).await.unwrap();
    let again = take_delivery(&mut commands).await;
    assert_eq!((id(&again), again.attempt), ("later", 3));
    again.ack().await.unwrap();
    only(&bus, &mut commands, "marker").await;
}

async fn what_is_extended_stays(place: &Place) {
    let (one, other) = (place.node().await, place.node().await);
    one.send(&event("held", "model.update")).await.unwrap();
    let held = take_delivery(&mut one.commands()).await;
    let mut elsewhere = other.commands();
    // Three times as long as it could be held without.
    for _ in 0..24 {
        held.extend().await.unwrap();
        let quiet = tokio::time::timeout(brief().ack_wait / 8, elsewhere.next()).await;
        assert!(quiet.is_err(), "{quiet:?}");
    }
    held.ack().await.unwrap();
    only(&other, &mut elsewhere, "marker").await;
}

async fn a_late_acknowledgement_counts(place: &Place) {
    let (slow, other) = (place.node().await, place.node().await);
    slow.send(&event("1", "model.update")).await.unwrap();
    let first = take_delivery(&mut slow.commands()).await;
    let mut commands = other.commands();
    let second = take_delivery(&mut commands).await;
    assert_eq!((id(&second), second.attempt), ("1", 2));
    // The slow node has done the work, so it must not be done again, though another holds the command by now.
    first.ack().await.unwrap();
    drop(second);
    only(&other, &mut commands, "marker").await;
}

async fn bad_commands_are_told_and_put_away(place: &Place) {
    let bus = place.node().await;
    // So that there is something to send to.
    bus.check().await.unwrap();
    let cases: [(&[u8], &str, &str); 5] = [
        (b"hello", "must be valid JSON (line 1, column 1)", r#""text":"hello""#),
        (b"\xff", "must be valid JSON (line 1, column 1)", r#""base64":"/w==""#),
        (br#"{"specversion":"1.0"}"#, "id: is required", r#""command":{"specversion":"1.0"}"#),
        (
            br#"{"specversion":"1.0","id":"1","source":"s","type":"t","replyTo":"x","apikey":"secret"}"#,
            "replyTo: is not an attribute: names consist of lower-case letters and digits; did you mean `replyto`?",
            r#""apikey":"***"}"#,
        ),
        (br#"[1]"#, "must be a JSON object (line 1, column 0)", r#""text":"[1]""#),
    ];
    let mut commands = bus.commands();
    for (raw, reason, written) in cases {
        place.raw(raw).await;
        let delivery = take_delivery(&mut commands).await;
        assert_eq!(&delivery.raw[..], raw);
        let fault = delivery.event.as_ref().unwrap_err().to_string();
        assert!(fault.starts_with(reason), "{fault}");
        let letter = DeadLetter::new(&delivery, fault.clone(), "node", Timestamp(1_769_860_800_000_000));
        // A node that dies in between leaves it to another to do the same.
        bus.put_dead_letter(&letter).await.unwrap();
        bus.put_dead_letter(&letter).await.unwrap();
        delivery.ack().await.unwrap();
        let newest = bus.list_dead_letters(1).await.unwrap().remove(0);
        assert_eq!(newest, letter.event());
        assert_eq!((newest.kind.as_str(), newest.source.as_str()), (DeadLetter::KIND, "node"));
        let data = newest.data.unwrap().0;
        assert!(data.contains(written) && data.contains(r#""attempts":1"#) && !data.contains("secret"), "{data}");
    }
    assert_eq!(bus.list_dead_letters(100).await.unwrap().len(), cases.len());
}

async fn no_more_commands_wait_than_may(place: &Place) {
    let bus = place.node().await;
    for number in ["1", "2"] {
        bus.send(&event(number, "model.update")).await.unwrap();
    }
    assert_eq!(bus.send(&event("3", "model.update")).await, Err(BusError::Full(2)));
    let mut commands = bus.commands();
    take_delivery(&mut commands).await.ack().await.unwrap();
    bus.send(&event("3", "model.update")).await.unwrap();
    let mut left = [take_delivery(&mut commands).await, take_delivery(&mut commands).await]
        .map(|delivery| id(&delivery).to_owned());
    left.sort();
    assert_eq!(left, ["2", "3"]);
}
