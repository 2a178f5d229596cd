//! Replies, whole and as streams.

use super::messages;
use crate::ReplyContext;
use crate::framing::Framing;
use crate::testing::{check_cuts, meter_events, read_stream, text_bytes};
use baton_model::chat::PartKind;
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent, ReplyStart};
use baton_model::fault::ErrorKind;
use baton_model::{Code, Detail, Dialect, PublicError, Usage, UsageClass};
use proptest::prelude::*;

const STREAMS: [&[u8]; 3] = [
    include_bytes!("../fixtures/llama-server/messages_stream.response.txt"),
    include_bytes!("../fixtures/llama-server/messages_tools_any_stream.response.txt"),
    include_bytes!("../fixtures/by-hand/everything_stream.response.txt"),
];

const REPLIES: [&[u8]; 3] = [
    include_bytes!("../fixtures/llama-server/messages.response.txt"),
    include_bytes!("../fixtures/llama-server/messages_tools_any.response.txt"),
    include_bytes!("../fixtures/by-hand/everything.response.txt"),
];

fn written(events: &[ReplyEvent]) -> Vec<u8> {
    let mut writer = messages().stream_writer(ReplyContext::default()).unwrap();
    events.iter().flat_map(|event| writer.push(event)).collect()
}

#[test]
fn streams_survive_every_cut_and_facts_agree() {
    for stream in STREAMS {
        let full = check_cuts(messages(), Framing::Sse, stream);
        // Replies that pass through are billed by what this reader sees.
        let (looked_over, error) = read_stream(messages(), Framing::Sse, Detail::MeterOnly, stream);
        assert_eq!(error, None);
        assert_eq!(meter_events(&looked_over), meter_events(&full));
        assert_eq!(text_bytes(&looked_over), text_bytes(&full));
    }
}

#[test]
fn a_stream_written_reads_back() {
    for stream in STREAMS {
        let (events, _) = read_stream(messages(), Framing::Sse, Detail::Full, stream);
        let (again, error) = read_stream(messages(), Framing::Sse, Detail::Full, &written(&events));
        assert_eq!((CollectedReply::collect(&again), error), (CollectedReply::collect(&events), None));
        let whole = messages().write_reply(&events, &ReplyContext::default()).unwrap();
        assert_eq!(
            CollectedReply::collect(&messages().read_reply(&whole.body).unwrap()),
            CollectedReply::collect(&events)
        );
    }
}

#[test]
fn whole_replies_read_and_write() {
    for body in REPLIES {
        let reply = CollectedReply::collect(&messages().read_reply(body).unwrap());
        assert!(reply.usage.is_some() && reply.choices.first().is_some_and(|choice| choice.finish.is_some()));
        let again = messages().write_reply(&reply.events(), &ReplyContext::default()).unwrap();
        assert_eq!(CollectedReply::collect(&messages().read_reply(&again.body).unwrap()), reply);
    }
    let by_hand: serde_json::Value = serde_json::from_slice(REPLIES[2]).unwrap();
    let again = messages().write_reply(&messages().read_reply(REPLIES[2]).unwrap(), &ReplyContext::default()).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&again.body).unwrap(), by_hand);
}

#[test]
fn everything_is_understood() {
    let (events, _) = read_stream(messages(), Framing::Sse, Detail::Full, STREAMS[2]);
    let reply = CollectedReply::collect(&events);
    let expected = [
        (UsageClass::Input, 12),
        (UsageClass::CacheRead, 100),
        (UsageClass::CacheWrite, 10),
        (UsageClass::CacheWrite1h, 20),
        (UsageClass::Output, 50),
        (UsageClass::Reasoning, 40),
        (UsageClass::WebSearches, 1),
    ];
    let usage = reply.usage.unwrap();
    assert_eq!(usage.nonzero().collect::<Vec<_>>(), expected);
    assert_eq!(usage.service_tier.as_deref(), Some("standard"));
    let choice = reply.choices.first().unwrap();
    assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
    let calls: Vec<_> = choice
        .parts
        .iter()
        .filter_map(|part| if let PartKind::ToolCall(call) = &part.kind { Some(call.arguments.as_str()) } else { None })
        .collect();
    assert_eq!(calls, [r#"{"city": "Paris"}"#, "{}"]);
    let searched = r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query": "x"}}"#;
    let is_search = |part: &PartKind| matches!(part, PartKind::Other { json, .. } if json.0 == searched);
    assert!(choice.parts.iter().any(|part| is_search(&part.kind)), "{:?}", choice.parts);
}

#[test]
fn an_error_ends_a_stream() {
    let stream = include_bytes!("../fixtures/by-hand/error_stream.response.txt");
    for detail in [Detail::Full, Detail::MeterOnly] {
        let (events, _) = read_stream(messages(), Framing::Sse, detail, stream);
        // It comes under status 200, so only its type tells that the provider is overloaded.
        assert!(matches!(events.last(), Some(ReplyEvent::Failed(error)) if error.kind == ErrorKind::Overloaded));
    }
    let failed = messages()
        .stream_writer(ReplyContext::default())
        .unwrap()
        .fail(&PublicError::new(Code::Overloaded, "later"), "r");
    let expected = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"later\"},\"request_id\":\"r\"}\n\n";
    assert_eq!(failed, expected);
}

/// The exact bytes, for a stream as OpenAI's comes: calls interleaved, usage behind the end.
#[test]
fn interleaved_calls_become_blocks_in_order() {
    let call =
        |index: u32, name: &str| ReplyEvent::ToolCall { choice: 0, index, id: format!("c{index}"), name: name.into() };
    let arguments =
        |index: u32, fragment: &str| ReplyEvent::ToolArguments { choice: 0, index, fragment: fragment.into() };
    let events = [
        ReplyEvent::Started(ReplyStart { id: Some("m".into()), ..ReplyStart::default() }),
        ReplyEvent::Text { choice: 0, text: "T".into() },
        call(0, "f"),
        arguments(0, "{\"x\""),
        call(1, "g"),
        arguments(1, "{}"),
        arguments(0, ":1}"),
        // Without arguments: `input` stays `{}`, and no delta comes, as from the vendor.
        call(2, "h"),
        ReplyEvent::Finished { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None },
        ReplyEvent::Usage(Usage::default().with(UsageClass::Input, 3).with(UsageClass::Output, 5)),
        ReplyEvent::Ended,
    ];
    let text = String::from_utf8(written(&events)).unwrap();
    let data: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let expected = [
        r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"T"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c0","name":"f","input":{}}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":":1}"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"c1","name":"g","input":{}}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"content_block_stop","index":2}"#,
        r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"c2","name":"h","input":{}}}"#,
        r#"{"type":"content_block_stop","index":3}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    assert_eq!(data, expected);
}

#[test]
fn anothers_stream_is_told_in_this_format() {
    let openai = crate::testing::codec(Dialect::OpenAi, baton_model::Capability::Chat);
    let stream = include_bytes!("../../openai/fixtures/llama-server/chat_tools_required_stream.response.txt");
    let (events, _) = read_stream(openai, Framing::Sse, Detail::Full, stream);
    let (again, error) = read_stream(messages(), Framing::Sse, Detail::Full, &written(&events));
    assert_eq!(error, None);
    assert_eq!(again.last(), Some(&ReplyEvent::Ended));
    let (before, after) = (CollectedReply::collect(&events), CollectedReply::collect(&again));
    assert_eq!(after.choices, before.choices);
    // The sum only: Anthropic's input excludes what the cache gave, OpenAI's includes it.
    assert_eq!(after.usage.unwrap().input_tokens(), before.usage.unwrap().input_tokens());
}

proptest! {
    #[test]
    fn readers_survive_anything(bytes: Vec<u8>, frame in r#"data: [{}\[\]",:a-z0-9]{0,40}\n\n"#) {
        let _ = (messages().read_request(&bytes), messages().read_reply(&bytes));
        for detail in [Detail::Full, Detail::MeterOnly] {
            let mut reader = messages().stream_reader(detail).unwrap();
            let _ = (reader.push(&bytes), reader.push(frame.as_bytes()), reader.finish());
        }
    }
}

#[test]
fn a_turn_that_paused_for_a_summary_goes_on_like_any_that_paused() {
    for word in ["pause_turn", "compaction"] {
        let body = format!(r#"{{"type":"message","role":"assistant","content":[],"stop_reason":"{word}"}}"#);
        let events = messages().read_reply(body.as_bytes()).unwrap();
        let paused = |event: &ReplyEvent| matches!(event, ReplyEvent::Finished { reason: FinishReason::Pause, .. });
        assert!(events.iter().any(paused), "{events:?}");
    }
}
