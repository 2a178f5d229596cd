//! Requests and replies of clients whose tools are more than functions, with models of every other format.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::{ClientTools, adapt};
use crate::framing::splice;
use crate::{ReplyContext, codec};
use baton_model::event::{FinishReason, ReplyEvent};
use baton_model::{Capability, Dialect, Target};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// What leaves for a model of that format.
fn sent(from: Dialect, request: &Value, to: Dialect) -> (Value, Vec<String>) {
    let read = codec(from, Capability::Chat).unwrap().read_request(request.to_string().as_bytes()).unwrap();
    let (operation, lost) = adapt(&read, to);
    let target = Target::new(Arc::new(baton_model::Model::new("m", "p")));
    let written = codec(to, Capability::Chat).unwrap().write_request(&operation, &target).unwrap();
    let dropped = written.dropped.into_iter().chain(lost).map(|dropped| dropped.field).collect();
    (serde_json::from_slice(&written.body).unwrap(), dropped)
}

/// The whole reply and the events of the stream, as the client of a request gets them.
fn replied(client: Dialect, request: &Value, events: &[ReplyEvent]) -> (Value, Vec<Value>) {
    let body = splice::scan(Bytes::from(request.to_string())).unwrap();
    let tools = ClientTools::of_request(client, &body);
    let context = ReplyContext { id: "1".into(), model: "m".into(), tools, ..ReplyContext::default() };
    let codec = codec(client, Capability::Chat).unwrap();
    let whole = codec.write_reply(events, &context).unwrap();
    let mut writer = codec.stream_writer(context).unwrap();
    let stream: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let lines = std::str::from_utf8(&stream).unwrap().lines().filter_map(|line| line.strip_prefix("data: "));
    let chunks = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    (serde_json::from_slice(&whole.body).unwrap(), chunks)
}

/// A call of that name, its arguments in pieces.
fn call(name: &str, arguments: &[&str]) -> Vec<ReplyEvent> {
    let mut events = vec![ReplyEvent::ToolCall { choice: 0, index: 0, id: "call_1".into(), name: name.into() }];
    events.extend(arguments.iter().map(|piece| ReplyEvent::ToolArguments {
        choice: 0,
        index: 0,
        fragment: (*piece).to_owned(),
    }));
    events.push(ReplyEvent::Finished { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None });
    events.push(ReplyEvent::Ended);
    events
}

/// The pieces of a member in a stream, joined.
fn joined(chunks: &[Value], path: &str) -> String {
    chunks.iter().filter_map(|chunk| chunk.pointer(path)?.as_str()).collect()
}

const PATCH: &str = "*** Begin Patch\n+\"hi\"\n*** End Patch";

fn responses_request() -> Value {
    json!({
        "model": "m",
        "tools": [
            { "type": "custom", "name": "patch", "description": "Applies a patch.",
              "format": { "type": "grammar", "syntax": "lark", "definition": "start: \"x\"" } },
            { "type": "namespace", "name": "mcp__files", "description": "Files", "tools": [
                { "type": "function", "name": "read", "parameters": { "type": "object", "properties": { "q": { "type": "string" } } } },
                { "type": "custom", "name": "write" },
            ] },
            { "type": "function", "name": "plain", "parameters": { "type": "object", "properties": {} } },
        ],
        "tool_choice": { "type": "custom", "name": "patch" },
        "input": [
            { "role": "user", "content": "Go on." },
            { "type": "custom_tool_call", "call_id": "call_a", "name": "patch", "input": PATCH },
            { "type": "function_call", "call_id": "call_b", "name": "read", "namespace": "mcp__files", "arguments": "{\"q\":\"a\"}" },
            { "type": "custom_tool_call_output", "call_id": "call_a", "output": "Done" },
            { "type": "function_call_output", "call_id": "call_b", "output": "text" },
        ],
    })
}

#[test]
fn custom_tools_and_namespaces_become_functions() {
    let request = responses_request();
    let (chat, dropped) = sent(Dialect::Responses, &request, Dialect::OpenAi);
    let names: Vec<_> = (0..4).map(|place| chat["tools"][place]["function"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["patch", "mcp__files__read", "mcp__files__write", "plain"]);
    let first = &chat["tools"][0]["function"];
    assert_eq!(first["parameters"]["required"], json!(["input"]));
    assert_eq!(first["description"], "Applies a patch.\n\n`input` must match this lark grammar:\nstart: \"x\"");
    assert_eq!(chat["tool_choice"], json!({ "type": "function", "function": { "name": "patch" } }));
    let calls = &chat["messages"][1]["tool_calls"];
    assert_eq!(calls[0]["function"]["arguments"], json!({ "input": PATCH }).to_string());
    assert_eq!(calls[1]["function"]["name"], "mcp__files__read");
    assert_eq!(chat["messages"][2], json!({ "role": "tool", "tool_call_id": "call_a", "content": "Done" }));
    assert_eq!(chat["messages"][3]["tool_call_id"], "call_b");
    assert_eq!(dropped, ["tools[0].format", "tools[1].description"]);

    let (message, _) = sent(Dialect::Responses, &request, Dialect::Anthropic);
    assert_eq!(message["tools"][0]["name"], "patch");
    assert_eq!(message["messages"][1]["content"][0]["input"], json!({ "input": PATCH }));
    assert_eq!(message["messages"][2]["content"][0]["tool_use_id"], "call_a");
    let (ollama, _) = sent(Dialect::Responses, &request, Dialect::Ollama);
    assert_eq!(ollama["messages"][1]["tool_calls"][0]["function"]["arguments"], json!({ "input": PATCH }));

    let (own, dropped) = sent(Dialect::Responses, &request, Dialect::Responses);
    assert_eq!((&own["tools"][0], &own["tools"][1]), (&request["tools"][0], &request["tools"][1]));
    assert_eq!(dropped, [""; 0]);
}

#[test]
fn calls_come_back_as_the_client_knows_them() {
    let request = responses_request();
    let arguments = json!({ "input": PATCH }).to_string();
    let (begin, end) = arguments.split_at(20);
    let (whole, events) = replied(Dialect::Responses, &request, &call("patch", &[begin, end]));
    let item = &whole["output"][0];
    assert_eq!((&item["type"], &item["input"]), (&json!("custom_tool_call"), &json!(PATCH)));
    assert_eq!((&item["name"], &item["call_id"]), (&json!("patch"), &json!("call_1")));
    let of = |type_: &str| events.iter().filter(|event| event["type"] == type_).cloned().collect::<Vec<_>>();
    assert_eq!(joined(&of("response.custom_tool_call_input.delta"), "/delta"), PATCH);
    assert_eq!(of("response.output_item.done")[0]["item"]["input"], PATCH);
    assert!(of("response.function_call_arguments.delta").is_empty());

    // A model that was told to write plain text may write just that.
    for bare in [PATCH.to_owned(), json!(PATCH).to_string()] {
        let (whole, _) = replied(Dialect::Responses, &request, &call("patch", &[&bare]));
        assert_eq!(whole["output"][0]["input"], PATCH);
    }
    let (whole, _) = replied(Dialect::Responses, &request, &call("mcp__files__read", &["{\"q\":1}"]));
    let item = &whole["output"][0];
    assert_eq!((&item["type"], &item["arguments"]), (&json!("function_call"), &json!("{\"q\":1}")));
    assert_eq!((&item["namespace"], &item["name"]), (&json!("mcp__files"), &json!("read")));
    let (whole, _) = replied(Dialect::Responses, &request, &call("mcp__files__write", &[&arguments]));
    let item = &whole["output"][0];
    assert_eq!((&item["type"], &item["namespace"]), (&json!("custom_tool_call"), &json!("mcp__files")));
    let (whole, _) = replied(Dialect::Responses, &request, &call("plain", &[]));
    assert_eq!((&whole["output"][0]["arguments"], whole["output"][0].get("namespace")), (&json!("{}"), None));
}

#[test]
fn a_chats_custom_tools_go_to_every_format_and_come_back() {
    let request = json!({
        "model": "m",
        "tools": [{ "type": "custom", "custom": { "name": "patch", "format": { "type": "text" } } }],
        "tool_choice": { "type": "custom", "custom": { "name": "patch" } },
        "messages": [
            { "role": "user", "content": "Go on." },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "call_a", "type": "custom", "custom": { "name": "patch", "input": PATCH } },
            ] },
            { "role": "tool", "tool_call_id": "call_a", "content": "Done" },
        ],
    });
    let (message, _) = sent(Dialect::OpenAi, &request, Dialect::Anthropic);
    assert_eq!(message["tool_choice"], json!({ "type": "tool", "name": "patch" }));
    assert_eq!(message["messages"][1]["content"][0]["input"], json!({ "input": PATCH }));
    assert_eq!(message["messages"][2]["content"][0]["tool_use_id"], "call_a");
    let (response, _) = sent(Dialect::OpenAi, &request, Dialect::Responses);
    assert_eq!(response["tools"][0], json!({ "type": "custom", "name": "patch", "format": { "type": "text" } }));
    let items = response["input"].as_array().unwrap();
    assert_eq!(items[1], json!({ "type": "custom_tool_call", "call_id": "call_a", "name": "patch", "input": PATCH }));
    assert_eq!(items[2], json!({ "type": "custom_tool_call_output", "call_id": "call_a", "output": "Done" }));

    let events = call("patch", &[&json!({ "input": PATCH }).to_string()]);
    let (whole, chunks) = replied(Dialect::OpenAi, &request, &events);
    let expected = json!([{ "id": "call_1", "type": "custom", "custom": { "name": "patch", "input": PATCH } }]);
    assert_eq!(whole["choices"][0]["message"]["tool_calls"], expected);
    assert_eq!(joined(&chunks, "/choices/0/delta/tool_calls/0/custom/input"), PATCH);
    assert_eq!(joined(&chunks, "/choices/0/delta/tool_calls/0/id"), "call_1");
    // OpenAI's responses have such calls of their own.
    let reply = json!({ "id": "resp_1", "status": "completed", "output": [
        { "type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "patch", "input": PATCH },
    ] });
    let read = codec(Dialect::Responses, Capability::Chat).unwrap().read_reply(reply.to_string().as_bytes()).unwrap();
    assert_eq!(replied(Dialect::OpenAi, &request, &read).0["choices"][0]["message"]["tool_calls"], expected);
}

#[test]
fn functions_of_the_older_form_are_tools() {
    let request = json!({
        "model": "m",
        "functions": [{ "name": "lookup", "description": "Looks up", "parameters": { "type": "object", "properties": {} } }],
        "function_call": { "name": "lookup" },
        "messages": [
            { "role": "user", "content": "Hi" },
            { "role": "assistant", "content": null, "function_call": { "name": "lookup", "arguments": "{\"q\":1}" } },
            { "role": "function", "name": "lookup", "content": "one" },
            { "role": "assistant", "content": null, "function_call": { "name": "lookup", "arguments": "{}" } },
            { "role": "function", "name": "lookup", "content": "two" },
        ],
    });
    let (message, dropped) = sent(Dialect::OpenAi, &request, Dialect::Anthropic);
    assert_eq!(message["tools"][0]["name"], "lookup");
    let choice = json!({ "type": "tool", "name": "lookup", "disable_parallel_tool_use": true });
    assert_eq!(message["tool_choice"], choice);
    let id = |turn: usize, member: &str| message["messages"][turn]["content"][0][member].as_str().unwrap();
    assert_eq!(
        (id(1, "id"), id(2, "tool_use_id"), id(3, "id"), id(4, "tool_use_id")),
        ("call_0", "call_0", "call_1", "call_1")
    );
    assert_eq!(dropped, [""; 0]);

    let (whole, chunks) = replied(Dialect::OpenAi, &request, &call("lookup", &["{\"q\"", ":2}"]));
    let choice = &whole["choices"][0];
    assert_eq!(choice["message"]["function_call"], json!({ "name": "lookup", "arguments": "{\"q\":2}" }));
    assert_eq!((&choice["finish_reason"], choice["message"].get("tool_calls")), (&json!("function_call"), None));
    assert_eq!(joined(&chunks, "/choices/0/delta/function_call/arguments"), "{\"q\":2}");
    assert_eq!(joined(&chunks, "/choices/0/delta/function_call/name"), "lookup");
    assert_eq!(joined(&chunks, "/choices/0/finish_reason"), "function_call");
    // A call without arguments has the empty object, and no word about functions is none.
    let (_, chunks) = replied(Dialect::OpenAi, &request, &call("lookup", &[]));
    assert_eq!(joined(&chunks, "/choices/0/delta/function_call/arguments"), "{}");
}

#[test]
fn a_choice_among_some_tools_is_known_to_every_format() {
    let request = json!({
        "model": "m", "input": "Hi",
        "tools": [
            { "type": "function", "name": "a", "parameters": { "type": "object", "properties": {} } },
            { "type": "function", "name": "b", "parameters": { "type": "object", "properties": {} } },
        ],
        "tool_choice": { "type": "allowed_tools", "mode": "required", "tools": [{ "type": "function", "name": "b" }] },
    });
    let (message, _) = sent(Dialect::Responses, &request, Dialect::Anthropic);
    assert_eq!((&message["tools"][0]["name"], &message["tools"][1]), (&json!("b"), &Value::Null));
    assert_eq!(message["tool_choice"]["type"], "any");
    let (chat, _) = sent(Dialect::Responses, &request, Dialect::OpenAi);
    assert_eq!(chat["tool_choice"]["allowed_tools"]["tools"][0]["function"]["name"], "b");
}

#[test]
fn other_requests_are_not_touched() {
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "custom namespace" }] });
    let body = request.to_string();
    let read = codec(Dialect::OpenAi, Capability::Chat).unwrap().read_request(body.as_bytes()).unwrap();
    assert!(matches!(adapt(&read, Dialect::Anthropic), (std::borrow::Cow::Borrowed(_), lost) if lost.is_empty()));
    // Anthropic calls ordinary functions custom.
    let request = json!({ "tools": [{ "type": "custom", "name": "f", "input_schema": {} }] });
    let body = splice::scan(Bytes::from(request.to_string())).unwrap();
    assert_eq!(ClientTools::of_request(Dialect::Anthropic, &body), ClientTools::default());
}
