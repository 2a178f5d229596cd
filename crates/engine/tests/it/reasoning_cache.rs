//! Reasoning that a client's format has no place for comes back with the results of the calls it led to.

#![expect(clippy::panic, reason = "tests")]

use crate::bench::{Bench, chat, content, model, of_key};
use baton_engine::Call;
use baton_model::chat::{
    ChatRequest, Message, MessageRole, Part, PartKind, Reasoning, ReasoningOptions, ToolCall, ToolResult,
};
use baton_model::entity::{Quirks, ReasoningStyle};
use baton_model::event::{FinishReason, ReplyEvent};
use baton_model::{Dialect, Operation};
use baton_provider_api::fake::{FakeProvider, FakeReply};
use baton_provider_api::{Frame, ReplyForm};
use std::sync::Arc;

/// Reasoning, a call, more reasoning, another call.
fn with_reasoning() -> FakeReply {
    let call = |index: u32, id: &str| ReplyEvent::ToolCall { choice: 0, index, id: id.into(), name: "look".into() };
    let events = [
        ReplyEvent::Reasoning { choice: 0, text: "First ".into() },
        ReplyEvent::Reasoning { choice: 0, text: "here.".into() },
        ReplyEvent::ReasoningSignature { choice: 0, signature: "s1".into() },
        ReplyEvent::RedactedReasoning { choice: 0, data: "r1".into() },
        ReplyEvent::Text { choice: 0, text: "Looking.".into() },
        call(0, "call_a"),
        ReplyEvent::ToolArguments { choice: 0, index: 0, fragment: r#"{"b": [1, {"d":2,"c":1}],"#.into() },
        ReplyEvent::ToolArguments { choice: 0, index: 0, fragment: r#""a": 1.50}"#.into() },
        ReplyEvent::Reasoning { choice: 0, text: "Then there.".into() },
        ReplyEvent::ReasoningSignature { choice: 0, signature: "s2".into() },
        call(1, "call_b"),
        ReplyEvent::Finished { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None },
        ReplyEvent::Ended,
    ];
    FakeReply::new(
        events.into_iter().map(|event| Frame { bytes: "x".into(), hidden: false, events: vec![event] }).collect(),
    )
}

/// The next turn, as a client sends it that dropped all reasoning.
fn results(id_a: &'static str) -> ChatRequest {
    let call = |id: &str| {
        // The arguments come back in another order and spelling than the model wrote them: clients parse and print
        // them.
        let arguments = if id == "call_b" { "{}" } else { r#"{"a":1.5,"b":[1,{"c":1,"d":2}]}"# };
        Part::from(PartKind::ToolCall(ToolCall { id: id.into(), name: "look".into(), arguments: arguments.into() }))
    };
    let result = |id: &str| Message {
        role: MessageRole::Tool,
        name: None,
        parts: vec![
            PartKind::ToolResult(ToolResult {
                call_id: id.into(),
                parts: vec![Part::text("x")],
                ..ToolResult::default()
            })
            .into(),
        ],
    };
    let messages = vec![
        Message { role: MessageRole::User, name: None, parts: vec![Part::text("Look around.")] },
        Message {
            role: MessageRole::Assistant,
            name: None,
            parts: vec![Part::text("Looking."), call(id_a), call("call_b")],
        },
        result(id_a),
        result("call_b"),
    ];
    ChatRequest {
        messages,
        reasoning: Some(ReasoningOptions { budget: Some(2048), ..Default::default() }),
        ..ChatRequest::default()
    }
}

fn going_on(request: fn() -> ChatRequest) -> Call {
    let read = Box::new(move |_: &[u8]| Ok(Operation::Chat(Box::new(request()))));
    Call { content: content(r#"{"messages":[]}"#, read), ..chat("claude") }
}

/// The turn with the calls, as the provider got it last; and whether it was asked to think.
fn last_request(fake: &FakeProvider) -> (Vec<String>, bool) {
    let calls = fake.calls();
    let Some(Operation::Chat(request)) = &calls.last().unwrap().operation else { panic!("not translated") };
    let parts = request.messages.iter().find(|message| message.role == MessageRole::Assistant).unwrap().parts.iter();
    let said = parts.map(|part| match &part.kind {
        PartKind::Reasoning(Reasoning { text, signature, redacted, .. }) => {
            format!("{text}|{}", signature.as_deref().or(redacted.as_deref()).unwrap_or("no proof"))
        }
        PartKind::ToolCall(call) => call.id.clone(),
        PartKind::Text { text, .. } => text.clone(),
        other => panic!("{other:?}"),
    });
    (said.collect(), request.reasoning.is_some())
}

async fn bench(style: ReasoningStyle) -> (Bench, Arc<FakeProvider>) {
    let fake = Arc::new(FakeProvider::new("anthropic", Dialect::Anthropic).always(with_reasoning()));
    let claude =
        baton_model::Model { quirks: Quirks { reasoning: style, ..Quirks::default() }, ..model("claude", "anthropic") };
    (Bench::new(vec![claude], vec![Arc::clone(&fake)]).await, fake)
}

#[tokio::test]
async fn reasoning_comes_back_with_the_results_of_their_calls() {
    let (bench, fake) = bench(ReasoningStyle::Budget).await;
    bench.ask(of_key(chat("claude"), "key_1")).await.unwrap();
    bench.ask(of_key(going_on(|| results("call_a")), "key_1")).await.unwrap();
    let expected = ["First here.|s1", "|r1", "Looking.", "call_a", "Then there.|s2", "call_b"];
    assert_eq!(last_request(&fake), (expected.map(str::to_owned).to_vec(), true));
}

#[tokio::test]
async fn reasoning_goes_back_to_its_caller_alone() {
    let (bench, fake) = bench(ReasoningStyle::Budget).await;
    bench.ask(of_key(chat("claude"), "key_1")).await.unwrap();
    let told = bench.ask(of_key(going_on(|| results("call_a")), "key_2")).await.unwrap();
    let bare = ["Looking.", "call_a", "call_b"].map(str::to_owned).to_vec();
    assert_eq!(
        last_request(&fake),
        (bare, false),
        "a model with a budget is not asked to think on without its thoughts"
    );
    assert!(told.head.warnings.iter().any(|warning| warning.starts_with("reasoning: ")), "{:?}", told.head.warnings);
}

#[tokio::test]
async fn a_model_that_adapts_thinks_on_without_its_reasoning() {
    let (bench, fake) = bench(ReasoningStyle::Adaptive).await;
    bench.ask(going_on(|| results("call_a"))).await.unwrap();
    assert!(last_request(&fake).1);
}

#[tokio::test]
async fn whole_replies_are_remembered_too() {
    let (bench, fake) = bench(ReasoningStyle::Budget).await;
    let mut first = chat("claude");
    first.options.form = ReplyForm::Whole;
    bench.ask(first).await.unwrap();
    bench.ask(going_on(|| results("call_a"))).await.unwrap();
    assert_eq!(last_request(&fake).0.len(), 6);
}

#[tokio::test]
async fn calls_are_known_by_what_they_ask_where_their_ids_are_lost() {
    let (bench, fake) = bench(ReasoningStyle::Budget).await;
    bench.ask(chat("claude")).await.unwrap();
    bench.ask(going_on(|| results("minted_anew"))).await.unwrap();
    assert_eq!(last_request(&fake).0.first().map(String::as_str), Some("First here.|s1"));
}

#[tokio::test]
async fn what_was_kept_stands_in_place_of_what_a_client_kept_of_it() {
    let (bench, fake) = bench(ReasoningStyle::Budget).await;
    bench.ask(chat("claude")).await.unwrap();
    let piece = || {
        let mut request = results("call_a");
        let reasoning_part = Reasoning { text: "here.".into(), signature: Some("s1".into()), ..Reasoning::default() };
        request.messages[1].parts.insert(0, PartKind::Reasoning(reasoning_part).into());
        request
    };
    bench.ask(going_on(piece)).await.unwrap();
    assert_eq!(last_request(&fake).0.first().map(String::as_str), Some("First here.|s1"));
    assert_eq!(last_request(&fake).0.len(), 6);
}
