//! Whether a prompt fits, and what is said to the provider of that.

use crate::bench::{Bench, chat, content, conversation, falling_back, model, usage};
use baton_model::entity::Quirks;
use baton_model::{Code, Dialect, Model};
use baton_provider_api::fake::{FakeProvider, FakeReply};
use std::sync::Arc;

fn replying(name: &str) -> FakeProvider {
    FakeProvider::new(name, Dialect::OpenAi).always(FakeReply::text(&["hi"], usage()))
}

fn limited(limit: u64) -> Model {
    Model { token_limit: Some(limit), tokenizer: Some("o200k".into()), ..model("a", "one") }
}

/// A hundred words: a hundred tokens and a few for the form.
fn long() -> baton_engine::Content {
    content(
        &format!(r#"{{"messages":"{}"}}"#, "word ".repeat(100)),
        Box::new(|_| Ok(conversation(&"word ".repeat(100)))),
    )
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_refused_with_both_numbers_and_nobody_is_called() {
    let fake = Arc::new(replying("one"));
    let bench = Bench::new(vec![limited(50)], vec![Arc::clone(&fake)]).await;
    let mut call = chat("a");
    call.content = long();
    let error = bench.ask(call).await.err().unwrap();
    assert_eq!(error.code, Code::TokenLimitExceeded);
    let detail = |name| error.details.iter().find(|(n, _)| *n == name).map(|(_, value)| value.0.clone());
    assert_eq!(detail("token_limit").as_deref(), Some("50"));
    assert_eq!(detail("tokens").as_deref(), Some("108"));
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn a_limit_that_does_not_fit_is_lowered_with_a_warning() {
    let fake = Arc::new(replying("one"));
    let bench = Bench::new(vec![limited(200)], vec![Arc::clone(&fake)]).await;
    let mut call = chat("a");
    (call.content, call.options.max_output_tokens) = (long(), Some(150));
    let told = bench.ask(call).await.unwrap();
    assert_eq!(fake.calls()[0].max_output_tokens, Some(92));
    assert_eq!(told.head.warnings, ["max_tokens: lowered from 150 to 92, the rest of 200 tokens after the prompt"]);
}

#[tokio::test]
async fn the_largest_output_of_the_model_is_kept() {
    let fake = Arc::new(replying("one"));
    let bench = Bench::new(vec![Model { max_tokens: Some(20), ..limited(200) }], vec![Arc::clone(&fake)]).await;
    let mut call = chat("a");
    call.options.max_output_tokens = Some(21);
    bench.ask(call).await.unwrap();
    assert_eq!(fake.calls()[0].max_output_tokens, Some(20));
}

#[tokio::test]
async fn what_fits_is_sent_as_it_came() {
    let fake = Arc::new(replying("one"));
    let bench = Bench::new(vec![limited(200)], vec![Arc::clone(&fake)]).await;
    let mut call = chat("a");
    call.options.max_output_tokens = Some(30);
    let told = bench.ask(call).await.unwrap();
    // `None`: a limit in the target would make Baton rewrite the body, and the bytes must stay as they came.
    assert_eq!((fake.calls()[0].max_output_tokens, told.head.warnings.len()), (None, 0));
}

#[tokio::test]
async fn a_fallback_with_a_larger_window_takes_what_the_first_cannot() {
    let (one, two) = (Arc::new(replying("one")), Arc::new(replying("two")));
    let large = Model { token_limit: Some(100_000), ..model("b", "two") };
    let bench =
        Bench::new(vec![falling_back(limited(50), &["b"]), large], vec![Arc::clone(&one), Arc::clone(&two)]).await;
    let mut call = chat("a");
    call.content = long();
    assert_eq!(bench.ask(call).await.unwrap().model, "b");
    assert!(one.calls().is_empty());
}

#[tokio::test]
async fn a_doubtful_estimate_is_checked_with_the_provider() {
    // By estimate about 1.2 times 108; the provider counts 120, which fits, or 131, which does not.
    for (counted, fits) in [(120, true), (131, false)] {
        let fake = Arc::new(replying("one").counting(counted));
        let claude = Model { tokenizer: Some("claude".into()), ..limited(130) };
        let bench = Bench::new(vec![claude], vec![fake]).await;
        let mut call = chat("a");
        call.content = long();
        assert_eq!(bench.ask(call).await.map_err(|error| error.code).is_ok(), fits, "{counted}");
    }
}

#[tokio::test]
async fn a_strict_request_is_refused_where_its_limit_would_be_lowered() {
    let fake = Arc::new(replying("one"));
    let model = Model { max_tokens: Some(1000), ..model("a", "one") };
    let quirks = Quirks { strict: Some(true), ..Quirks::default() };
    let strict = Model { quirks, max_tokens: Some(1000), ..crate::bench::model("b", "one") };
    let bench = Bench::new(vec![model, strict], vec![Arc::clone(&fake)]).await;
    for (model, strict) in [("a", true), ("b", false)] {
        let mut call = chat(model);
        (call.options.max_output_tokens, call.routing.strict) = (Some(4096), strict);
        let error = bench.ask(call).await.err().unwrap();
        assert_eq!(error.code, Code::InvalidRequest);
        assert!(error.message.contains("max_tokens: lowered from 4096 to 1000"), "{error:?}");
    }
    assert!(fake.calls().is_empty());
}
