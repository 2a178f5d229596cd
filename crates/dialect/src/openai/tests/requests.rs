//! Requests: fixtures, generated ones, what a model is asked, rewritten bodies.

use super::{chat, everything, read, write};
use crate::Dropped;
use crate::framing::splice::scan;
use crate::testing::{chat_request, target, target_with_defaults};
use baton_model::chat::{Json, PartKind};
use baton_model::entity::{MaxTokensField, ReasoningStyle};
use baton_model::{Capability, Detail, Dialect, Quirks, Target};
use bytes::Bytes;
use proptest::prelude::*;

/// A request that says everything reads and writes as the same JSON.
#[test]
fn everything_a_chat_can_say_survives() {
    let body = r#"{"model":"upstream","messages":[
        {"role":"developer","content":"d"},{"role":"user","name":"ann","content":[{"type":"text","text":"t","prompt_cache_breakpoint":{"mode":"explicit"}},
          {"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},
          {"type":"file","file":{"file_id":"f1"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="}},{"type":"video_url","video_url":{"url":"v"}}]},
        {"role":"assistant","content":null,"reasoning_content":"hm","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"r"}],
          "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.50}"},"extra_content":{"google":{"thought_signature":"x"}}},{"id":"c2","type":"custom","custom":{"name":"g","input":"i"}}],
          "audio":{"id":"a1"}},
        {"role":"tool","tool_call_id":"c1","content":"r1"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"r"},{"type":"text","text":"2"}]},
        {"role":"function","name":"old","content":"r3"},{"role":"assistant","content":null,"refusal":"no"}],
        "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type": "object"},"strict":true}},{"type":"custom","custom":{"name":"g"}}],
        "parallel_tool_calls":false,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}},
        "max_completion_tokens":5,"temperature":0.5,"top_p":1,"seed":7,"frequency_penalty":0.1,"presence_penalty":-1,"logit_bias":{"50256":-100},"stop":["a","b"],"n":2,
        "reasoning_effort":"high","response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"b": 1.0, "a": 2},"strict":true}},
        "safety_identifier":"u2","service_tier":"flex","verbosity":"low","store":true,"user":"u1","logprobs":true,"top_logprobs":3,
        "stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}"#;
    let (written, dropped) = write(&read(body), &target(everything()));
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&written), value(body));
    assert_eq!(dropped, []);
    // Schemas must keep their bytes, which comparing as JSON does not show.
    assert!(written.contains(r#""schema":{"b": 1.0, "a": 2}"#), "{written}");
}

#[test]
fn faults_are_named() {
    for (body, error) in [
        (r#"{"model":"m"}"#, "messages: is required"),
        (r#"{"messages":[{"role":"king"}]}"#, "messages[0].role: must be system, developer, user, assistant or tool"),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":1}}]}]}"#,
            "messages[0].content[0].image_url.url: must be a string",
        ),
        (r#"{"messages":[],"temperature":"hot"}"#, "temperature: must be a number"),
        (r#"{"messages":[],"tool_choice":"maybe"}"#, "tool_choice: must be none, auto, required or an object"),
    ] {
        assert_eq!(chat().read_request(body.as_bytes()).unwrap_err().to_string(), error);
    }
}

#[test]
fn a_model_is_asked_as_it_can_be() {
    let request = read(
        r#"{"messages":[{"role":"developer","content":"d"}],"temperature":1,"max_tokens":100,"reasoning_effort":"low",
            "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{}}},"stream":true}"#,
    );
    let quirks = Quirks {
        max_tokens_field: MaxTokensField::MaxTokens,
        refuses: vec!["temperature".into()],
        reasoning: ReasoningStyle::Unsupported,
        developer_role: Some(false),
        stream_usage: Some(false),
        json_schema: Some(false),
        ..Quirks::default()
    };
    let mut target = target_with_defaults(quirks, &[("top_p", "0.5"), ("max_tokens", "7")]);
    target.max_output_tokens = Some(50);
    let (written, dropped) = write(&request, &target);
    let expected = r#"{"model":"upstream","messages":[{"role":"system","content":"d"}],"max_tokens":50,"top_p":0.5,"response_format":{"type":"json_object"},"stream":true}"#;
    assert_eq!(written, expected);
    let fields: Vec<_> = dropped.iter().map(|dropped| dropped.field.as_str()).collect();
    assert_eq!(fields, ["max_tokens", "temperature", "reasoning", "response_format"]);
}

fn check_rewrite(body: &str, target: &Target, expected: &str, hide_usage: bool, dropped: &[&str]) {
    let body = scan(Bytes::from(body.to_owned())).unwrap();
    let rewritten = chat().rewrite(&body, target).unwrap();
    assert_eq!(String::from_utf8_lossy(&rewritten.editor.finish()), expected);
    assert_eq!(rewritten.hide_usage, hide_usage);
    assert_eq!(rewritten.dropped.iter().map(|dropped| dropped.field.as_str()).collect::<Vec<_>>(), dropped);
}

#[test]
fn the_clients_bytes_stay_but_for_a_few() {
    let plain = target(Quirks::default());
    check_rewrite(r#"{ "model" : "m", "x":1.0}"#, &plain, r#"{ "model" : "upstream", "x":1.0}"#, false, &[]);
    check_rewrite(r#"{"model":"upstream","x":1e2}"#, &plain, r#"{"model":"upstream","x":1e2}"#, false, &[]);
    let streamed = r#"{"model":"upstream","stream":true,"stream_options":{"include_usage":true}}"#;
    check_rewrite(r#"{"model":"upstream","stream":true}"#, &plain, streamed, true, &[]);
    // Usage that the client asked for itself is not hidden from it.
    check_rewrite(streamed, &plain, streamed, false, &[]);
    // Some services refuse a request with `stream_options`. An estimated cost is better than no reply.
    let silent = target(Quirks { stream_usage: Some(false), ..Quirks::default() });
    check_rewrite(
        r#"{"model":"upstream","stream":true}"#,
        &silent,
        r#"{"model":"upstream","stream":true}"#,
        false,
        &[],
    );
}

#[test]
fn limits_defaults_and_refusals_are_spliced_in() {
    let quirks = Quirks { refuses: vec!["top_p".into()], developer_role: Some(false), ..Quirks::default() };
    let mut target = target_with_defaults(quirks, &[("temperature", "0.25"), ("seed", "3")]);
    target.max_output_tokens = Some(50);
    check_rewrite(
        r#"{"model":"m","top_p":1,"max_tokens":99,"seed":1,"messages":[{"role" : "developer","content":"developer"}]}"#,
        &target,
        r#"{"model":"upstream","max_tokens":50,"seed":1,"messages":[{"role" : "system","content":"developer"}],"temperature":0.25}"#,
        false,
        &["max_tokens", "top_p"],
    );
    let renamed = crate::testing::target(Quirks { max_tokens_field: MaxTokensField::MaxTokens, ..Quirks::default() });
    check_rewrite(
        r#"{"model":"upstream","max_completion_tokens":9}"#,
        &renamed,
        r#"{"model":"upstream","max_tokens":9}"#,
        false,
        &[],
    );
}

#[test]
fn parts_of_other_formats_are_listed() {
    let mut request = read(r#"{"messages":[{"role":"user","content":"hi"}]}"#);
    let foreign = PartKind::Other { dialect: Dialect::Anthropic, json: Json(r#"{"type":"search_result"}"#.into()) };
    request.messages.first_mut().unwrap().parts.push(foreign.into());
    let (written, dropped) = write(&request, &target(Quirks::default()));
    assert_eq!(dropped, [Dropped::new("messages[0].content[1]", "specific to anthropic")]);
    assert!(!written.contains("search_result"));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(request in chat_request()) {
        let (written, dropped) = write(&request, &target(everything()));
        prop_assert_eq!(read(&written), request);
        prop_assert_eq!(dropped, []);
    }

    #[test]
    fn readers_survive_anything(bytes: Vec<u8>, frame in r#"data: [{}\[\]",:a-z0-9]{0,40}\n\n"#) {
        for capability in Capability::ALL {
            let Some(codec) = crate::codec(Dialect::OpenAi, capability) else { continue };
            let _ = (codec.read_request(&bytes), codec.read_reply(&bytes));
            for detail in [Detail::Full, Detail::MeterOnly] {
                let Some(mut reader) = codec.stream_reader(detail) else { continue };
                let _ = (reader.push(&bytes), reader.push(frame.as_bytes()), reader.finish());
            }
        }
    }
}
