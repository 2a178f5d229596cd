//! Every format's requests and replies in every other format: what a writer does not list as dropped must arrive.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::fidelity::find_lost;
use crate::framing::Framing;
use crate::testing::{chat_request, codec, read_stream, target};
use crate::{Codec, Dropped, ReplyContext};
use baton_model::chat::{ChatRequest, PartKind};
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent, ReplyStart};
use baton_model::{Capability, Detail, Dialect, Operation, Quirks, Usage, UsageClass};
use proptest::prelude::*;

/// The formats of chats.
const CHATS: [Dialect; 4] = Dialect::ALL;

fn chat(dialect: Dialect) -> &'static dyn Codec {
    codec(dialect, Capability::Chat)
}

/// Writes a request in a format and reads it there.
fn write_and_read(dialect: Dialect, request: &ChatRequest) -> (ChatRequest, Vec<Dropped>) {
    let operation = Operation::Chat(Box::new(request.clone()));
    let written = chat(dialect).write_request(&operation, &target(Quirks::default())).unwrap();
    match chat(dialect).read_request(&written.body) {
        Ok(Operation::Chat(request)) => (*request, written.dropped),
        other => panic!("{other:?} of {written:?}"),
    }
}

fn same_json(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text).unwrap().to_string()
}

/// Replies as a provider makes them: (of which format, its stream).
const STREAMS: [(Dialect, &[u8]); 7] = [
    (Dialect::OpenAi, include_bytes!("openai/fixtures/llama-server/chat_tools_required_stream.response.txt")),
    (Dialect::OpenAi, include_bytes!("openai/fixtures/ollama/v1_chat_stream.response.txt")),
    (Dialect::Anthropic, include_bytes!("anthropic/fixtures/llama-server/messages_stream.response.txt")),
    (Dialect::Anthropic, include_bytes!("anthropic/fixtures/llama-server/messages_tools_any_stream.response.txt")),
    (Dialect::Anthropic, include_bytes!("anthropic/fixtures/by-hand/everything_stream.response.txt")),
    (Dialect::Ollama, include_bytes!("ollama/fixtures/recorded/chat_think_stream.response.txt")),
    (Dialect::Ollama, include_bytes!("ollama/fixtures/by-hand/chat_tools_ids_stream.response.txt")),
];

/// What every format can say of a reply.
#[derive(Debug, Default, PartialEq)]
struct ReplyContents {
    text: String,
    reasoning: String,
    /// Id, name, arguments.
    calls: Vec<(String, String, String)>,
    finish: Option<FinishReason>,
    /// Tokens read and produced.
    tokens: (u64, u64),
}

fn collect_contents(events: &[ReplyEvent]) -> ReplyContents {
    let reply = CollectedReply::collect(events);
    let usage = reply.usage.unwrap_or_default();
    let choice = reply.choices.first().unwrap();
    let finish = choice.finish.clone().map(|finish| match finish {
        // OpenAI and Ollama have one word for both.
        FinishReason::StopSequence => FinishReason::Stop,
        other => other,
    });
    let tokens = (usage.input_tokens(), usage.output_tokens());
    let mut contents = ReplyContents { finish, tokens, ..ReplyContents::default() };
    for part in &choice.parts {
        match &part.kind {
            PartKind::Text { text, .. } => contents.text.push_str(text),
            PartKind::Reasoning(reasoning) => contents.reasoning.push_str(&reasoning.text),
            PartKind::ToolCall(call) => {
                let arguments = same_json(&call.arguments);
                contents.calls.push((call.id.clone(), call.name.clone(), arguments));
            }
            _ => {}
        }
    }
    contents
}

#[test]
fn answers_say_the_same_in_every_format() {
    for (from, stream) in STREAMS {
        let (events, error) = read_stream(chat(from), Framing::of(from), Detail::Full, stream);
        assert_eq!(error, None);
        for to in CHATS {
            let context =
                ReplyContext { id: "id".into(), model: "m".into(), include_usage: true, ..ReplyContext::default() };
            let mut writer = chat(to).stream_writer(context.clone()).unwrap();
            let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
            let (again, error) = read_stream(chat(to), Framing::of(to), Detail::Full, &written);
            assert_eq!(
                (collect_contents(&again), error),
                (collect_contents(&events), None),
                "streamed from {from} to {to}"
            );
            assert_eq!(again.last(), Some(&ReplyEvent::Ended), "from {from} to {to}");
            let whole = chat(to).write_reply(&events, &context).unwrap();
            let whole = chat(to).read_reply(&whole.body).unwrap();
            assert_eq!(collect_contents(&whole), collect_contents(&events), "whole from {from} to {to}");
        }
    }
}

/// Fragments of parallel calls may come interleaved (OpenAI); formats that can't say so hold them.
#[test]
fn interleaved_calls_arrive_whole() {
    let call = |index, id: &str| ReplyEvent::ToolCall { choice: 0, index, id: id.into(), name: "f".into() };
    let arguments = |index, text: &str| ReplyEvent::ToolArguments { choice: 0, index, fragment: text.into() };
    let events = [
        ReplyEvent::Started(ReplyStart { id: Some("r".into()), model: Some("m".into()), ..ReplyStart::default() }),
        ReplyEvent::Text { choice: 0, text: "Both.".into() },
        call(0, "a"),
        call(1, "b"),
        arguments(0, "{\"x\""),
        arguments(1, "{\"y\":"),
        arguments(0, ":1}"),
        arguments(1, "2}"),
        ReplyEvent::Finished { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None },
        ReplyEvent::Usage(Usage::default().with(UsageClass::Input, 3).with(UsageClass::Output, 5)),
        ReplyEvent::Ended,
    ];
    for to in CHATS {
        let mut writer =
            chat(to).stream_writer(ReplyContext { include_usage: true, ..ReplyContext::default() }).unwrap();
        let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
        let (again, error) = read_stream(chat(to), Framing::of(to), Detail::Full, &written);
        assert_eq!((collect_contents(&again), error), (collect_contents(&events), None), "{to}");
    }
}

proptest! {
    #[test]
    fn what_is_not_listed_arrives(request in chat_request()) {
        for from in CHATS {
            let (asked, dropped) = write_and_read(from, &request);
            prop_assert_eq!(find_lost(&request, &asked, from, &dropped), [], "to {}; listed: {:?}", from, dropped);
            for to in CHATS {
                let (arrived, dropped) = write_and_read(to, &asked);
                prop_assert_eq!(find_lost(&asked, &arrived, to, &dropped), [], "from {} to {}; listed: {:?}", from, to, dropped);
            }
        }
    }

    #[test]
    fn any_events_can_be_written(texts in prop::collection::vec(any::<String>(), 0..4), arguments: String, choice in 0_u32..2) {
        let mut events: Vec<ReplyEvent> = texts.into_iter().map(|text| ReplyEvent::Text { choice, text }).collect();
        // Arguments of no call, and a call without id and name: readers of broken streams may tell both.
        events.push(ReplyEvent::ToolArguments { choice, index: 3, fragment: arguments.clone() });
        events.push(ReplyEvent::ToolCall { choice, index: 1, id: String::new(), name: String::new() });
        events.push(ReplyEvent::ToolArguments { choice, index: 1, fragment: arguments });
        events.push(ReplyEvent::Ended);
        for to in CHATS {
            let mut writer = chat(to).stream_writer(ReplyContext::default()).unwrap();
            let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
            let (_, error) = read_stream(chat(to), Framing::of(to), Detail::Full, &written);
            prop_assert_eq!(error, None);
            prop_assert!(chat(to).read_reply(&chat(to).write_reply(&events, &ReplyContext::default()).unwrap().body).is_ok());
        }
    }
}
