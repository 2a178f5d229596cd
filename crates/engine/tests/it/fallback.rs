//! Which errors move on to which model, and what is recorded of that.

use crate::bench::{Bench, chat, falling_back, model, usage};
use baton_model::fault::ErrorKind;
use baton_model::record::Outcome;
use baton_model::{Code, Dialect, ModelId};
use baton_provider_api::ProviderError;
use baton_provider_api::fake::{FakeAct, FakeEnd, FakeProvider, FakeReply};
use std::sync::Arc;

fn fails(kind: ErrorKind) -> FakeAct {
    ProviderError::new(kind, "no").into()
}

async fn two(first: FakeProvider, second: FakeProvider) -> (Bench, Arc<FakeProvider>, Arc<FakeProvider>) {
    let (first, second) = (Arc::new(first), Arc::new(second));
    let models = vec![falling_back(model("a", "one"), &["b"]), model("b", "two")];
    let bench = Bench::new(models, vec![Arc::clone(&first), Arc::clone(&second)]).await;
    (bench, first, second)
}

#[tokio::test]
async fn each_kind_of_error_goes_where_it_may_help() {
    for (kind, calls_of_first, moves_on) in [
        // The caller's fault: every provider would say the same.
        (ErrorKind::InvalidRequest, 1, false),
        (ErrorKind::ContentFiltered, 1, false),
        // A retry at the same model is of no use; another may have a larger window, another account or a better day.
        (ErrorKind::TooLarge, 1, true),
        (ErrorKind::ContextLength, 1, true),
        (ErrorKind::Authentication, 1, true),
        (ErrorKind::Permission, 1, true),
        (ErrorKind::Billing, 1, true),
        (ErrorKind::NotFound, 1, true),
        (ErrorKind::Timeout, 1, true),
        (ErrorKind::Protocol, 1, true),
        // Passing troubles: tried once more, then moved on.
        (ErrorKind::RateLimited, 2, true),
        (ErrorKind::Overloaded, 2, true),
        (ErrorKind::Internal, 2, true),
        (ErrorKind::Unreachable, 2, true),
    ] {
        let (bench, first, second) = two(
            FakeProvider::new("one", Dialect::OpenAi).always(fails(kind)),
            FakeProvider::new("two", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())),
        )
        .await;
        let call = chat("a");
        let id = call.identity.id.clone();
        let told = bench.ask(call).await;
        assert_eq!(first.calls().len(), calls_of_first, "{kind:?}");
        assert_eq!(second.calls().len(), usize::from(moves_on), "{kind:?}");
        let record = bench.record(&id).await;
        assert_eq!(record.attempts.len(), calls_of_first + usize::from(moves_on), "{kind:?}");
        assert_eq!(record.attempts[0].error.as_ref().map(|error| error.kind), Some(kind));
        match told {
            Ok(told) => {
                assert!(moves_on, "{kind:?}");
                assert_eq!((told.model.as_str(), told.text.as_str()), ("b", "<start>hi<usage><end>"));
                assert_eq!(told.head.attempts, calls_of_first + 1);
                assert_eq!((record.outcome, record.served), (Outcome::Completed, Some(ModelId::from("b"))));
            }
            Err(error) => {
                assert!(!moves_on, "{kind:?}");
                assert_eq!((error.code, record.outcome), (kind.code(), Outcome::Failed));
                assert_eq!(record.status, kind.code().status());
            }
        }
    }
}

#[tokio::test]
async fn an_error_before_the_first_content_of_a_stream_still_falls_back_unseen() {
    let broken = ProviderError::new(ErrorKind::Overloaded, "overloaded after all");
    let (bench, _, _) = two(
        FakeProvider::new("one", Dialect::OpenAi)
            .always(FakeReply::text(&["never"], usage()).cut(1, FakeEnd::Fail(broken))),
        FakeProvider::new("two", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())),
    )
    .await;
    let told = bench.ask(chat("a")).await.unwrap();
    assert_eq!((told.text.as_str(), told.error), ("<start>hi<usage><end>", None));
}

#[tokio::test]
async fn an_error_after_the_first_content_is_told_inside_the_stream() {
    let broken = ProviderError::new(ErrorKind::Overloaded, "overloaded midway");
    let (bench, _, second) = two(
        FakeProvider::new("one", Dialect::OpenAi)
            .always(FakeReply::text(&["half", "never"], usage()).cut(2, FakeEnd::Fail(broken))),
        FakeProvider::new("two", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())),
    )
    .await;
    let call = chat("a");
    let id = call.identity.id.clone();
    let told = bench.ask(call).await.unwrap();
    assert_eq!(told.text, "<start>half");
    assert_eq!(told.error.map(|error| error.code), Some(Code::Overloaded));
    assert!(second.calls().is_empty());
    let record = bench.record(&id).await;
    assert_eq!((record.outcome, record.status), (Outcome::Failed, 200));
    assert_eq!(record.error.map(|error| error.code), Some(Code::Overloaded));
}

#[tokio::test]
async fn when_all_fail_the_caller_is_told_the_last_error() {
    let (bench, _, _) = two(
        FakeProvider::new("one", Dialect::OpenAi).always(fails(ErrorKind::NotFound)),
        FakeProvider::new("two", Dialect::OpenAi).always(fails(ErrorKind::Timeout)),
    )
    .await;
    let error = bench.ask(chat("a")).await.err().unwrap();
    assert_eq!(error.code, Code::RequestTimeout);
}

#[tokio::test]
async fn a_request_may_name_its_own_fallbacks() {
    let one = Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(fails(ErrorKind::Timeout)));
    let two = Arc::new(FakeProvider::new("two", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())));
    let models = vec![falling_back(model("a", "one"), &["b"]), model("b", "two"), model("c", "two")];
    let bench = Bench::new(models, vec![one, two]).await;
    let mut call = chat("a");
    call.routing.fallbacks = Some(vec!["nobody".into(), "c".into()]);
    assert_eq!(bench.ask(call).await.unwrap().model, "c");
    let mut call = chat("a");
    call.routing.fallbacks = Some(Vec::new());
    assert_eq!(bench.ask(call).await.err().unwrap().code, Code::RequestTimeout);
}

#[tokio::test]
async fn a_fallback_that_the_key_may_not_use_is_passed_over() {
    let (bench, _, second) = two(
        FakeProvider::new("one", Dialect::OpenAi).always(fails(ErrorKind::Timeout)),
        FakeProvider::new("two", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())),
    )
    .await;
    let mut call = chat("a");
    call.identity.caller.models = Some(Arc::from([ModelId::from("a")]));
    assert_eq!(bench.ask(call).await.err().unwrap().code, Code::RequestTimeout);
    assert!(second.calls().is_empty());
    let mut call = chat("b");
    call.identity.caller.models = Some(Arc::from([ModelId::from("a")]));
    let forbidden = bench.ask(call).await.err().unwrap();
    let mut call = chat("nobody");
    call.identity.caller.models = Some(Arc::from([ModelId::from("a")]));
    let unknown = bench.ask(call).await.err().unwrap();
    assert_eq!((forbidden.code, unknown.code), (Code::ModelNotFound, Code::ModelNotFound));
    // A model that the key may not use can't be told from one that does not exist.
    assert_eq!(forbidden.message.replace("`b`", "`nobody`"), unknown.message);
}

#[tokio::test]
async fn a_fallback_of_another_format_is_asked_in_its_own() {
    let (bench, first, second) = two(
        FakeProvider::new("one", Dialect::OpenAi).always(fails(ErrorKind::Timeout)),
        FakeProvider::new("two", Dialect::Anthropic).always(FakeReply::text(&["hi"], usage())),
    )
    .await;
    let told = bench.ask(chat("a")).await.unwrap();
    assert!(first.calls()[0].body.is_some() && first.calls()[0].operation.is_none());
    assert!(second.calls()[0].body.is_none() && second.calls()[0].operation.is_some());
    assert_eq!(told.head.dialect, Dialect::Anthropic);
}

#[tokio::test]
async fn a_model_that_keeps_failing_is_tried_last() {
    let (bench, first, second) = two(
        FakeProvider::new("one", Dialect::OpenAi).always(fails(ErrorKind::Timeout)),
        FakeProvider::new("two", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())),
    )
    .await;
    for _ in 0..6 {
        bench.ask(chat("a")).await.unwrap();
    }
    assert_eq!((first.calls().len(), second.calls().len()), (5, 6));
}

#[tokio::test]
async fn a_model_that_cannot_do_it_is_refused_with_those_that_can() {
    let fake = Arc::new(FakeProvider::new("one", Dialect::OpenAi));
    let mut embeds = model("embeds", "one");
    embeds.capabilities = vec![baton_model::Capability::Embedding];
    let bench = Bench::new(vec![embeds, model("chats", "one")], vec![fake]).await;
    let error = bench.ask(chat("embeds")).await.err().unwrap();
    assert_eq!(error.code, Code::InvalidRequest);
    assert_eq!(error.message, "model `embeds` does not support CHAT; these models do: chats");
}
