//! Thresholds of budgets are told of, once in a period, whoever looks.

use crate::bench::{Bench, chat, model, usage, with};
use baton_control::policies::write_policy_events;
use baton_engine::PolicySet;
use baton_model::entity::{Budget, BudgetPeriod, PolicyMode};
use baton_model::price::Factor;
use baton_model::{Dialect, EventKind, Nanos};
use baton_provider_api::fake::{FakeProvider, FakeReply};
use baton_store::StoredEvent;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn read_events(bench: &Bench, count: usize) -> Vec<StoredEvent> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let mut events = bench.store.events().list_unplaced(1_000).await.unwrap();
        events.retain(|event| matches!(event.kind, EventKind::BudgetThreshold | EventKind::BudgetExceeded));
        if events.len() >= count {
            return events;
        }
        assert!(Instant::now() < deadline, "{events:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn data(event: &StoredEvent) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

#[tokio::test]
async fn each_threshold_is_told_once() {
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())));
    let bench = Bench::new(vec![model("a", "one")], vec![fake]).await;
    // A chat costs 20 micro-dollars: the fifth reaches the half, the tenth the whole.
    let budget = Budget {
        amount: Nanos(200_000),
        period: BudgetPeriod::Total,
        mode: PolicyMode::Soft,
        alerts: vec![Factor::millionths(100_000), Factor::millionths(500_000)],
        ..Budget::new("team")
    };
    bench.engine.policies().replace(PolicySet::new([budget], []));
    let ask = async |count: usize| {
        for _ in 0..count {
            bench.ask(with(chat("a"), |call| call.options.max_output_tokens = Some(5))).await.unwrap();
        }
    };
    let start = || tokio::spawn(write_policy_events(bench.engine.clone(), bench.store.clone()));
    let first = start();
    ask(1).await;
    let events = read_events(&bench, 1).await;
    assert_eq!((events[0].subject.as_str(), events[0].kind), ("team", EventKind::BudgetThreshold));
    let told = data(&events[0]);
    assert_eq!((&told["threshold"], &told["amount"], &told["spent"]), (&json!(0.1), &json!(0.0002), &json!(0.00002)));
    first.abort();
    // Another process knows from the database what was told.
    let second = start();
    ask(5).await;
    let events = read_events(&bench, 2).await;
    assert_eq!(data(&events[1])["threshold"], json!(0.5));
    ask(6).await;
    let events = read_events(&bench, 3).await;
    assert_eq!((events.len(), events[2].kind), (3, EventKind::BudgetExceeded));
    second.abort();
}
