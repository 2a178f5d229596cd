//! What is kept, for whom, and what it costs then.

use crate::bench::{Bench, chat, content, conversation, model, of_key, read, usage, with};
use baton_engine::{CachePolicy, CacheSettings, CacheShare, Call, EngineSettings};
use baton_model::record::CacheUse;
use baton_model::{Capability, Code, Cost, Dialect, ModelId, Nanos};
use baton_provider_api::ReplyForm;
use baton_provider_api::fake::{FakeAct, FakeEnd, FakeProvider, FakeReply};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

async fn bench(fake: FakeProvider) -> (Bench, Arc<FakeProvider>) {
    let fake = Arc::new(fake);
    (Bench::new(vec![model("a", "one")], vec![Arc::clone(&fake)]).await, fake)
}

fn replying() -> FakeProvider {
    FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage()))
}

fn deterministic() -> Call {
    with(chat("a"), |call| call.options.deterministic = true)
}

#[tokio::test]
async fn a_deterministic_request_is_served_once_and_then_for_nothing() {
    let (bench, fake) = bench(replying()).await;
    let first = bench.ask(deterministic()).await.unwrap();
    let call = deterministic();
    let id = call.identity.id.clone();
    let second = bench.ask(call).await.unwrap();
    assert_eq!((first.head.cache, second.head.cache), (CacheUse::Miss, CacheUse::Hit));
    assert_eq!(first.text, second.text);
    assert_eq!(second.head.bill.get(), Some(&Cost::Known(Nanos::ZERO)));
    assert_eq!(fake.calls().len(), 1);
    let record = bench.record(&id).await;
    assert_eq!((record.cache, record.attempts.len(), record.cost()), (CacheUse::Hit, 0, Cost::Known(Nanos::ZERO)));
    assert_eq!(record.served.map(|model| model.to_string()), Some("a".into()));
}

#[tokio::test]
async fn what_is_cached_is_chosen_by_request_and_header() {
    for (what, call, calls) in [
        ("an ordinary chat", chat as fn(&str) -> Call, 2),
        ("no-store", |_| with(deterministic(), |call| call.options.cache = CachePolicy::NoStore), 2),
        ("no-cache", |_| with(chat("a"), |call| call.options.cache = CachePolicy::NoCache), 2),
        ("max-age", |_| with(chat("a"), |call| call.options.cache = CachePolicy::MaxAge(Duration::from_secs(60))), 1),
        ("too old", |_| with(chat("a"), |call| call.options.cache = CachePolicy::MaxAge(Duration::ZERO)), 2),
        (
            "an embedding",
            |_| {
                with(chat("a"), |call| {
                    (call.wire.capability, call.options.form) = (Capability::Embedding, ReplyForm::Whole)
                })
            },
            1,
        ),
    ] {
        let (bench, fake) = bench(replying()).await;
        bench.ask(call("a")).await.unwrap();
        bench.ask(call("a")).await.unwrap();
        assert_eq!(fake.calls().len(), calls, "{what}");
    }
}

#[tokio::test]
async fn no_key_reads_what_another_was_sent() {
    let (bench, fake) = bench(replying()).await;
    bench.ask(of_key(deterministic(), "k1")).await.unwrap();
    bench.ask(of_key(deterministic(), "k2")).await.unwrap();
    // The same key may book on several projects, and each of them pays for its own replies.
    let mut of_project = of_key(deterministic(), "k1");
    of_project.identity.attribution.project = Some("p".into());
    bench.ask(of_project).await.unwrap();
    assert_eq!(fake.calls().len(), 3);
    assert_eq!(bench.ask(of_key(deterministic(), "k1")).await.unwrap().head.cache, CacheUse::Hit);
}

#[tokio::test]
async fn another_prompt_is_another_reply() {
    let (bench, fake) = bench(replying()).await;
    bench.ask(deterministic()).await.unwrap();
    let other = content(r#"{"messages":"bye"}"#, Box::new(|_| Ok(conversation("bye"))));
    bench.ask(Call { content: other, ..deterministic() }).await.unwrap();
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test]
async fn a_cached_reply_serves_whole_and_streamed() {
    let (bench, fake) = bench(replying()).await;
    bench.ask(with(deterministic(), |call| call.options.form = ReplyForm::Whole)).await.unwrap();
    let streamed = bench.ask(deterministic()).await.unwrap();
    assert_eq!((streamed.head.cache, streamed.head.form), (CacheUse::Hit, ReplyForm::Whole));
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn identical_requests_in_flight_share_one_call() {
    let go = Arc::new(Notify::new());
    let reply = FakeAct::from(FakeReply::text(&["hi"], usage()));
    let (bench, fake) =
        bench(FakeProvider::new("one", Dialect::OpenAi).always(FakeAct::After(Arc::clone(&go), Box::new(reply)))).await;
    let leading = tokio::spawn({
        let engine = bench.engine.clone();
        async move { read(engine.serve(deterministic()).await.unwrap()).await }
    });
    while fake.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let following = tokio::spawn({
        let engine = bench.engine.clone();
        async move { read(engine.serve(deterministic()).await.unwrap()).await }
    });
    // The second has joined when it waits; one more call would be seen below.
    tokio::task::yield_now().await;
    go.notify_waiters();
    go.notify_one();
    let (leading, following) = (leading.await.unwrap(), following.await.unwrap());
    assert_eq!(fake.calls().len(), 1);
    assert_eq!(leading.text, following.text);
    assert_eq!((leading.head.cache, following.head.cache), (CacheUse::Miss, CacheUse::Hit));
}

#[tokio::test]
async fn a_request_with_a_time_of_its_own_shares_no_call() {
    let go = Arc::new(Notify::new());
    let reply = FakeAct::from(FakeReply::text(&["hi"], usage()));
    let (bench, fake) =
        bench(FakeProvider::new("one", Dialect::OpenAi).always(FakeAct::After(Arc::clone(&go), Box::new(reply)))).await;
    let asks = |timeout: Option<Duration>| {
        let engine = bench.engine.clone();
        let mut call = deterministic();
        call.routing.timeout = timeout;
        tokio::spawn(async move { read(engine.serve(call).await.unwrap()).await })
    };
    // The first could be joined, but its own time would end the others, and theirs would not end it.
    let all = [asks(None), asks(Some(Duration::from_secs(60))), asks(Some(Duration::from_secs(60)))];
    while fake.calls().len() < all.len() {
        tokio::task::yield_now().await;
    }
    for _ in &all {
        go.notify_one();
        go.notify_waiters();
        tokio::task::yield_now().await;
    }
    for reply in all {
        assert_eq!(reply.await.unwrap().head.cache, CacheUse::Miss);
    }
}

#[tokio::test]
async fn a_shared_call_goes_on_while_someone_waits_and_ends_when_nobody_does() {
    let go = Arc::new(Notify::new());
    let reply = FakeAct::from(FakeReply::text(&["hi"], usage()));
    let (bench, fake) = bench(
        FakeProvider::new("one", Dialect::OpenAi)
            .then(FakeAct::After(Arc::clone(&go), Box::new(reply)))
            .then(FakeReply::text(&["hi"], usage()).cut(2, FakeEnd::Hang)),
    )
    .await;
    let first = tokio::spawn({
        let engine = bench.engine.clone();
        async move { engine.serve(deterministic()).await.map(|_| ()) }
    });
    while fake.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut second = Box::pin(bench.engine.serve(deterministic()));
    assert!(futures::future::poll_immediate(&mut second).await.is_none());
    first.abort();
    assert!(first.await.is_err());
    go.notify_one();
    assert_eq!(read(second.await.unwrap()).await.text, "<start>hi<usage><end>");
    assert_eq!(fake.cancelled(), 0);

    // Asked anew, and left by the only one who waits.
    let reply =
        bench.engine.serve(with(deterministic(), |call| call.options.cache = CachePolicy::NoCache)).await.unwrap();
    drop(reply);
    bench.engine.close().await;
    assert_eq!(fake.cancelled(), 1);
}

#[tokio::test]
async fn a_failed_reply_is_not_cached() {
    let broken = baton_provider_api::ProviderError::new(baton_model::fault::ErrorKind::Protocol, "cut");
    let (bench, fake) = bench(
        FakeProvider::new("one", Dialect::OpenAi)
            .then(FakeReply::text(&["half", "never"], usage()).cut(2, FakeEnd::Fail(broken)))
            .then(FakeReply::text(&["hi"], usage())),
    )
    .await;
    assert!(bench.ask(deterministic()).await.unwrap().error.is_some());
    assert_eq!(bench.ask(deterministic()).await.unwrap().text, "<start>hi<usage><end>");
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test]
async fn a_changed_model_and_a_purge_forget_replies() {
    let (bench, fake) = bench(replying()).await;
    bench.ask(of_key(deterministic(), "k1")).await.unwrap();
    assert_eq!(bench.engine.cache().purge(Some("key:k2")).await.entries, 0);
    assert_eq!(bench.engine.cache().purge(Some("key:k1")).await.entries, 1);
    bench.ask(of_key(deterministic(), "k1")).await.unwrap();
    assert_eq!(fake.calls().len(), 2);
    bench.engine.registry().update(|snapshot| {
        let mut changed = model("a", "one");
        changed.source = baton_model::ModelSource::Api;
        changed.updated_at = baton_model::Timestamp(1);
        snapshot.models.insert(changed.id.clone(), Arc::new(changed));
    });
    bench.ask(of_key(deterministic(), "k1")).await.unwrap();
    assert_eq!(fake.calls().len(), 3);
    // Registered models have a version in the key. The first change also turned a configured model into one.
    bench.engine.registry().update(|snapshot| {
        let mut changed = model("a", "one");
        changed.source = baton_model::ModelSource::Api;
        changed.updated_at = baton_model::Timestamp(2);
        snapshot.models.insert(changed.id.clone(), Arc::new(changed));
    });
    bench.ask(of_key(deterministic(), "k1")).await.unwrap();
    assert_eq!(fake.calls().len(), 4);
}

#[tokio::test]
async fn no_user_of_a_token_reads_what_another_was_sent() {
    let of_user = |user: &str, project: Option<&str>| {
        let mut call = deterministic();
        call.identity.caller.user = Some(user.into());
        call.identity.caller.project = project.map(Into::into);
        call.identity.attribution.user = Some(user.to_owned());
        call.identity.attribution.project = project.map(str::to_owned);
        call
    };
    let (bench, fake) = bench(replying()).await;
    for user in ["ada", "eve"] {
        let told = bench.ask(of_user(user, None)).await.unwrap();
        assert_eq!(told.head.cache, CacheUse::Miss, "{user}");
        let again = bench.ask(of_user(user, None)).await.unwrap();
        assert_eq!(again.head.cache, CacheUse::Hit, "{user}");
    }
    // Nor in one project, unless the operator says so; and never without one.
    for user in ["ada", "eve"] {
        assert_eq!(bench.ask(of_user(user, Some("p"))).await.unwrap().head.cache, CacheUse::Miss, "{user}");
    }
    assert_eq!(fake.calls().len(), 4);
    let settings = EngineSettings {
        cache: CacheSettings { share: CacheShare::Project, ..CacheSettings::default() },
        ..EngineSettings::default()
    };
    let shared = Bench::with(vec![model("a", "one")], vec![Arc::new(replying())], settings).await;
    for (user, project, expected) in [
        ("ada", Some("p"), CacheUse::Miss),
        ("eve", Some("p"), CacheUse::Hit),
        ("eve", Some("q"), CacheUse::Miss),
        ("ada", None, CacheUse::Miss),
        ("eve", None, CacheUse::Miss),
    ] {
        let told = shared.ask(of_user(user, project)).await.unwrap();
        assert_eq!(told.head.cache, expected, "{user} of {project:?}");
    }
}

#[tokio::test]
async fn what_a_caller_may_use_and_asks_for_is_part_of_the_key() {
    let (bench, fake) = bench(replying()).await;
    let mut limited = of_key(deterministic(), "k");
    limited.identity.caller.models = Some([ModelId::from("a")].into());
    let strict = with(of_key(deterministic(), "k"), |call| call.routing.strict = true);
    let falling_back = with(of_key(deterministic(), "k"), |call| call.routing.fallbacks = Some(vec!["b".into()]));
    for call in [of_key(deterministic(), "k"), limited, strict, falling_back] {
        assert_eq!(bench.ask(call).await.unwrap().head.cache, CacheUse::Miss);
    }
    assert_eq!(fake.calls().len(), 4);
}

#[tokio::test]
async fn a_panic_in_the_shared_call_ends_it_for_all_who_wait_and_frees_their_places() {
    // Another format than the client's, so that the leader has to read the request, which panics.
    let fake = FakeProvider::new("one", Dialect::Anthropic).always(FakeReply::text(&["hi"], usage()));
    let settings = EngineSettings { max_in_flight: 2, ..EngineSettings::default() };
    let bench = Bench::with(vec![model("a", "one")], vec![Arc::new(fake)], settings).await;
    let panics = |ended: &str| baton_tasks::panics().iter().find(|(task, _)| *task == ended).map_or(0, |(_, n)| *n);
    let before = panics("coalesce_leader");
    let call = || {
        let unreadable = content(r#"{"messages":"hello"}"#, Box::new(|_| panic!("on purpose")));
        Call { content: unreadable, ..deterministic() }
    };
    let (leading, following) = tokio::join!(bench.engine.serve(call()), bench.engine.serve(call()));
    for ended in [leading, following] {
        assert_eq!(ended.map(|_| ()).unwrap_err().code, Code::Internal);
    }
    assert_eq!(panics("coalesce_leader"), before + 1);
    // Both places are free again.
    let (one, other) = tokio::join!(bench.ask(chat("a")), bench.ask(chat("a")));
    assert!(one.is_ok() && other.is_ok());
}

#[tokio::test]
async fn a_time_beyond_the_clock_is_no_deadline() {
    let (bench, _) = bench(replying()).await;
    for call in [deterministic(), chat("a")] {
        let told = bench.ask(with(call, |call| call.routing.timeout = Some(Duration::MAX))).await.unwrap();
        assert_eq!(told.text, "<start>hi<usage><end>");
    }
}
