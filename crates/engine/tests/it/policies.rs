//! Budgets and limits: what is reserved, refused, settled and found again.

use crate::bench::{Bench, chat, falling_back, model, of_key, usage, with};
use baton_engine::{CachePolicy, Call, EngineSettings, PolicyKind, PolicySet};
use baton_model::entity::{
    Budget, BudgetPeriod, FailMode, LimitWindow, PolicyMode, PolicyScope, RateLimit, ScopeValues, WhenUnpriced,
};
use baton_model::fault::ErrorKind;
use baton_model::{Code, Cost, Dialect, Model, Nanos, PublicError, Timestamp};
use baton_provider_api::ProviderError;
use baton_provider_api::fake::{FakeAct, FakeEnd, FakeProvider, FakeReply};
use baton_store::ledger::{Correction, RepriceQuery};
use futures::FutureExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one chat costs: 10 tokens read, 5 produced.
pub const CHAT: i64 = 20_000;

fn provider() -> Arc<FakeProvider> {
    Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())))
}

/// A chat with an output limit of what the reply has.
pub fn bounded() -> Call {
    with(of_key(chat("a"), "key_1"), |call| call.options.max_output_tokens = Some(5))
}

fn scope(field: &str, values: ScopeValues) -> PolicyScope {
    let values = Some(values);
    match field {
        "key" => PolicyScope { key: values, ..PolicyScope::default() },
        "user" => PolicyScope { user: values, ..PolicyScope::default() },
        "model" => PolicyScope { model: values, ..PolicyScope::default() },
        _ => PolicyScope { tag: values, ..PolicyScope::default() },
    }
}

fn budget(amount: i64) -> Budget {
    // Of the key: what is wider is not told to its callers in numbers.
    let scope = scope("key", ScopeValues::one("key_1"));
    Budget { scope, amount: Nanos(amount), period: BudgetPeriod::Total, ..Budget::new("b") }
}

fn limit(change: impl FnOnce(&mut RateLimit)) -> RateLimit {
    let mut limit = RateLimit { per: Some(LimitWindow::Day), ..RateLimit::new("l") };
    change(&mut limit);
    limit
}

pub async fn bench(budgets: Vec<Budget>, limits: Vec<RateLimit>) -> Bench {
    let bench = Bench::new(vec![model("a", "one")], vec![provider()]).await;
    bench.engine.policies().replace(PolicySet::new(budgets, limits));
    bench
}

/// What the only counter of a policy says: spent and reserved.
async fn reading(bench: &Bench, id: &str) -> (u64, u64) {
    let kind = if id == "b" { PolicyKind::Budget } else { PolicyKind::Limit };
    let readings = bench.engine.read_counters(kind, id).await.unwrap();
    let [only] = readings.as_slice() else { panic!("{readings:?}") };
    (only.spent, only.reserved)
}

pub fn detail<'e>(error: &'e PublicError, name: &str) -> &'e str {
    error.details.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.0.as_str())
}

/// Many clients at once, each until it is refused while nothing is under way that might give something back. Returns how many chats
/// were served.
async fn race(bench: &Arc<Bench>, clients: usize, call: fn() -> Call) -> usize {
    let served = Arc::new(AtomicUsize::new(0));
    let tasks = (0..clients).map(|_| {
        let (bench, served) = (Arc::clone(bench), Arc::clone(&served));
        tokio::spawn(async move {
            loop {
                match bench.ask(call()).await {
                    Ok(_) => served.fetch_add(1, Ordering::Relaxed),
                    Err(error) if detail(&error, "reserved") == "0" => return,
                    Err(error) => {
                        assert!(matches!(error.code, Code::BudgetExceeded | Code::RateLimitExceeded), "{error:?}");
                        tokio::task::yield_now().await;
                        continue;
                    }
                };
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    served.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_is_never_exceeded_and_used_up() {
    let bench = Arc::new(bench(vec![budget(100 * CHAT)], Vec::new()).await);
    let served = race(&bench, 64, bounded).await;
    let (spent, reserved) = reading(&bench, "b").await;
    assert_eq!((spent, reserved), (served as u64 * CHAT as u64, 0));
    assert!((95..=100).contains(&served), "{served} of 100 were served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_of_requests_lets_exactly_so_many_through() {
    let bench = Arc::new(bench(Vec::new(), vec![limit(|limit| limit.requests = Some(100))]).await);
    let served = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (bench, served) = (Arc::clone(&bench), Arc::clone(&served));
            tokio::spawn(async move {
                let refused = loop {
                    match bench.ask(bounded()).await {
                        Ok(_) => served.fetch_add(1, Ordering::Relaxed),
                        Err(error) => break error,
                    };
                };
                assert_eq!(refused.code, Code::RateLimitExceeded);
                assert!(refused.retry_after.is_some());
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(served.load(Ordering::Relaxed), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_of_tokens_is_never_exceeded() {
    let bench = Arc::new(bench(Vec::new(), vec![limit(|limit| limit.tokens = Some(1_500))]).await);
    let served = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (bench, served) = (Arc::clone(&bench), Arc::clone(&served));
            tokio::spawn(async move {
                // In a window what is reserved counts as spent at once, so who is refused may come back until all are settled.
                for _ in 0..200 {
                    if bench.ask(bounded()).await.is_ok() {
                        served.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let served = served.load(Ordering::Relaxed);
    assert_eq!(reading(&bench, "l").await, (served as u64 * 15, 0));
    assert!((95..=100).contains(&served), "{served} of 100 were served");
}

#[tokio::test]
async fn concurrency_counts_what_is_under_way() {
    let held = FakeReply::text(&["one", "two"], usage()).cut(2, FakeEnd::Hang);
    let stuck = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(held));
    let bench = Bench::new(vec![model("a", "one")], vec![stuck]).await;
    bench.engine.policies().replace(PolicySet::new(
        [],
        [limit(|limit| {
            (limit.concurrency, limit.per) = (Some(2), None);
        })],
    ));
    let first = bench.engine.serve(bounded()).await.unwrap();
    let _second = bench.engine.serve(bounded()).await.unwrap();
    assert_eq!(reading(&bench, "l").await, (0, 2));
    let refused = bench.engine.serve(bounded()).await.map(|_| ()).unwrap_err();
    assert_eq!((refused.code, refused.retry_after.is_some()), (Code::RateLimitExceeded, true));
    drop(first);
    assert_eq!(reading(&bench, "l").await, (0, 1));
    bench.engine.serve(bounded()).await.map(|_| ()).unwrap();
}

#[tokio::test]
async fn whatever_becomes_of_an_attempt_nothing_stays_reserved() {
    let fail = || FakeAct::Fail(ProviderError::new(ErrorKind::InvalidRequest, "no"));
    let cut = FakeReply::text(&["some words", "more"], usage());
    let broken = cut.clone().cut(2, FakeEnd::Fail(ProviderError::new(ErrorKind::Protocol, "cut")));
    let acts = Arc::new(
        FakeProvider::new("one", Dialect::OpenAi)
            .then(fail())
            .then(broken)
            .then(cut.cut(2, FakeEnd::Hang))
            .always(FakeReply::text(&["hi"], usage())),
    );
    let bench = Bench::new(vec![model("a", "one")], vec![acts]).await;
    bench.engine.policies().replace(PolicySet::new([budget(Nanos::DOLLAR.0)], []));
    bench.ask(bounded()).await.map(|_| ()).unwrap_err();
    // Refused before anything was produced: it costs nothing.
    assert_eq!(reading(&bench, "b").await, (0, 0));
    assert!(bench.ask(bounded()).await.unwrap().error.is_some());
    let (broken, reserved) = reading(&bench, "b").await;
    assert!(broken > 0 && reserved == 0);
    let left = bench.engine.serve(bounded()).await.unwrap();
    assert!(reading(&bench, "b").await.1 > 0);
    drop(left);
    // Not given back before the journal says how it ended: a kill in between leaves what was reserved.
    let (_, reserved) = reading(&bench, "b").now_or_never().unwrap();
    assert!(reserved > 0);
    // Nobody waits for it: it is settled once the journal says how it ended.
    while reading(&bench, "b").await.1 > 0 {
        tokio::task::yield_now().await;
    }
    let (cancelled, reserved) = reading(&bench, "b").await;
    assert!(cancelled > broken && reserved == 0);
    bench.ask(bounded()).await.unwrap();
    assert_eq!(reading(&bench, "b").await, (cancelled + CHAT as u64, 0));
}

#[tokio::test]
async fn counters_are_what_the_ledger_says_after_a_restart() {
    let first = bench(vec![budget(Nanos::DOLLAR.0)], vec![limit(|limit| limit.requests = Some(10))]).await;
    for _ in 0..3 {
        first.ask(bounded()).await.unwrap();
    }
    first.engine.close().await;
    let Bench { engine, store, folder } = first;
    drop(engine);
    let second = Bench::over(vec![model("a", "one")], vec![provider()], EngineSettings::default(), folder, store);
    let policies = || PolicySet::new([budget(Nanos::DOLLAR.0)], [limit(|limit| limit.requests = Some(10))]);
    second.engine.policies().replace(policies());
    second.ask(bounded()).await.unwrap();
    assert_eq!(reading(&second, "b").await, (4 * CHAT as u64, 0));
    assert_eq!(reading(&second, "l").await, (4, 0));
}

#[tokio::test]
async fn each_value_of_a_scope_has_its_own_counter() {
    let any = Budget { scope: scope("user", ScopeValues::Any), ..budget(2 * 60_000) };
    let bench = bench(vec![any], Vec::new()).await;
    let of_user = |user: &str| with(bounded(), |call| call.identity.attribution.user = Some(user.to_owned()));
    for user in ["ann", "bob", "ann"] {
        bench.ask(of_user(user)).await.unwrap();
    }
    // Of nobody: the policy is not for it.
    bench.ask(bounded()).await.unwrap();
    let readings = bench.engine.read_counters(PolicyKind::Budget, "b").await.unwrap();
    let of: Vec<_> = readings.iter().map(|reading| (reading.values[0].1.to_string(), reading.spent)).collect();
    assert_eq!(of, [("ann".to_owned(), 2 * CHAT as u64), ("bob".to_owned(), CHAT as u64)]);
}

#[tokio::test]
async fn tags_lead_to_the_policies_of_each() {
    let of_tags =
        Budget { scope: scope("tag", ScopeValues::Each(vec!["blue".into(), "red".into()])), ..budget(Nanos::DOLLAR.0) };
    let bench = bench(vec![of_tags], Vec::new()).await;
    let tagged = |tags: &[&str]| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        with(bounded(), |call| call.identity.attribution.tags = tags)
    };
    for tags in [&["blue", "red"][..], &["red", "red"], &["green"], &[]] {
        bench.ask(tagged(tags)).await.unwrap();
    }
    let readings = bench.engine.read_counters(PolicyKind::Budget, "b").await.unwrap();
    let of: Vec<_> = readings.iter().map(|reading| (reading.values[0].1.to_string(), reading.spent)).collect();
    assert_eq!(of, [("blue".to_owned(), CHAT as u64), ("red".to_owned(), 2 * CHAT as u64)]);
}

#[tokio::test]
async fn a_fallback_that_fits_is_taken() {
    let rates = crate::bench::price().rates.with(baton_model::UsageClass::Output, Nanos(900 * Nanos::DOLLAR.0));
    let price = Some(baton_model::Price { rates, ..crate::bench::price() });
    let dear = falling_back(Model { price, ..model("a", "one") }, &["b"]);
    let bench = Bench::new(vec![dear, model("b", "one")], vec![provider()]).await;
    bench.engine.policies().replace(PolicySet::new([budget(3 * CHAT)], []));
    let reply = bench.ask(bounded()).await.unwrap();
    assert_eq!(reply.model, "b");
    // Of one model alone: the other one is for nobody.
    let for_b = Budget { scope: scope("model", ScopeValues::one("b")), ..budget(1) };
    bench.engine.policies().replace(PolicySet::new([for_b], []));
    assert_eq!(bench.ask(bounded()).await.unwrap().model, "a");
}

#[tokio::test]
async fn what_is_soft_lets_through_and_says_so() {
    let soft = Budget { mode: PolicyMode::Soft, ..budget(CHAT) };
    let bench = bench(vec![soft], Vec::new()).await;
    bench.ask(bounded()).await.unwrap();
    let reply = bench.ask(bounded()).await.unwrap();
    assert_eq!(reply.head.warnings, ["budget: `b` is exceeded"]);
    assert_eq!(reading(&bench, "b").await, (2 * CHAT as u64, 0));
}

#[tokio::test]
async fn a_model_without_a_price_is_what_the_budget_makes_of_it() {
    let unpriced = || vec![Model { price: None, ..model("a", "one") }];
    let ask = async |when: WhenUnpriced| {
        let bench = Bench::new(unpriced(), vec![provider()]).await;
        let budget = Budget { when_unpriced: when, ..budget(Nanos::DOLLAR.0) };
        bench.engine.policies().replace(PolicySet::new([budget], []));
        let error = bench.ask(bounded()).await.err().map(|error| error.code);
        (error, reading(&bench, "b").await.0)
    };
    assert_eq!(ask(WhenUnpriced::Refuse).await, (Some(Code::BudgetExceeded), 0));
    assert_eq!(ask(WhenUnpriced::Allow).await, (None, 0));
    assert_eq!(ask(WhenUnpriced::Price(Box::new(crate::bench::price()))).await, (None, CHAT as u64));
}

#[tokio::test]
async fn the_price_of_a_policy_holds_after_a_restart() {
    let unpriced = || vec![Model { price: None, ..model("a", "one") }];
    let own =
        || Budget { when_unpriced: WhenUnpriced::Price(Box::new(crate::bench::price())), ..budget(Nanos::DOLLAR.0) };
    let first = Bench::new(unpriced(), vec![provider()]).await;
    first.engine.policies().replace(PolicySet::new([own()], []));
    first.ask(bounded()).await.unwrap();
    first.engine.close().await;
    let Bench { engine, store, folder } = first;
    drop(engine);
    let second = Bench::over(unpriced(), vec![provider()], EngineSettings::default(), folder, store);
    second.engine.policies().replace(PolicySet::new([own()], []));
    assert_eq!(reading(&second, "b").await, (CHAT as u64, 0));
}

#[tokio::test]
async fn an_output_limit_is_lowered_to_what_is_left() {
    let shrinking = Budget { shrink: true, ..budget(200_000) };
    let bench = bench(vec![shrinking], Vec::new()).await;
    let call = with(bounded(), |call| call.options.max_output_tokens = Some(10_000));
    let reply = bench.ask(call).await.unwrap();
    let [warning] = reply.head.warnings.as_slice() else { panic!("{:?}", reply.head.warnings) };
    assert!(warning.starts_with("max_tokens: lowered from 10000 to ") && warning.ends_with(" has left"), "{warning}");
    // Without it the same is refused, and nothing is spent.
    bench.engine.policies().replace(PolicySet::new([budget(100_000)], []));
    let call = with(bounded(), |call| call.options.max_output_tokens = Some(10_000));
    let error = bench.ask(call).await.map(|_| ()).unwrap_err();
    assert_eq!((error.code, error.retry_after), (Code::BudgetExceeded, None));
    assert_eq!(detail(&error, "policy"), "\"b\"");
}

#[tokio::test]
async fn a_request_never_costs_more_than_it_says() {
    let bench = bench(Vec::new(), Vec::new()).await;
    let within = |most: i64, output: u64| {
        with(bounded(), |call| {
            call.routing.max_cost = Some(Nanos(most));
            call.options.max_output_tokens = Some(output);
        })
    };
    let reply = bench.ask(within(200_000, 10_000)).await.unwrap();
    assert!(reply.head.warnings[0].starts_with("max_tokens: lowered from 10000 to "), "{:?}", reply.head.warnings);
    let error = bench.ask(within(10, 10)).await.map(|_| ()).unwrap_err();
    assert_eq!((error.code, error.param.as_deref()), (Code::BudgetExceeded, Some("x-baton-max-cost")));
    bench.ask(within(200_000, 10)).await.unwrap();
}

#[tokio::test]
async fn a_cached_reply_costs_no_budget_and_counts_as_a_request() {
    let bench = bench(vec![budget(Nanos::DOLLAR.0)], vec![limit(|limit| limit.requests = Some(2))]).await;
    let cached =
        || with(bounded(), |call| call.options.cache = CachePolicy::MaxAge(std::time::Duration::from_secs(60)));
    for _ in 0..2 {
        bench.ask(cached()).await.unwrap();
    }
    assert_eq!(reading(&bench, "b").await, (CHAT as u64, 0));
    assert_eq!(bench.ask(cached()).await.map(|_| ()).unwrap_err().code, Code::RateLimitExceeded);
}

#[tokio::test]
async fn a_burst_is_smoothed() {
    let bursts = limit(|limit| (limit.requests, limit.burst) = (Some(1_000), Some(3)));
    let bench = bench(Vec::new(), vec![bursts]).await;
    for _ in 0..3 {
        bench.ask(bounded()).await.unwrap();
    }
    assert_eq!(bench.ask(bounded()).await.map(|_| ()).unwrap_err().code, Code::RateLimitExceeded);
    // Of the day's thousand there is plenty.
    assert_eq!(reading(&bench, "l").await, (3, 0));
}

#[tokio::test]
async fn what_a_key_brings_with_it_holds_for_it_alone() {
    use baton_model::entity::{OwnLimits, OwnPolicies};
    let bench = bench(Vec::new(), Vec::new()).await;
    let own = OwnPolicies::of_key("key_1", None, Some(OwnLimits { rpm: Some(1), ..OwnLimits::default() }));
    let own = own.map(Arc::new);
    let call = || with(bounded(), |call| call.identity.caller.policies.clone_from(&own));
    let reply = bench.ask(call()).await.unwrap();
    assert_eq!(reply.head.standings.iter().map(|standing| standing.remaining()).collect::<Vec<_>>(), [0]);
    let error = bench.ask(call()).await.map(|_| ()).unwrap_err();
    assert_eq!((error.code, detail(&error, "policy")), (Code::RateLimitExceeded, "\"key:key_1:rpm\""));
    bench.ask(of_key(chat("a"), "key_2")).await.unwrap();
}

#[tokio::test]
async fn a_ledger_that_is_away_closes_what_is_closed() {
    let bench = bench(vec![budget(Nanos::DOLLAR.0)], Vec::new()).await;
    bench.store.close().await;
    let error = bench.ask(bounded()).await.map(|_| ()).unwrap_err();
    assert_eq!(error.code, Code::Overloaded);
    let local = Budget { fail: FailMode::Local, budget_id: "c".into(), ..budget(Nanos::DOLLAR.0) };
    bench.engine.policies().replace(PolicySet::new([local], []));
    bench.ask(bounded()).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_longer_than_asked_ends_where_the_budget_does() {
    // The provider does not keep to the output limit: five tokens were asked for, and hundreds come.
    let words = "and so on and on ".repeat(20);
    let long = FakeReply::text(&[words.as_str(); 20], usage());
    let endless = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(long));
    let cut = async |cut_streams: bool| {
        let bench = Bench::new(vec![model("a", "one")], vec![Arc::clone(&endless)]).await;
        let budget = Budget { cut_streams, ..budget(400_000) };
        bench.engine.policies().replace(PolicySet::new([budget], []));
        let reply = bench.ask(bounded()).await.unwrap();
        let (spent, reserved) = reading(&bench, "b").await;
        assert_eq!(reserved, 0);
        (reply.error.map(|error| error.code), spent)
    };
    let (error, spent) = cut(true).await;
    assert_eq!(error, Some(Code::BudgetExceeded));
    // Looked at every 256 bytes: a hundred tokens at most are beyond it.
    assert!((400_000..600_000).contains(&spent), "{spent}");
    assert_eq!(cut(false).await, (None, CHAT as u64));
}

#[tokio::test]
async fn counters_are_compared_with_the_ledger_and_repaired() {
    let bench = bench(vec![budget(Nanos::DOLLAR.0)], Vec::new()).await;
    bench.ask(bounded()).await.unwrap();
    let verify = async |repair| {
        let verified = bench.engine.policies().verify(PolicyKind::Budget, "b", repair).await.unwrap();
        verified.iter().map(|count| (count.spent, count.ledger)).collect::<Vec<_>>()
    };
    assert_eq!(verify(false).await, [(CHAT as u64, CHAT as u64)]);
    // The attempt is priced anew, of which the counter knows nothing.
    let all = RepriceQuery { from: Timestamp(0), to: Timestamp(i64::MAX), model: None };
    let attempt = bench.store.ledger().priced_attempts(&all, None).await.unwrap().remove(0);
    let correction = Correction { attempt, cost: Cost::Known(Nanos(CHAT + 1)), unpriced: None };
    bench.store.ledger().correct(&[correction], Timestamp(1), "test").await.unwrap();
    assert_eq!(verify(true).await, [(CHAT as u64, CHAT as u64 + 1)]);
    assert_eq!(verify(false).await, [(CHAT as u64 + 1, CHAT as u64 + 1)]);
}

#[tokio::test]
async fn a_refusal_names_no_values_of_others() {
    let several = ScopeValues::Each(vec!["key_1".into(), "key_of_somebody".into()]);
    let bench = bench(vec![Budget { scope: scope("key", several), ..budget(1) }], Vec::new()).await;
    let error = bench.ask(bounded()).await.map(|_| ()).unwrap_err();
    assert_eq!(detail(&error, "scope"), r#"{"key":"key_1"}"#);
}

#[tokio::test]
async fn a_budget_holds_that_another_node_has_reset_by_a_clock_ahead() {
    let reset = Budget { reset_at: Some(Timestamp(i64::MAX)), ..budget(1) };
    let bench = bench(vec![reset], Vec::new()).await;
    assert_eq!(bench.ask(bounded()).await.map(|_| ()).unwrap_err().code, Code::BudgetExceeded);
}

#[tokio::test]
async fn no_user_takes_of_the_counters_of_another() {
    let bursts = RateLimit {
        scope: scope("user", ScopeValues::Any),
        burst: Some(1),
        ..limit(|limit| limit.requests = Some(1_000))
    };
    let bench = bench(Vec::new(), vec![bursts]).await;
    let of_user = |user: &str| with(bounded(), |call| call.identity.attribution.user = Some(user.to_owned()));
    // What the burst of `ann` would be called if values stood in names as they are.
    bench.ask(of_user("ann\u{1f}burst")).await.unwrap();
    bench.ask(of_user("ann")).await.unwrap();
}
