//! Events, and replies.

use crate::place::Place;
use crate::{event, next, on_every_bus};
use baton_bus::{BusError, BusEvent, BusSettings, StreamBound};
use baton_model::Timestamp;
use baton_model::chat::Json;
use std::time::Duration;

on_every_bus! {
    every_listener_hears_and_the_bus_keeps_one_of_each BusSettings::default();
    an_event_arrives_as_it_was_written BusSettings::default();
    old_events_go bounded_settings();
    replies_reach_who_waits_for_them BusSettings::default();
    replies_go_to_no_stream_of_batons_own BusSettings::default();
    a_good_bus_passes_its_check BusSettings::default();
}

async fn every_listener_hears_and_the_bus_keeps_one_of_each(place: &Place) {
    let (one, other) = (place.node().await, place.node().await);
    one.publish(&[event("before", "model.updated")]).await.unwrap();
    let mut listeners = [one.listen().await.unwrap(), other.listen().await.unwrap()];
    let (a, b) = (event("a", "model.updated"), event("b", "key.created"));
    one.publish(&[a.clone(), b.clone(), a.clone()]).await.unwrap();
    other.publish(&[b, a]).await.unwrap();
    one.publish(&[]).await.unwrap();
    // By then, whatever comes twice has come twice.
    other.publish(&[event("last", "model.deleted")]).await.unwrap();
    for listener in &mut listeners {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|id| id != "last") {
            heard.push(next(listener).await.id);
        }
        heard.sort();
        // A notice may come twice; what is kept for those who read it later may not.
        heard.dedup();
        assert_eq!(heard, ["a", "b", "last"]);
    }
    assert!(place.kept().await.is_none_or(|kept| kept == 4));
}

async fn an_event_arrives_as_it_was_written(place: &Place) {
    let node = place.node().await;
    let mut listener = node.listen().await.unwrap();
    let sent = BusEvent {
        subject: Some("ü \"model\"".into()),
        time: Some(Timestamp(1_769_860_800_000_250)),
        data: Some(Json(format!(r#"{{"number":1.50,"text":"{}"}}"#, "x".repeat(100_000)))),
        ..event("whole ö", "model.request.completed").with_attribute("traceparent", "00-1-2-01")
    };
    node.publish(std::slice::from_ref(&sent)).await.unwrap();
    assert!(next(&mut listener).await == sent);
}

fn bounded_settings() -> BusSettings {
    BusSettings { events: StreamBound { length: 100, age: Duration::from_secs(3600) }, ..BusSettings::default() }
}

async fn old_events_go(place: &Place) {
    let node = place.node().await;
    let events: Vec<BusEvent> = (0..1000).map(|number| event(&number.to_string(), "model.updated")).collect();
    node.publish(&events).await.unwrap();
    if let Some(kept) = place.kept().await {
        // Redis trims whole nodes of its tree (`~`), and so keeps some more.
        assert!((100..300).contains(&kept), "{kept}");
    }
}

async fn replies_reach_who_waits_for_them(place: &Place) {
    let (client, node) = (place.node().await, place.node().await);
    let to = place.replyto();
    // Before anybody waits: it must not be taken for the reply to a later command.
    node.reply(&to, &event("early", "chat.execute.result")).await.unwrap();
    let mut replies = client.replies(&to).await.unwrap();
    let reply = event("1", "chat.execute.result").with_attribute("commandid", "c");
    node.reply(&to, &reply).await.unwrap();
    assert_eq!(next(&mut replies).await, reply);
}

async fn replies_go_to_no_stream_of_batons_own(place: &Place) {
    let node = place.node().await;
    for name in place.own_names() {
        let refused = node.reply(&name, &event("1", "chat.execute.result")).await;
        assert!(matches!(refused, Err(BusError::Refused(_))), "{name}: {refused:?}");
    }
}

async fn a_good_bus_passes_its_check(place: &Place) {
    let told = place.node().await.check().await.unwrap();
    match place {
        Place::Local { .. } => assert_eq!(told, "in this process"),
        Place::Redis { .. } => assert!(told.starts_with("streams of Redis "), "{told}"),
        Place::Nats { .. } => assert!(told.starts_with("JetStream of NATS "), "{told}"),
    }
}
