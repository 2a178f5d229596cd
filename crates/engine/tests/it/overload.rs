//! What keeps one client, one provider or one large body from taking everything.

use crate::bench::{Bench, chat, content, conversation, falling_back, model, of_key, read, usage, with};
use baton_engine::limit::translation_cost;
use baton_engine::{CachePolicy, CacheSettings, CircuitSettings, EngineSettings, RetryBudgetSettings, RetrySettings};
use baton_model::fault::ErrorKind;
use baton_model::record::Outcome;
use baton_model::usage::UsageOrigin;
use baton_model::{Code, Cost, Dialect, UsageClass};
use baton_provider_api::fake::{FakeAct, FakeProvider, FakeReply};
use baton_provider_api::{Frame, ProviderError, ProviderSettings};
use bytes::Bytes;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;

fn failing(id: &str) -> Arc<FakeProvider> {
    Arc::new(FakeProvider::new(id, Dialect::OpenAi).always(ProviderError::new(ErrorKind::Internal, "broke")))
}

fn replying(id: &str) -> Arc<FakeProvider> {
    Arc::new(FakeProvider::new(id, Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())))
}

#[tokio::test]
async fn an_open_circuit_fails_fast() {
    let (broken, well) = (failing("one"), replying("two"));
    let models = vec![model("a", "one"), falling_back(model("b", "one"), &["c"]), model("c", "two")];
    let bench = Bench::new(models, vec![Arc::clone(&broken), well]).await;
    // Until the circuit is open: then the code is another.
    while bench.ask(chat("a")).await.err().unwrap().code == Code::ProviderError {}
    let calls = broken.calls().len();
    let refused = bench.ask(chat("a")).await.err().unwrap();
    assert_eq!((refused.code, broken.calls().len()), (Code::ProviderNotAvailable, calls));
    let wait = refused.retry_after.unwrap();
    assert!(wait > Duration::from_secs(25) && wait <= Duration::from_secs(30), "{wait:?}");
    // The circuit of one model says nothing about another of the same provider; its fallback replies.
    while broken.calls().iter().filter(|call| call.model.as_str() == "b").count() < 5 {
        assert_eq!(bench.ask(chat("b")).await.unwrap().model, "c");
    }
    let calls = broken.calls().len();
    assert_eq!(bench.ask(chat("b")).await.unwrap().model, "c");
    assert_eq!(broken.calls().len(), calls);
}

#[tokio::test]
async fn a_half_open_circuit_lets_one_request_through() {
    let fake = FakeProvider::new("one", Dialect::OpenAi)
        .settings(ProviderSettings { retries: 0, ..ProviderSettings::default() })
        .then(ProviderError::new(ErrorKind::Internal, "broke"))
        .then(FakeAct::Hang)
        .always(FakeReply::text(&["hi"], usage()));
    let fake = Arc::new(fake);
    // Its cooldown is over at once.
    let circuit = CircuitSettings { failures: 1, cooldown: Duration::ZERO };
    let settings = EngineSettings { circuit, ..EngineSettings::default() };
    let bench = Bench::with(vec![model("a", "one")], vec![Arc::clone(&fake)], settings).await;
    bench.ask(chat("a")).await.err().unwrap();
    let engine = bench.engine.clone();
    let probe = tokio::spawn(async move { engine.serve(chat("a")).await.map(|_| ()) });
    while fake.calls().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.ask(chat("a")).await.err().unwrap().code, Code::ProviderNotAvailable);
    // A probe whose client leaves decides nothing: the next request is the probe.
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(bench.ask(chat("a")).await.unwrap().error, None);
    assert_eq!(fake.calls().len(), 3);
}

#[tokio::test]
async fn retries_obey_a_budget() {
    let broken = failing("one");
    let settings = EngineSettings {
        circuit: CircuitSettings { failures: u32::MAX, ..CircuitSettings::default() },
        retry: RetrySettings {
            budget: RetryBudgetSettings { percent: 10, min_per_second: 3 },
            ..RetrySettings::default()
        },
        ..EngineSettings::default()
    };
    let bench = Bench::with(vec![model("a", "one")], vec![Arc::clone(&broken)], settings).await;
    for _ in 0..200 {
        bench.ask(chat("a")).await.err().unwrap();
    }
    // One in ten, and three for each of the ten seconds that are looked at.
    let retries = broken.calls().len() - 200;
    assert!((20..=50).contains(&retries), "{retries}");
}

#[tokio::test]
async fn one_key_can_not_keep_the_others_out() {
    let hanging = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())));
    let settings = EngineSettings { max_in_flight: 4, ..EngineSettings::default() };
    let bench = Bench::with(vec![model("a", "one")], vec![hanging], settings).await;
    let ask = async |key: &str| bench.engine.serve(of_key(chat("a"), key)).await;
    let mut greedy = Vec::new();
    for _ in 0..4 {
        greedy.push(ask("greedy").await.unwrap());
    }
    let refused = ask("other").await.err().unwrap();
    assert_eq!((refused.code, refused.retry_after), (Code::Overloaded, Some(Duration::from_secs(1))));
    greedy.pop();
    let _other = ask("other").await.unwrap();
    greedy.pop();
    assert_eq!(ask("greedy").await.err().unwrap().code, Code::Overloaded, "it has its share");
    let _second = ask("other").await.unwrap();
}

#[tokio::test]
async fn a_provider_has_its_own_bound() {
    let bounded = ProviderSettings { max_in_flight: Some(1), ..ProviderSettings::default() };
    let first = FakeProvider::new("one", Dialect::OpenAi).settings(bounded).always(FakeReply::text(&["hi"], usage()));
    let models = vec![model("a", "one"), falling_back(model("b", "one"), &["c"]), model("c", "two")];
    let bench = Bench::new(models, vec![Arc::new(first), replying("two")]).await;
    let held = bench.engine.serve(chat("a")).await.unwrap();
    assert_eq!(bench.ask(chat("a")).await.err().unwrap().code, Code::Overloaded);
    assert_eq!(bench.ask(chat("b")).await.unwrap().model, "c");
    // The place is held for as long as the reply lasts.
    drop(held);
    assert_eq!(bench.ask(chat("a")).await.unwrap().error, None);
}

#[tokio::test]
async fn a_body_that_is_too_large_to_translate_may_still_pass_through() {
    let (same, other) =
        (replying("one"), FakeProvider::new("two", Dialect::Anthropic).always(FakeReply::text(&["hi"], usage())));
    let settings = EngineSettings { max_translated_bytes: 20, ..EngineSettings::default() };
    let models = vec![model("a", "one"), model("b", "two"), falling_back(model("c", "two"), &["a"])];
    let bench = Bench::with(models, vec![same, Arc::new(other)], settings).await;
    let large = |model: &str| {
        with(chat(model), |call| {
            call.content =
                content(r#"{"messages":"a body of more bytes than that"}"#, Box::new(|_| Ok(conversation("hello"))));
        })
    };
    assert_eq!(bench.ask(large("a")).await.unwrap().model, "a");
    let refused = bench.ask(large("b")).await.err().unwrap();
    assert_eq!(refused.code, Code::PayloadTooLarge);
    assert!(refused.message.contains("20 bytes"), "{}", refused.message);
    assert_eq!(bench.ask(large("c")).await.unwrap().model, "a", "a fallback of the same format takes it");
}

#[tokio::test]
async fn a_meaning_is_read_only_where_there_is_memory_for_it() {
    let other = FakeProvider::new("two", Dialect::Anthropic).always(FakeReply::text(&["hi"], usage()));
    let settings = EngineSettings { max_bytes_in_flight: 4000, ..EngineSettings::default() };
    let bench = Bench::with(vec![model("b", "two")], vec![Arc::new(other)], settings).await;
    let hold = |key, bytes| {
        let caller = of_key(chat("b"), key).identity.caller;
        bench.engine.limits().hold_bytes(&caller, bytes).unwrap()
    };
    let call = |bytes| {
        let call = of_key(chat("b"), "one");
        baton_engine::Call { content: call.content.with_hold(Some(hold("one", bytes))), ..call }
    };
    let another = hold("another", 3500);
    assert_eq!(bench.ask(call(100)).await.err().unwrap().code, Code::Overloaded);
    drop(another);
    assert_eq!(bench.ask(call(100)).await.unwrap().error, None);
    // With what it holds already it needs more than there is.
    assert_eq!(bench.ask(call(3900)).await.err().unwrap().code, Code::PayloadTooLarge);
    assert_eq!(bench.engine.limits().bytes_in_flight(), 0, "what was held is given back");
}

#[test]
fn what_a_translation_costs_is_counted_by_what_is_in_it() {
    let many = r#"{"role":"user","content":"a"},"#.repeat(1000);
    let long = "a".repeat(many.len());
    assert_eq!(translation_cost(long.as_bytes()), 3 * long.len() as u64);
    assert!(translation_cost(many.as_bytes()) > 10 * many.len() as u64);
}

/// Frames of text, of which a cache with small bounds keeps none.
fn long_answer(frames: usize) -> FakeReply {
    let mut reply = FakeReply::text(&[], usage());
    let piece = "x".repeat(10_000);
    let frame = Frame {
        bytes: Bytes::from(piece.clone()),
        hidden: false,
        events: vec![baton_model::ReplyEvent::Text { choice: 0, text: piece }],
    };
    reply.frames.splice(1..1, std::iter::repeat_n(frame, frames));
    reply
}

#[tokio::test]
async fn a_shared_reply_that_nobody_reads_is_not_pulled() {
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(long_answer(100)));
    let cache = CacheSettings { max_reply_bytes: 100_000, ..CacheSettings::default() };
    let settings = EngineSettings { cache, ..EngineSettings::default() };
    let bench = Bench::with(vec![model("a", "one")], vec![Arc::clone(&fake)], settings).await;
    let call = || with(chat("a"), |call| call.options.cache = CachePolicy::MaxAge(Duration::from_secs(60)));
    let (slow, quick) = tokio::join!(bench.engine.serve(call()), bench.engine.serve(call()));
    let (mut slow, quick) = (slow.unwrap(), quick.unwrap());
    slow.frames.next().await.unwrap().unwrap();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    // The leader would have ended by now, and with it one of the two requests.
    let in_flight =
        |metrics: String| metrics.lines().find(|line| line.starts_with("baton_requests_in_flight ")).map(str::to_owned);
    assert_eq!(in_flight(bench.engine.metrics().await).as_deref(), Some("baton_requests_in_flight 2"));
    // Nothing is missing for who reads on, even beside one who is slow.
    let (slow, quick) = tokio::join!(read(slow), read(quick));
    assert_eq!(quick.text.len(), 1_000_000 + "<start><usage><end>".len());
    assert_eq!(slow.text.len(), quick.text.len() - "<start>".len());
    assert_eq!(fake.calls().len(), 1);
    // It was too large to be kept.
    bench.ask(call()).await.unwrap();
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test]
async fn a_reader_that_leaves_lets_the_others_go_on() {
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(long_answer(100)));
    let cache = CacheSettings { max_reply_bytes: 100_000, ..CacheSettings::default() };
    let settings = EngineSettings { cache, ..EngineSettings::default() };
    let bench = Bench::with(vec![model("a", "one")], vec![fake], settings).await;
    let call = || with(chat("a"), |call| call.options.cache = CachePolicy::MaxAge(Duration::from_secs(60)));
    let (stalled, reading) = tokio::join!(bench.engine.serve(call()), bench.engine.serve(call()));
    let (stalled, reading) = (stalled.unwrap(), tokio::spawn(read(reading.unwrap())));
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!reading.is_finished(), "the slowest sets the pace");
    drop(stalled);
    assert_eq!(reading.await.unwrap().text.len(), 1_000_000 + "<start><usage><end>".len());
}

#[tokio::test]
async fn a_call_that_timed_out_is_recorded_at_its_estimated_cost() {
    let late = ProviderError::new(ErrorKind::Timeout, "it took longer than 1 s (total)").maybe_billed();
    let unreached = ProviderError::new(ErrorKind::Timeout, "no connection within 1 s (connect)");
    let fake = FakeProvider::new("one", Dialect::OpenAi).then(late).then(unreached);
    let bench = Bench::new(vec![model("a", "one")], vec![Arc::new(fake)]).await;
    let (timed_out, unsent) = (chat("a"), chat("a"));
    let (first, second) = (timed_out.identity.id.clone(), unsent.identity.id.clone());
    bench.ask(timed_out).await.err().unwrap();
    bench.ask(unsent).await.err().unwrap();
    let record = bench.record(&first).await;
    let attempt = &record.attempts[0];
    assert_eq!((record.outcome, attempt.origin), (Outcome::Failed, UsageOrigin::Estimated));
    let tokens = attempt.usage.get(UsageClass::Input);
    assert!(tokens > 0);
    // A dollar for a million tokens.
    assert_eq!(attempt.cost, Cost::Known(baton_model::Nanos(i64::try_from(tokens).unwrap() * 1000)));
    let record = bench.store.ledger().get(&second).await.unwrap();
    assert!(record.attempts[0].usage.is_empty(), "what was never sent costs nothing");
}
