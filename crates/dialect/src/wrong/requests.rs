//! Wrong requests, and the exact error that an SDK of that format gets.
//!
//! Where the provider speaks the client's format, it judges what only it can (is that image an image?), and its own
//! error is forwarded. Here stands what Baton itself refuses, before anyone is called: "accepted" is left to the
//! provider.
#![expect(clippy::panic, reason = "tests")]

use crate::framing::splice;
use crate::peek::{check, peek};
use crate::{ReadError, error};
use baton_model::{Capability, Dialect, PublicError};
use bytes::Bytes;
use std::fmt::Write;

/// A conversation with one word, in every format.
const HELLO: &str = r#"{"role":"user","content":"hi"}"#;

/// A request: of which format, and what it says beside the model.
fn request(messages: &str, rest: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":9,"messages":{messages}{rest}}}"#)
}

fn hello(rest: &str) -> String {
    request(&format!("[{HELLO}]"), rest)
}

/// What is wrong with a request, and the request in each format.
fn wrong(dialect: Dialect) -> Vec<(&'static str, String)> {
    if dialect == Dialect::Responses {
        return wrong_response();
    }
    let deep = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let tool = match dialect {
        Dialect::Anthropic => r#"{"name":"f","input_schema":{"type":"object"}}"#,
        _ => r#"{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}"#,
    };
    let tools = vec![tool; 10_000].join(",");
    let mut all = vec![
        ("nothing", String::new()),
        ("cut", r#"{"model":"m","messages":[{"role""#.into()),
        ("no object", "[1]".into()),
        ("no messages", r#"{"model":"m"}"#.into()),
        ("empty messages", request("[]", "")),
        ("messages of another type", request("\"hi\"", "")),
        ("an unknown role", request(r#"[{"role":"wizard","content":"hi"}]"#, "")),
        ("no role", request(r#"[{"content":"hi"}]"#, "")),
        ("content of another type", request(r#"[{"role":"user","content":7}]"#, "")),
        ("a role of another type", request(r#"[{"role":["user"],"content":"hi"}]"#, "")),
        ("a stream that is no yes or no", hello(r#","stream":"yes""#)),
        ("10,000 tools", hello(&format!(r#","tools":[{tools}]"#))),
        // On both sides of the bound of 128, which keeps recursion over a request off the end of the stack.
        ("200 levels", hello(&format!(r#","metadata":{{"x":{}}}"#, deep(200)))),
        ("100 levels", hello(&format!(r#","metadata":{{"x":{}}}"#, deep(100)))),
        ("a null character", request(r#"[{"role":"user","content":"a\u0000b"}]"#, "")),
        ("a lone surrogate", request(r#"[{"role":"user","content":"a\ud800b"}]"#, "")),
        ("a duplicate key", r#"{"model":"m","model":"n","messages":[{"role":"user","content":"hi"}]}"#.into()),
        (
            "a duplicate key, escaped",
            r#"{"model":"m","\u006dodel":"n","messages":[{"role":"user","content":"hi"}]}"#.into(),
        ),
        ("tools of another type", hello(r#","tools":{}"#)),
    ];
    all.extend(of_format(dialect));
    all
}

/// What is wrong with a response, whose format has items for messages.
fn wrong_response() -> Vec<(&'static str, String)> {
    let response = |input: &str, rest: &str| format!(r#"{{"model":"m","input":{input}{rest}}}"#);
    let hi = |rest: &str| response("\"hi\"", rest);
    let deep = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let tools = vec![r#"{"type":"function","name":"f","parameters":{"type":"object"}}"#; 10_000].join(",");
    let part = |part: &str| response(&format!(r#"[{{"role":"user","content":[{part}]}}]"#), "");
    vec![
        ("nothing", String::new()),
        ("no input", r#"{"model":"m"}"#.into()),
        ("an empty input", response("[]", "")),
        ("an input of another type", response("7", "")),
        ("an unknown role", response(r#"[{"role":"wizard","content":"hi"}]"#, "")),
        ("content of another type", response(r#"[{"role":"user","content":7}]"#, "")),
        ("an item without a type", response("[{}]", "")),
        ("a call without a name", response(r#"[{"type":"function_call","call_id":"x","arguments":"{}"}]"#, "")),
        (
            "a result without a call",
            response(r#"[{"type":"function_call_output","call_id":"x","output":"sunny"}]"#, ""),
        ),
        ("a result without an id", response(r#"[{"type":"function_call_output","output":"sunny"}]"#, "")),
        ("a picture without address", part(r#"{"type":"input_image"}"#)),
        ("a file without content", part(r#"{"type":"input_file"}"#)),
        ("a negative limit", hi(r#","max_output_tokens":-1"#)),
        ("a temperature of another type", hi(r#","temperature":"hot""#)),
        ("a stream that is no yes or no", hi(r#","stream":"yes""#)),
        ("10,000 tools", hi(&format!(r#","tools":[{tools}]"#))),
        ("tools of another type", hi(r#","tools":{}"#)),
        ("a tool without a name", hi(r#","tools":[{"type":"function","parameters":{}}]"#)),
        ("a tool whose schema is none", hi(r#","tools":[{"type":"function","name":"f","parameters":"x"}]"#)),
        ("a schema that is none", hi(r#","text":{"format":{"type":"json_schema","name":"s","schema":"x"}}"#)),
        ("an unknown choice", hi(r#","tool_choice":"maybe""#)),
        ("200 levels", hi(&format!(r#","metadata":{{"x":{}}}"#, deep(200)))),
        ("a null character", response(r#""a\u0000b""#, "")),
        ("a lone surrogate", response(r#""a\ud800b""#, "")),
        ("a duplicate key", r#"{"model":"m","input":"a","input":"b"}"#.into()),
    ]
}

/// What each format says in its own way.
fn of_format(dialect: Dialect) -> Vec<(&'static str, String)> {
    match dialect {
        Dialect::Anthropic => vec![
            ("a negative limit", request(&format!("[{HELLO}]"), "").replace("9", "-1")),
            ("a temperature of another type", hello(r#","temperature":"hot""#)),
            (
                "a tool result without a call",
                request(
                    r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":"sunny"}]}]"#,
                    "",
                ),
            ),
            ("a tool result without an id", request(r#"[{"role":"user","content":[{"type":"tool_result"}]}]"#, "")),
            (
                "a picture without data",
                request(
                    r#"[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png"}}]}]"#,
                    "",
                ),
            ),
            ("a schema that is none", hello(r#","output_config":{"format":{"type":"json_schema","schema":"x"}}"#)),
            ("a tool whose schema is none", hello(r#","tools":[{"name":"f","input_schema":"x"}]"#)),
            ("a tool without a name", hello(r#","tools":[{"input_schema":{}}]"#)),
            ("an unknown choice", hello(r#","tool_choice":{"type":"maybe"}"#)),
        ],
        Dialect::Ollama => vec![
            ("a seed of another type", hello(r#","options":{"seed":"x"}"#)),
            ("a temperature of another type", hello(r#","options":{"temperature":"hot"}"#)),
            ("a tool result without a call", request(r#"[{"role":"tool","content":"sunny"}]"#, "")),
            ("a picture of another type", request(r#"[{"role":"user","content":"x","images":[7]}]"#, "")),
            ("a schema that is none", hello(r#","format":"xml""#)),
            ("a tool whose schema is none", hello(r#","tools":[{"function":{"name":"f","parameters":"x"}}]"#)),
            ("a tool without a name", hello(r#","tools":[{"function":{}}]"#)),
        ],
        Dialect::Responses => Vec::new(),
        Dialect::OpenAi => vec![
            ("a negative limit", request(&format!("[{HELLO}]"), "").replace("9", "-1")),
            ("a temperature of another type", hello(r#","temperature":"hot""#)),
            ("a tool result without a call", request(r#"[{"role":"tool","tool_call_id":"x","content":"sunny"}]"#, "")),
            (
                "a picture without address",
                request(r#"[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]"#, ""),
            ),
            (
                "a schema that is none",
                hello(r#","response_format":{"type":"json_schema","json_schema":{"name":"s","schema":"x"}}"#),
            ),
            ("a tool whose schema is none", hello(r#","tools":[{"function":{"name":"f","parameters":"x"}}]"#)),
            ("a tool without a name", hello(r#","tools":[{"type":"function","function":{}}]"#)),
            ("an unknown choice", hello(r#","tool_choice":"maybe""#)),
            ("a negative count", hello(r#","n":-2"#)),
        ],
    }
}

/// What is read of a request that goes to a provider of another format.
fn read(dialect: Dialect, body: &str) -> Result<(), ReadError> {
    let body = splice::scan(Bytes::copy_from_slice(body.as_bytes()))?;
    peek(dialect, Capability::Chat, &body)?;
    check(dialect, Capability::Chat, &body.bytes)?;
    let Some(codec) = crate::codec(dialect, Capability::Chat) else { panic!("no codec") };
    codec.read_request(&body.bytes).map(|_| ())
}

#[test]
fn clients_are_told_what_is_wrong() {
    let mut all = String::new();
    for dialect in [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic, Dialect::Ollama] {
        for (what, body) in wrong(dialect) {
            let told = match read(dialect, &body) {
                Ok(()) => "accepted".to_owned(),
                Err(problem) => {
                    let reply = error::write(dialect, &PublicError::from(problem), "req_1");
                    format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body))
                }
            };
            let _ = writeln!(all, "{dialect}, {what}: {told}");
        }
    }
    insta::assert_snapshot!("requests", all);
}
