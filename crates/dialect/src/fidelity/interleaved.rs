//! Streams whose pieces come in any order: what a client puts together is what the provider said.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use crate::framing::Framing;
use crate::testing::read_stream;
use crate::{ReplyContext, codec};
use baton_model::chat::PartKind;
use baton_model::event::CollectedReply;
use baton_model::{Capability, Detail, Dialect, FinishReason, ReplyEvent};
use proptest::prelude::*;

/// The arguments of each call in four pieces; as different as JSON allows.
const ARGUMENTS: [[&str; 4]; 3] = [
    ["{\"q\":", "\"a", " } \\n", "b\"}"],
    ["{", "\"n\"", ":{\"m\":[1,{}]}", "}"],
    ["{\"s\":\"\\ud83d", "\\ude00", "\"", "}"],
];

/// Pieces of calls, of text and of reasoning, such that those of each call are in order.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    // 0 to 2: the next piece of that call. 3: text. 4: reasoning.
    let all = [vec![0; 4], vec![1; 4], vec![2; 4], vec![3; 3], vec![4; 2]].concat();
    Just(all).prop_shuffle()
}

fn events(order: &[usize]) -> Vec<ReplyEvent> {
    let mut events = Vec::new();
    let (mut begun, mut places): (Vec<usize>, _) = (Vec::new(), [0; 3]);
    for (number, piece) in order.iter().copied().enumerate() {
        match ARGUMENTS.get(piece) {
            Some(arguments) => {
                // Calls are numbered in the order in which they begin, as providers do.
                let index = begun.iter().position(|call| *call == piece).unwrap_or_else(|| {
                    begun.push(piece);
                    let index = begun.len() - 1;
                    let (id, name) = (format!("call_{piece}"), format!("tool_{piece}"));
                    events.push(ReplyEvent::ToolCall { choice: 0, index: index as u32, id, name });
                    index
                });
                let fragment = arguments[places[piece]].to_owned();
                places[piece] += 1;
                events.push(ReplyEvent::ToolArguments { choice: 0, index: index as u32, fragment });
            }
            None if piece == 3 => events.push(ReplyEvent::Text { choice: 0, text: format!("text{number}.") }),
            None => events.push(ReplyEvent::Reasoning { choice: 0, text: format!("thought{number}.") }),
        }
    }
    events.push(ReplyEvent::Finished { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None });
    events.push(ReplyEvent::Ended);
    events
}

/// Names and arguments of the calls, all text, all reasoning.
fn said(events: &[ReplyEvent]) -> (Vec<(String, serde_json::Value)>, String, String) {
    let reply = CollectedReply::collect(events);
    let (mut calls, mut text, mut reasoning) = (Vec::new(), String::new(), String::new());
    for part in reply.choices.iter().flat_map(|choice| &choice.parts) {
        match &part.kind {
            PartKind::ToolCall(call) => {
                calls.push((call.name.clone(), serde_json::from_str(&call.arguments).unwrap_or_default()));
            }
            PartKind::Text { text: piece, .. } => text.push_str(piece),
            PartKind::Reasoning(piece) => reasoning.push_str(&piece.text),
            _ => {}
        }
    }
    // Some formats order the calls by when they are complete.
    calls.sort_by(|one, other| one.0.cmp(&other.0));
    (calls, text, reasoning)
}

proptest! {
    #[test]
    fn every_stream_writer_keeps_what_is_interleaved(order in pieces()) {
        let events = events(&order);
        let expected = said(&events);
        prop_assert_eq!(expected.0.len(), 3);
        for dialect in [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic, Dialect::Ollama] {
            let codec = codec(dialect, Capability::Chat).unwrap();
            let mut writer = codec.stream_writer(ReplyContext::default()).unwrap();
            let bytes: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
            let (again, error) = read_stream(codec, Framing::of(dialect), Detail::Full, &bytes);
            prop_assert_eq!(error, None, "{:?}", dialect);
            prop_assert_eq!(said(&again), expected.clone(), "{:?}: {}", dialect, String::from_utf8_lossy(&bytes));
        }
    }
}
