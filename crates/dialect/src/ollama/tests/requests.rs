//! Requests: fixtures, what a model is asked, rewritten bodies.

use super::{chat, fields, read, value, with_levels, write};
use crate::framing::splice::scan;
use crate::testing::{target, target_with_defaults};
use baton_model::chat::{
    ChatRequest, Effort, Extension, Image, Json, MediaSource, PartKind, ReasoningOptions, ToolChoice,
};
use baton_model::entity::ReasoningStyle;
use baton_model::{Dialect, Quirks, Target};
use bytes::Bytes;

/// A request that says everything reads and writes as the same JSON.
#[test]
fn everything_a_chat_can_say_survives() {
    let body = r#"{"model":"upstream","messages":[
        {"role":"system","content":"s"},{"role":"user","content":"u","images":["iVBORw0KGgo="],"mood":"good"},
        {"role":"assistant","content":"c","thinking":"hm","tool_calls":[{"id":"a","function":{"index":0,"name":"f","arguments":{"x": 1.50}},"extra":1},
          {"id":"b","function":{"index":1,"name":"g","arguments":{}}}]},
        {"role":"tool","content":"1","tool_name":"f","tool_call_id":"a"},{"role":"tool","content":"2","tool_name":"g","tool_call_id":"b"}],
        "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type": "object"},"new":true},"more":[]},{"type":"search"}],
        "stream":false,"format":{"b": 1.0, "a": 2},"think":"high","logprobs":true,"top_logprobs":3,
        "options":{"temperature":0.5,"top_p":1,"min_p":0.1,"frequency_penalty":0.1,"presence_penalty":-1,"repeat_penalty":1.1,"top_k":3,"seed":7,
          "num_predict":5,"stop":["a","b"],"num_ctx":4096,"mirostat":1},
        "keep_alive":"10m","truncate":true,"debug":{"x":1}}"#;
    let mut target = target(with_levels());
    target.context_window = Some(16_384);
    let (written, dropped) = write(&read(body), &target);
    let mut expected = value(body);
    // The client chose `truncate` and `num_ctx`, which stay. It left `shift` open, so Baton forbids the silent cut.
    expected.as_object_mut().unwrap().insert("shift".into(), false.into());
    assert_eq!(value(&written), expected);
    assert_eq!(dropped, []);
    // Schemas and arguments must keep their bytes, which comparing as JSON does not show.
    assert!(written.contains(r#""format":{"b": 1.0, "a": 2}"#), "{written}");
    assert!(written.contains(r#""arguments":{"x": 1.50}"#), "{written}");
}

#[test]
fn faults_are_named() {
    for (body, error) in [
        (r#"{"messages":[{"role":"king"}]}"#, "messages[0].role: must be system, user, assistant or tool"),
        (r#"{"messages":[{"role":"user","content":[]}]}"#, "messages[0].content: must be a string"),
        (r#"{"messages":[],"options":{"temperature":"hot"}}"#, "options.temperature: must be a number"),
        (r#"{"messages":[],"format":"xml"}"#, "format: must be json or a schema"),
        (r#"{"messages":[],"think":1}"#, "think: must be true, false or a level"),
    ] {
        assert_eq!(chat().read_request(body.as_bytes()).unwrap_err().to_string(), error);
    }
}

/// Older clients send neither ids nor what a result refers to.
#[test]
fn results_find_their_calls() {
    let request = read(
        r#"{"messages":[{"role":"user","content":"u"},
            {"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{}}},{"function":{"name":"g","arguments":{}}}]},
            {"role":"tool","content":"2","tool_name":"g"},{"role":"tool","content":"1"},
            {"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{}}}]},{"role":"tool","content":"3"}]}"#,
    );
    let ids = request.messages.iter().flat_map(|message| &message.parts).filter_map(|part| match &part.kind {
        PartKind::ToolCall(call) => Some(call.id.as_str()),
        PartKind::ToolResult(result) => Some(result.call_id.as_str()),
        _ => None,
    });
    assert_eq!(ids.collect::<Vec<_>>(), ["call_0_m1", "call_1_m1", "call_1_m1", "call_0_m1", "call_0_m4", "call_0_m4"]);
}

#[test]
fn a_model_is_asked_as_it_can_be() {
    let request = ChatRequest {
        stream: true,
        include_usage: true,
        max_output_tokens: Some(100),
        n: Some(2),
        tool_choice: Some(ToolChoice::Required),
        reasoning: Some(ReasoningOptions { effort: Some(Effort::Low), ..ReasoningOptions::default() }),
        // `num_predict` of -1 means no limit, which the limit of the target must replace.
        ..read(r#"{"messages":[{"role":"developer","content":"d"}],"options":{"temperature":1,"num_predict":-1}}"#)
    };
    let quirks =
        Quirks { refuses: vec!["temperature".into()], reasoning: ReasoningStyle::Unsupported, ..Quirks::default() };
    let mut target = target_with_defaults(quirks, &[("top_p", "0.5"), ("keep_alive", "\"1h\""), ("max_tokens", "7")]);
    target.max_output_tokens = Some(50);
    target.context_window = Some(8_192);
    let (written, dropped) = write(&request, &target);
    let expected = r#"{"model":"upstream","messages":[{"role":"system","content":"d"}],"stream":true,"options":{"top_p":0.5,"num_predict":50,"num_ctx":8192},"truncate":false,"shift":false,"keep_alive":"1h"}"#;
    assert_eq!(written, expected);
    assert_eq!(fields(&dropped), ["max_tokens", "temperature", "reasoning", "tool_choice", "n"]);
}

#[test]
fn thinking_is_asked_by_switch_or_level() {
    let check = |reasoning: ReasoningOptions, style: ReasoningStyle, expected: Option<&str>, dropped: &[&str]| {
        let request = ChatRequest { reasoning: Some(reasoning), ..ChatRequest::default() };
        let (written, lost) = write(&request, &target(Quirks { reasoning: style, ..Quirks::default() }));
        assert_eq!(value(&written).get("think").map(ToString::to_string).as_deref(), expected);
        assert_eq!(fields(&lost), dropped);
    };
    let effort = |effort| ReasoningOptions { effort: Some(effort), ..ReasoningOptions::default() };
    let budget = |budget| ReasoningOptions { budget: Some(budget), ..ReasoningOptions::default() };
    let (plain, levels) = (ReasoningStyle::Unspecified, ReasoningStyle::Adaptive);
    check(effort(Effort::None), levels, Some("\"low\""), &["reasoning"]);
    check(effort(Effort::None), plain, Some("false"), &[]);
    check(effort(Effort::Minimal), levels, Some("\"low\""), &[]);
    check(effort(Effort::XHigh), levels, Some("\"max\""), &[]);
    check(effort(Effort::High), plain, Some("true"), &["reasoning.effort"]);
    check(budget(2_048), levels, Some("\"medium\""), &["reasoning.budget"]);
    check(ReasoningOptions { enabled: Some(false), ..effort(Effort::High) }, levels, Some("\"low\""), &["reasoning"]);
    check(ReasoningOptions { adaptive: true, ..ReasoningOptions::default() }, plain, Some("true"), &[]);
    check(ReasoningOptions::default(), plain, None, &[]);
}

fn check_rewrite(body: &str, target: &Target, expected: &str, dropped: &[&str]) {
    let body = scan(Bytes::from(body.to_owned())).unwrap();
    let rewritten = chat().rewrite(&body, target).unwrap();
    assert_eq!(String::from_utf8_lossy(&rewritten.editor.finish()), expected);
    assert!(!rewritten.hide_usage);
    assert_eq!(fields(&rewritten.dropped), dropped);
}

#[test]
fn the_clients_bytes_stay_but_for_a_few() {
    let plain = target(Quirks::default());
    check_rewrite(r#"{ "model" : "m", "x":1.0}"#, &plain, r#"{ "model" : "upstream", "x":1.0}"#, &[]);
    let mut sized = target(Quirks::default());
    (sized.context_window, sized.max_output_tokens) = (Some(8_192), Some(50));
    check_rewrite(
        r#"{"model":"upstream","options":{"seed": 1, "num_predict": 99}}"#,
        &sized,
        r#"{"model":"upstream","options":{"seed": 1, "num_predict": 50, "num_ctx": 8192}}"#,
        &["options.num_predict"],
    );
    // -1 means no limit. The target's limit replaces it, and as the client asked for none, nothing is listed.
    check_rewrite(
        r#"{"model":"upstream","options":{"num_ctx":2048,"num_predict":-1}}"#,
        &sized,
        r#"{"model":"upstream","options":{"num_ctx":2048,"num_predict":50}}"#,
        &[],
    );
    check_rewrite(
        r#"{"model":"upstream"}"#,
        &sized,
        r#"{"model":"upstream","options":{"num_predict":50,"num_ctx":8192}}"#,
        &[],
    );
}

#[test]
fn defaults_and_refusals_are_spliced_in() {
    let quirks = Quirks { refuses: vec!["top_p".into()], json_schema: Some(false), ..Quirks::default() };
    let defaults = [("temperature", "0.25"), ("seed", "3"), ("reasoning_effort", "\"low\""), ("keep_alive", "-1")];
    check_rewrite(
        r#"{"model":"m","format":{"type":"object"},"think":true,"options":{"top_p":1,"seed":1}}"#,
        &target_with_defaults(quirks, &defaults),
        r#"{"model":"upstream","format":"json","think":true,"options":{"seed":1,"temperature":0.25},"keep_alive":-1}"#,
        &["options.top_p", "format"],
    );
}

#[test]
fn what_other_formats_know_is_listed() {
    let mut request = read(r#"{"messages":[{"role":"user","content":"hi"}]}"#);
    let parts = &mut request.messages.first_mut().unwrap().parts;
    parts.push(PartKind::Other { dialect: Dialect::Anthropic, json: Json("{}".into()) }.into());
    parts.push(PartKind::Image(Image { source: MediaSource::Url("https://x/y.png".into()), detail: None }).into());
    let extension = Extension { dialect: Dialect::OpenAi, path: "store".into(), value: Json("true".into()) };
    request.extensions.push(extension);
    let (_, dropped) = write(&request, &target(Quirks::default()));
    assert_eq!(fields(&dropped), ["messages[0].content[1]", "messages[0].content[2]", "store"]);
}
