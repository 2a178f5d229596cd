//! What is billed, by whose numbers.

use crate::bench::{Bench, chat, falling_back, model, usage};
use baton_model::fault::ErrorKind;
use baton_model::price::Rates;
use baton_model::usage::UsageOrigin;
use baton_model::{Cost, Dialect, Model, ModelUsage, Nanos, Price, Usage, UsageClass};
use baton_provider_api::ProviderError;
use baton_provider_api::fake::{FakeEnd, FakeProvider, FakeReply};
use std::sync::Arc;

#[tokio::test]
async fn the_providers_numbers_are_billed_at_the_models_price() {
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())));
    let bench = Bench::new(vec![model("a", "one")], vec![fake]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    let told = bench.ask(call).await.unwrap();
    assert_eq!(told.head.bill.get(), Some(&Cost::Known(Nanos(20_000))));
    let record = bench.record(&id).await;
    assert_eq!(record.cost(), Cost::Known(Nanos(20_000)));
    assert_eq!((record.usage(), record.attempts[0].origin), (usage(), UsageOrigin::Reported));
}

#[tokio::test]
async fn an_unknown_price_is_unpriced_and_never_zero() {
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())));
    let bench = Bench::new(vec![Model { price: None, ..model("a", "one") }], vec![fake]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    let told = bench.ask(call).await.unwrap();
    assert_eq!(told.head.bill.get(), Some(&Cost::Unpriced));
    assert_eq!(bench.record(&id).await.cost(), Cost::Unpriced);
}

#[tokio::test]
async fn a_failed_attempt_that_consumed_something_counts_at_its_own_price() {
    // It reports its input, produces nothing, and fails: the next one replies.
    let mut begun = FakeReply::text(&["never"], usage());
    begun.frames[0]
        .events
        .push(baton_model::ReplyEvent::Usage(baton_model::Usage::default().with(baton_model::UsageClass::Input, 7)));
    let broken = ProviderError::new(ErrorKind::Protocol, "cut");
    let one = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(begun.cut(1, FakeEnd::Fail(broken))));
    let two = Arc::new(FakeProvider::new("two", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())));
    let models = vec![falling_back(model("a", "one"), &["b"]), model("b", "two")];
    let bench = Bench::new(models, vec![one, two]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    bench.ask(call).await.unwrap();
    let record = bench.record(&id).await;
    // Anthropic reports the input in the first event, and bills it though the reply failed.
    assert_eq!(record.attempts[0].cost, Cost::Known(Nanos(7_000)));
    assert_eq!(record.cost(), Cost::Known(Nanos(27_000)));
}

#[tokio::test]
async fn a_reply_without_usage_is_estimated_and_says_so() {
    let mut silent = FakeReply::text(&["some words of an answer"], usage());
    for frame in &mut silent.frames {
        frame.events.retain(|event| !matches!(event, baton_model::ReplyEvent::Usage(_)));
    }
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(silent));
    let bench = Bench::new(vec![model("a", "one")], vec![fake]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    bench.ask(call).await.unwrap();
    let record = bench.record(&id).await;
    assert_eq!(record.attempts[0].origin, UsageOrigin::Estimated);
    assert!(record.usage().input_tokens() > 0 && record.usage().output_tokens() > 0);
    assert!(record.is_estimated());
}

/// A reply whose usage report is this.
fn reporting(reported: Usage) -> Arc<FakeProvider> {
    Arc::new(FakeProvider::new("one", Dialect::Anthropic).always(FakeReply::text(&["hi"], reported)))
}

#[tokio::test]
async fn what_another_model_used_costs_what_that_one_costs() {
    let advised = |by: &str| Usage {
        other_models: vec![ModelUsage {
            model: by.into(),
            amounts: Usage::default().with(UsageClass::Input, 5).amounts,
        }],
        ..Usage::default().with(UsageClass::Input, 15)
    };
    let dear = Price { rates: Rates::default().with(UsageClass::Input, Nanos(9_000_000_000)), ..Price::default() };
    let adviser = Model { upstream: "upstream-b".into(), price: Some(dear), ..model("b", "one") };
    let models = || vec![model("a", "one"), adviser.clone()];
    let cost = async |by: &str| {
        let bench = Bench::new(models(), vec![reporting(advised(by))]).await;
        let call = chat("a");
        let id = call.identity.id.clone();
        let told = bench.ask(call).await.unwrap();
        let record = bench.record(&id).await;
        assert_eq!(told.head.bill.get(), Some(&record.cost()));
        (record.cost(), record.attempts[0].unpriced.clone())
    };
    // Ten of its own, five at the other's price, with the date of its version or without.
    assert_eq!(cost("upstream-b").await, (Cost::Known(Nanos(10_000 + 45_000)), None));
    assert_eq!(cost("upstream-b-20260801").await.0, Cost::Known(Nanos(55_000)));
    let (unknown, reason) = cost("nobody").await;
    assert_eq!(unknown, Cost::Unpriced);
    assert_eq!(reason.as_deref(), Some("the model `nobody`, which had a part in the answer, has no price"));
}

#[tokio::test]
async fn a_report_that_is_not_understood_is_an_estimate() {
    let odd = Usage { unaccounted: Some("premium_tokens".into()), ..usage() };
    let bench = Bench::new(vec![model("a", "one")], vec![reporting(odd)]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    bench.ask(call).await.unwrap();
    let record = bench.record(&id).await;
    assert_eq!(record.attempts[0].origin, UsageOrigin::Estimated);
    assert_eq!(record.attempts[0].usage.unaccounted.as_deref(), Some("premium_tokens"));
    assert!(record.is_estimated());
}
