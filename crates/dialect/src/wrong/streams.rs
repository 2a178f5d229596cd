//! Streams of providers that break the rules, and what is made of them: nothing panics, nothing is billed twice, and
//! only what ended is complete.

use crate::framing::Framing;
use crate::testing::{codec, read_stream};
use baton_model::event::CollectedReply;
use baton_model::{Capability, Detail, Dialect, ReplyEvent};
use std::fmt::Write;

/// Frames of server-sent events, a line of data each.
fn sse(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

fn lines(data: &[&str]) -> String {
    data.iter().map(|data| format!("{data}\n")).collect()
}

fn openai() -> Vec<(&'static str, String)> {
    const NAMES: &str = r#"{"id":"r","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
    const TEXT: &str = r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;
    const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}"#;
    const CALL: &str = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#;
    const AGAIN: &str = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#;
    const ERROR: &str = r#"{"error":{"message":"overloaded","type":"server_error","code":503}}"#;
    vec![
        ("stops in the middle", sse(&[NAMES, TEXT])),
        // Complete all the same: some services send no `[DONE]`.
        ("stops before [DONE]", sse(&[NAMES, TEXT, STOP, USAGE])),
        // The second report replaces the first: added up, they would bill twice.
        ("usage twice", sse(&[NAMES, TEXT, STOP, USAGE, USAGE, "[DONE]"])),
        ("usage before the text", sse(&[NAMES, USAGE, TEXT, STOP, "[DONE]"])),
        ("the end before the text", sse(&[NAMES, STOP, TEXT, "[DONE]"])),
        ("the end twice", sse(&[NAMES, TEXT, STOP, STOP, "[DONE]", "[DONE]"])),
        // Two calls, because the numbers differ.
        ("an id twice", sse(&[NAMES, CALL, AGAIN, STOP, "[DONE]"])),
        (
            "arguments before the name",
            sse(&[
                NAMES,
                r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}"#,
                STOP,
                "[DONE]",
            ]),
        ),
        ("an error in the middle", sse(&[NAMES, TEXT, ERROR, TEXT, "[DONE]"])),
        ("an error at once", sse(&[ERROR])),
        ("no JSON", sse(&[NAMES, "{\"choices\":", "[DONE]"])),
        (
            "another answer that never ends",
            sse(&[NAMES, r#"{"choices":[{"index":1,"delta":{"content":"Or"}}]}"#, STOP]),
        ),
        (
            "negative numbers",
            sse(&[
                NAMES,
                TEXT,
                STOP,
                r#"{"choices":[],"usage":{"prompt_tokens":-3,"completion_tokens":1e99}}"#,
                "[DONE]",
            ]),
        ),
    ]
}

fn anthropic() -> Vec<(&'static str, String)> {
    const START: &str =
        r#"{"type":"message_start","message":{"id":"r","model":"m","usage":{"input_tokens":3,"output_tokens":1}}}"#;
    const BLOCK: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    const TEXT: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#;
    const CLOSE: &str = r#"{"type":"content_block_stop","index":0}"#;
    const DELTA: &str = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#;
    const STOP: &str = r#"{"type":"message_stop"}"#;
    const ERROR: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    const CALL: &str = r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}"#;
    const AGAIN: &str = r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}"#;
    vec![
        ("stops in the middle", sse(&[START, BLOCK, TEXT])),
        // Cut: unlike OpenAI's, this format always says its end.
        ("stops before message_stop", sse(&[START, BLOCK, TEXT, CLOSE, DELTA])),
        ("usage twice", sse(&[START, BLOCK, TEXT, CLOSE, DELTA, DELTA, STOP])),
        ("the start twice", sse(&[START, START, BLOCK, TEXT, CLOSE, DELTA, STOP])),
        ("a delta before its block", sse(&[START, TEXT, BLOCK, CLOSE, DELTA, STOP])),
        ("the end before the text", sse(&[START, DELTA, BLOCK, TEXT, STOP])),
        // Nothing behind the end counts.
        ("text after the end", sse(&[START, DELTA, STOP, BLOCK, TEXT])),
        ("blocks that never close", sse(&[START, BLOCK, TEXT, CALL, AGAIN, DELTA, STOP])),
        (
            "a call cut in the middle",
            sse(&[
                START,
                CALL,
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
            ]),
        ),
        ("an error in the middle", sse(&[START, BLOCK, TEXT, ERROR, TEXT, STOP])),
        ("an error at once", sse(&[ERROR])),
        ("an event of an unknown type", sse(&[START, r#"{"type":"surprise"}"#, BLOCK, TEXT, CLOSE, DELTA, STOP])),
        ("no JSON", sse(&[START, "{\"type\":", STOP])),
    ]
}

fn ollama() -> Vec<(&'static str, String)> {
    const TEXT: &str = r#"{"model":"m","created_at":"2026-11-23T14:29:08Z","message":{"role":"assistant","content":"Hi"},"done":false}"#;
    const CALL: &str = r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]},"done":false}"#;
    const DONE: &str = r#"{"model":"m","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"prompt_eval_count":3,"eval_count":5}"#;
    const ERROR: &str = r#"{"error":"the runner has stopped"}"#;
    vec![
        ("stops in the middle", lines(&[TEXT])),
        ("the end twice", lines(&[TEXT, DONE, DONE])),
        ("text after the end", lines(&[DONE, TEXT])),
        ("an id twice", lines(&[CALL, CALL, DONE])),
        ("an error in the middle", lines(&[TEXT, ERROR, TEXT, DONE])),
        ("an error at once", lines(&[ERROR])),
        ("no JSON", lines(&[TEXT, "{\"model\":", DONE])),
        ("blank lines", lines(&[TEXT, "", "", DONE])),
        ("negative numbers", lines(&[TEXT, r#"{"done":true,"prompt_eval_count":-3,"eval_count":2.5}"#])),
    ]
}

/// What is told of a stream, in short.
fn summarize(events: &[ReplyEvent]) -> String {
    let mut told: Vec<String> = Vec::new();
    for event in events {
        told.push(match event {
            ReplyEvent::Started(_) => "started".into(),
            ReplyEvent::Text { choice, text } => format!("text {choice} {text}"),
            ReplyEvent::ToolCall { index, id, name, .. } => format!("call {index} {id} {name}"),
            ReplyEvent::ToolArguments { index, fragment, .. } => format!("arguments {index} {fragment}"),
            ReplyEvent::Finished { choice, reason, .. } => format!("finished {choice} {reason:?}"),
            ReplyEvent::Usage(usage) => format!("usage {} {}", usage.input_tokens(), usage.output_tokens()),
            ReplyEvent::Failed(error) => format!("failed {:?} {}", error.kind, error.message),
            ReplyEvent::Ended => "ended".into(),
            other => format!("{other:?}"),
        });
    }
    told.join(", ")
}

#[test]
fn streams_that_break_the_rules_are_read_as_far_as_they_go() {
    let mut all = String::new();
    for (dialect, streams) in
        [(Dialect::OpenAi, openai()), (Dialect::Anthropic, anthropic()), (Dialect::Ollama, ollama())]
    {
        let chat = codec(dialect, Capability::Chat);
        for (what, stream) in streams {
            let read = |detail| read_stream(chat, Framing::of(dialect), detail, stream.as_bytes());
            let ((events, error), (facts, _)) = (read(Detail::Full), read(Detail::MeterOnly));
            let bill = |events: &[ReplyEvent]| {
                (CollectedReply::collect(events).usage.unwrap_or_default(), events.contains(&ReplyEvent::Ended))
            };
            assert_eq!(bill(&facts), bill(&events), "{dialect}, {what}: the bill, closely and by facts");
            let error = error.map(|error| format!(", refused: {error}")).unwrap_or_default();
            let _ = writeln!(all, "{dialect}, {what}: {}{error}", summarize(&events));
        }
    }
    insta::assert_snapshot!("streams", all);
}
