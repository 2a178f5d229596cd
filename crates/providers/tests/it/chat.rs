//! Chats: whole and as a stream, exact and translated.

use crate::setup::{KINDS, Pair, TestRequest, collect, visible};
use baton_dialect::codec;
use baton_model::chat::PartKind;
use baton_model::event::CollectedReply;
use baton_model::fault::ErrorKind;
use baton_model::{Capability, Detail, FinishReason, ReplyEvent, UsageClass};
use baton_provider_api::{Frame, Recording, ReplyForm};
use baton_sim::{Kind, SimFault};
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::json;

fn text(reply: &CollectedReply) -> String {
    let parts = reply.choices[0].parts.iter();
    parts
        .filter_map(|part| if let PartKind::Text { text, .. } = &part.kind { Some(text.as_str()) } else { None })
        .collect()
}

fn whole_reply(model: &str, asked: &str) -> String {
    format!("You said: {asked} I am {model}, a simulated model, and this is my answer.")
}

#[tokio::test]
async fn a_question_is_answered_whole_and_as_a_stream() {
    for (kind, model, dialect) in KINDS.iter().copied() {
        let pair = Pair::new(kind).await;
        for ask in [TestRequest::chat(model, "Good morning!"), TestRequest::chat(model, "Good morning!").stream()] {
            let form = ask.form;
            let (exchange, frames) = pair.ask(ask).await.unwrap();
            assert_eq!((exchange.dialect, exchange.form), (dialect, form), "{kind:?}");
            let reply = collect(&frames);
            assert_eq!(text(&reply), whole_reply(model, "Good morning!"), "{kind:?} {form:?}");
            assert_eq!(reply.choices[0].finish, Some(FinishReason::Stop), "{kind:?} {form:?}");
            assert_eq!(frames.last().unwrap().events.last(), Some(&ReplyEvent::Ended), "{kind:?} {form:?}");
            let usage = reply.usage.unwrap();
            let billed = *pair.sim.billed_tokens().last().unwrap();
            assert_eq!(usage.get(UsageClass::Input), billed.input, "{kind:?} {form:?}");
            assert_eq!(usage.get(UsageClass::Output), billed.output, "{kind:?} {form:?}");
            // The same question costs the same everywhere: what is metered does not depend on the format.
            assert_eq!((billed.input, billed.output), (6, 15), "{kind:?} {form:?}");
        }
        assert_eq!(pair.sim.requests()[0].json()["model"], model);
        assert!(pair.sim.requests().iter().all(|seen| seen.complete && !seen.disconnected), "{kind:?}");
    }
}

#[tokio::test]
async fn a_stream_where_a_whole_reply_was_requested_is_put_together() {
    for (kind, model, dialect) in KINDS.iter().copied() {
        for ask in [TestRequest::chat(model, "Good morning!"), TestRequest::chat(model, "Good morning!").exact()] {
            let pair = Pair::new(kind).await;
            pair.sim.always(Some(SimFault::AlwaysStream));
            let (exchange, frames) = pair.ask(ask).await.unwrap();
            assert_eq!((exchange.form, exchange.dialect), (ReplyForm::Whole, dialect), "{kind:?}");
            assert!(exchange.content_type.starts_with("application/json") || kind == Kind::Ollama, "{kind:?}");
            assert_eq!(text(&collect(&frames)), whole_reply(model, "Good morning!"), "{kind:?}");
            // What the client gets is one reply of the format, and says the same.
            let whole = codec(dialect, Capability::Chat).unwrap().read_reply(&frames[0].bytes).unwrap();
            let whole = [Frame { events: whole, ..Frame::default() }];
            assert_eq!(text(&collect(&whole)), whole_reply(model, "Good morning!"), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn bytes_of_the_same_format_pass_unchanged() {
    let pair = Pair::new(Kind::OpenAi).await;
    let ask = TestRequest::chat("gpt-4o", "Good morning!").with("seed", json!(7)).stream().exact();
    let (exchange, frames) = pair.ask(ask).await.unwrap();

    let sent = pair.sim.requests()[0].clone();
    let text = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(
        text.starts_with(r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Good morning!"}],"seed":7"#),
        "{text}"
    );
    assert_eq!(sent.json()["stream_options"]["include_usage"], true);

    assert!(exchange.hide_usage);
    let hidden: Vec<_> = frames.iter().filter(|frame| frame.hidden).collect();
    assert_eq!(hidden.len(), 1, "the usage that only Baton asked for");
    let shown = visible(&frames);
    // The client did not ask for usage, so it must not see a chunk that its SDK does not expect.
    assert!(!shown.contains("\"prompt_tokens\""), "{shown}");
    assert!(shown.ends_with("data: [DONE]\n\n"), "{shown}");
    assert_eq!(collect(&frames).usage.unwrap().get(UsageClass::Output), 15);
}

#[tokio::test]
async fn anthropic_bytes_pass_unchanged() {
    let pair = Pair::new(Kind::Anthropic).await;
    let ask = TestRequest::chat("claude-sonnet-4-5", "Good morning!").with("max_tokens", json!(99)).stream().exact();
    let (_, frames) = pair.ask(ask).await.unwrap();
    let sent = pair.sim.requests()[0].json();
    assert_eq!((&sent["model"], &sent["max_tokens"]), (&json!("claude-sonnet-4-5"), &json!(99)));
    let shown = visible(&frames);
    assert!(
        shown.starts_with("event: message_start\n") && shown.ends_with("data: {\"type\":\"message_stop\"}\n\n"),
        "{shown}"
    );
    assert_eq!(collect(&frames).usage.unwrap().get(UsageClass::Output), 15);
}

#[tokio::test]
async fn tools_are_called_in_parallel_and_their_results_understood() {
    let weather = json!([{ "type": "function", "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] },
    } }]);
    for (kind, model, _) in KINDS.iter().copied() {
        let pair = Pair::new(kind).await;
        for stream in [false, true] {
            let ask = TestRequest::chat(model, "What is the weather in Paris and Oslo?").with("tools", weather.clone());
            let (_, frames) = pair.ask(if stream { ask.stream() } else { ask }).await.unwrap();
            let reply = collect(&frames);
            assert_eq!(reply.choices[0].finish, Some(FinishReason::ToolCalls), "{kind:?}");
            let calls = reply.choices[0].parts.iter().filter_map(|part| match &part.kind {
                PartKind::ToolCall(call) => Some(call.clone()),
                _ => None,
            });
            let calls: Vec<_> = calls.collect();
            let said: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.arguments.replace(' ', ""))).collect();
            let expected =
                [("get_weather", r#"{"city":"Paris"}"#.into()), ("get_weather", r#"{"city":"Oslo"}"#.into())];
            assert_eq!(said, expected, "{kind:?} {stream}");

            let called = calls.iter().map(|call| {
                json!({
                    "id": call.id, "type": "function", "function": { "name": call.name, "arguments": call.arguments },
                })
            });
            let called: Vec<_> = called.collect();
            let messages = json!([
                { "role": "user", "content": "What is the weather in Paris and Oslo?" },
                { "role": "assistant", "content": null, "tool_calls": called },
                { "role": "tool", "tool_call_id": calls[0].id, "content": "sunny" },
                { "role": "tool", "tool_call_id": calls[1].id, "content": "snow" },
            ]);
            // The ids that the first reply gave, sent back: for Ollama, which has none, they were made up by the
            // reader.
            let ask = TestRequest::chat(model, "").with("messages", messages).with("tools", weather.clone());
            let (_, frames) = pair.ask(ask).await.unwrap();
            assert_eq!(text(&collect(&frames)), "Here is what I found: sunny; snow", "{kind:?} {stream}");
        }
    }
}

#[tokio::test]
async fn an_answer_stops_at_the_limit() {
    for (kind, model, _) in KINDS.iter().copied() {
        let pair = Pair::new(kind).await;
        let ask = TestRequest::chat(model, "Say 50 words").with("max_tokens", json!(3)).stream();
        let (_, frames) = pair.ask(ask).await.unwrap();
        let reply = collect(&frames);
        assert_eq!(
            (text(&reply).as_str(), &reply.choices[0].finish),
            ("word1 word2 word3", &Some(FinishReason::Length)),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_fits_its_schema() {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "days": { "type": "integer" } },
        "required": ["city", "days"],
        "additionalProperties": false,
    });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "trip", "schema": schema, "strict": true } });
    for (kind, model, _) in KINDS.iter().copied() {
        let pair = Pair::new(kind).await;
        let (_, frames) =
            pair.ask(TestRequest::chat(model, "Plan").with("response_format", format.clone())).await.unwrap();
        let said: serde_json::Value = serde_json::from_str(&text(&collect(&frames))).unwrap();
        assert_eq!(said, json!({ "city": "simulated", "days": 1 }), "{kind:?}");
    }
}

#[tokio::test]
async fn a_recording_says_the_same_again() {
    for (kind, model, dialect) in KINDS.iter().copied() {
        let pair = Pair::new(kind).await;
        for ask in [TestRequest::chat(model, "Again"), TestRequest::chat(model, "Again").stream()] {
            let capability = ask.capability;
            let (exchange, frames) = pair.ask(ask).await.unwrap();
            let recording = Recording {
                dialect,
                capability,
                form: exchange.form,
                content_type: exchange.content_type.clone(),
                hide_usage: exchange.hide_usage,
                body: Bytes::from(frames.iter().flat_map(|frame| frame.bytes.to_vec()).collect::<Vec<_>>()),
            };
            let replay = pair.provider.replay(&recording, Detail::Full).unwrap();
            let again: Vec<_> = replay.frames.map(Result::unwrap).collect().await;
            assert_eq!(collect(&again), collect(&frames), "{kind:?} {:?}", exchange.form);
        }
    }
}

#[tokio::test]
async fn a_dropped_reply_ends_the_call() {
    for (kind, model, _) in KINDS.iter().copied() {
        let pair = Pair::with(kind, |options| options.model("hang-mid-stream"), |_| {}).await;
        let mut exchange = pair.open(TestRequest::chat("hang-mid-stream", model).stream()).await.unwrap();
        assert_eq!(exchange.form, ReplyForm::Stream);
        while let Some(Ok(frame)) = exchange.frames.next().await {
            if frame.events.iter().any(ReplyEvent::is_content) {
                break;
            }
        }
        drop(exchange);
        // The vendor notices when its side of the connection closes; there is no event to wait for but that.
        while !pair.sim.requests()[0].disconnected {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_strict_request_is_refused_where_something_of_it_cannot_be_said() {
    let pair = Pair::new(Kind::Anthropic).await;
    let body =
        json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello" }], "seed": 7, "max_tokens": 9 });
    let ask = |strict| TestRequest { strict, ..TestRequest::of("claude-sonnet-4-5", Capability::Chat, body.clone()) };
    let refused = pair.ask(ask(true)).await.err().unwrap();
    assert_eq!((refused.kind, refused.param.as_deref()), (ErrorKind::InvalidRequest, Some("seed")), "{refused}");
    let (exchange, _) = pair.ask(ask(false)).await.unwrap();
    assert!(exchange.dropped.iter().any(|dropped| dropped.starts_with("seed: ")), "{:?}", exchange.dropped);
}
