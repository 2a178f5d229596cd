//! Circuits that open and close are told of.

use crate::bench::{Bench, model};
use baton_control::write_health_events;
use baton_model::fault::ErrorKind;
use baton_model::{EventKind, Model};
use baton_store::StoredEvent;
use serde_json::Value;
use std::time::{Duration, Instant};

/// So many events that tell of health.
async fn read_events(bench: &Bench, count: usize) -> Vec<StoredEvent> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let mut events = bench.store.events().list_unplaced(100).await.unwrap();
        events.retain(|event| event.kind == EventKind::ModelHealthChanged);
        if events.len() >= count {
            return events;
        }
        assert!(Instant::now() < deadline, "{events:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn fail(bench: &Bench, model: &Model) {
    for _ in 0..5 {
        bench.engine.health().record_failure(model, ErrorKind::Overloaded, "busy");
    }
}

#[tokio::test]
async fn a_circuit_that_opens_and_closes_is_told_of() {
    let bench = Bench::new(vec![model("fast", "openai")], Vec::new()).await;
    let revision = bench.store.revision().await.unwrap();
    let fast = model("fast", "openai");
    fail(&bench, &fast);
    // What happened before anybody listened is told too.
    let telling = tokio::spawn(write_health_events(bench.engine.clone(), bench.store.clone()));
    let opened = read_events(&bench, 1).await;
    let data: Value = serde_json::from_str(&opened[0].data).unwrap();
    assert_eq!(opened[0].subject, "fast");
    for (pointer, expected) in [
        ("/model_id", "fast"),
        ("/provider", "openai"),
        ("/circuit", "open"),
        ("/last_error/kind", "overloaded"),
        ("/last_error/message", "busy"),
    ] {
        assert_eq!(data.pointer(pointer).unwrap(), expected, "{data}");
    }
    assert_eq!(data["failures_in_a_row"], 5);
    // More failures of an open circuit are no change.
    fail(&bench, &fast);
    bench.engine.health().record_success(&fast);
    let both = read_events(&bench, 2).await;
    assert_eq!(both.len(), 2);
    let data: Value = serde_json::from_str(&both[1].data).unwrap();
    assert_eq!((data["circuit"].as_str(), data["last_error"].is_null()), (Some("closed"), true), "{data}");
    assert_eq!(bench.store.revision().await.unwrap(), revision, "nobody reads models again for that");
    telling.abort();
}
