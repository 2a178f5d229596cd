//! Clients that leave before the end.

use crate::bench::{Bench, chat, model, usage};
use baton_model::record::Outcome;
use baton_model::usage::UsageOrigin;
use baton_model::{Dialect, UsageClass};
use baton_provider_api::fake::{FakeAct, FakeEnd, FakeProvider, FakeReply};
use baton_provider_api::{OnDisconnect, ProviderSettings};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn the_call_is_cancelled_and_what_was_produced_is_estimated() {
    let long = FakeReply::text(&["some words ", "and more words"], usage()).cut(2, FakeEnd::Hang);
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(long));
    let bench = Bench::new(vec![model("a", "one")], vec![Arc::clone(&fake)]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    let mut reply = bench.engine.serve(call).await.unwrap();
    for _ in 0..2 {
        reply.frames.next().await.unwrap().unwrap();
    }
    drop(reply);
    assert_eq!(fake.cancelled(), 1);
    let record = bench.record(&id).await;
    assert_eq!((record.outcome, record.status), (Outcome::Cancelled, 499));
    let attempt = &record.attempts[0];
    assert_eq!((attempt.outcome, attempt.origin), (Outcome::Cancelled, UsageOrigin::Estimated));
    // Eleven bytes of text were seen, and a prompt was sent.
    assert_eq!(attempt.usage.get(UsageClass::Output), 4);
    assert!(attempt.usage.get(UsageClass::Input) > 0);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_reply_begins_is_recorded_too() {
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(FakeAct::Hang));
    let bench = Bench::new(vec![model("a", "one")], vec![Arc::clone(&fake)]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    let engine = bench.engine.clone();
    let served = tokio::spawn(async move { engine.serve(call).await.map(|_| ()) });
    // The attempt must have been sent: before that, leaving costs nothing and no attempt is recorded.
    while fake.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    served.abort();
    assert!(served.await.unwrap_err().is_cancelled());
    assert_eq!(fake.cancelled(), 1);
    let record = bench.record(&id).await;
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!(record.attempts.len(), 1);
}

#[tokio::test]
async fn a_provider_may_be_drained_for_its_exact_usage() {
    let drains = ProviderSettings {
        on_disconnect: OnDisconnect::Drain { time: Duration::from_secs(60), bytes: 1 << 20 },
        ..ProviderSettings::default()
    };
    let fake =
        FakeProvider::new("one", Dialect::OpenAi).settings(drains).always(FakeReply::text(&["one ", "two"], usage()));
    let bench = Bench::new(vec![model("a", "one")], vec![Arc::new(fake)]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    let mut reply = bench.engine.serve(call).await.unwrap();
    reply.frames.next().await.unwrap().unwrap();
    drop(reply);
    let record = bench.record(&id).await;
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!((record.usage(), record.attempts[0].origin), (usage(), UsageOrigin::Reported));
}

#[tokio::test]
async fn a_drain_has_bounds() {
    let drains = ProviderSettings {
        on_disconnect: OnDisconnect::Drain { time: Duration::from_secs(60), bytes: 1 },
        ..ProviderSettings::default()
    };
    let endless = FakeReply::text(&["one ", "two"], usage()).cut(3, FakeEnd::Hang);
    let fake = FakeProvider::new("one", Dialect::OpenAi).settings(drains).always(endless);
    let bench = Bench::new(vec![model("a", "one")], vec![Arc::new(fake)]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    let mut reply = bench.engine.serve(call).await.unwrap();
    for _ in 0..2 {
        reply.frames.next().await.unwrap().unwrap();
    }
    drop(reply);
    assert_eq!(bench.record(&id).await.attempts[0].origin, UsageOrigin::Estimated);
}

#[tokio::test]
async fn the_time_that_a_request_allows_is_kept() {
    let fake = Arc::new(
        FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["one"], usage()).cut(2, FakeEnd::Hang)),
    );
    let bench = Bench::new(vec![model("a", "one")], vec![Arc::clone(&fake)]).await;
    let mut call = chat("a");
    call.routing.timeout = Some(Duration::from_millis(20));
    let told = bench.ask(call).await.unwrap();
    assert_eq!(told.error.map(|error| error.code), Some(baton_model::Code::RequestTimeout));
    assert!(fake.calls()[0].timeout.is_some());
}
