//! Requests: fixtures, generated ones, what a model is asked, rewritten bodies.

use super::{chat, read, value, write};
use crate::Dropped;
use crate::framing::Framing;
use crate::framing::splice::scan;
use crate::testing::{chat_request, codec, read_stream, target, target_with_defaults};
use baton_model::chat::{ChatRequest, Message, MessageRole, PartKind, Tool};
use baton_model::entity::ReasoningStyle;
use baton_model::{Capability, Detail, Dialect, Quirks, Target};
use bytes::Bytes;
use proptest::prelude::*;

/// A request that says everything reads and writes as the same JSON.
#[test]
fn everything_a_request_can_say_survives() {
    let body = r#"{"model":"upstream","instructions":"Be kind.","input":[
        {"type":"message","role":"developer","content":"d"},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"t","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}},
          {"type":"input_image","image_url":"https://x/y.png","detail":"low"},{"type":"input_image","image_url":"data:image/png;base64,AA=="},
          {"type":"input_image","file_id":"f0"},{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},
          {"type":"input_file","file_id":"f1"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="},
          {"type":"input_file","filename":"b.pdf","file_url":"https://x/b.pdf"},{"type":"input_video","video_url":"v"}]},
        {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"id":"rs_1","encrypted_content":"gAAA"},
        {"type":"message","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"a","annotations":[{"type":"url_citation","url":"u"}]},{"type":"refusal","refusal":"no"}]},
        {"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\": 1.50}","namespace":"n"},
        {"type":"custom_tool_call","call_id":"c2","name":"g","input":"i"},
        {"type":"function_call_output","call_id":"c1","output":"r1"},
        {"type":"custom_tool_call_output","call_id":"c2","output":"r2"},
        {"type":"function_call_output","call_id":"c3","output":[{"type":"input_text","text":"r"},{"type":"input_image","image_url":"https://x/z.png"}]},
        {"type":"item_reference","id":"msg_1"}],
        "tools":[{"type":"function","name":"f","description":"d","parameters":{"type": "object"},"strict":true,"defer_loading":true},{"type":"web_search","search_context_size":"low"},{"type":"custom","name":"g"}],
        "parallel_tool_calls":false,"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]},
        "max_output_tokens":50,"temperature":0.5,"top_p":1,"top_logprobs":3,
        "text":{"format":{"type":"json_schema","name":"s","schema":{"b": 1.0, "a": 2},"strict":true},"verbosity":"low"},
        "reasoning":{"effort":"high","summary":"detailed","context":"all_turns"},
        "include":["reasoning.encrypted_content","message.output_text.logprobs","file_search_call.results"],
        "safety_identifier":"u2","service_tier":"flex","store":true,"user":"u1","metadata":{"k":"v"},"prompt_cache_key":"p",
        "previous_response_id":"resp_0","conversation":"conv_1","background":true,"truncation":"auto","max_tool_calls":3,
        "stream":true,"stream_options":{"include_obfuscation":false}}"#;
    let quirks = Quirks { cache_marks: Some(true), ..Quirks::default() };
    let (written, dropped) = write(chat(), &read(chat(), body.as_bytes()), &target(quirks));
    assert_eq!(value(&written), value(body));
    assert_eq!(dropped, []);
    // Schemas must keep their bytes, which comparing as JSON does not show.
    assert!(written.contains(r#""schema":{"b": 1.0, "a": 2}"#), "{written}");
}

#[test]
fn what_the_model_does_in_a_row_is_one_turn() {
    let body = br#"{"input":[{"role":"user","content":"q"},{"type":"reasoning","id":"rs_1","summary":[]},
        {"type":"message","role":"assistant","content":"a"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"r"},{"role":"assistant","content":"b"}]}"#;
    let roles: Vec<_> = read(chat(), body).messages.iter().map(|message| (message.role, message.parts.len())).collect();
    assert_eq!(
        roles,
        [(MessageRole::User, 1), (MessageRole::Assistant, 3), (MessageRole::Tool, 1), (MessageRole::Assistant, 1)]
    );
    let short = read(chat(), br#"{"instructions":"i","input":"q"}"#);
    assert_eq!(
        short.messages.iter().map(|message| message.role).collect::<Vec<_>>(),
        [MessageRole::System, MessageRole::User]
    );
}

#[test]
fn faults_are_named() {
    for (body, error) in [
        (r#"{"input":7}"#, "input: must be a string or an array"),
        (r#"{"input":[{"role":"king"}]}"#, "input[0].role: must be system, developer, user or assistant"),
        (r#"{"input":[{}]}"#, "input[0].type: is required"),
        (
            r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":{"url":1}}]}]}"#,
            "input[0].content[0].image_url: must be a string",
        ),
        (r#"{"input":"x","temperature":"hot"}"#, "temperature: must be a number"),
        (r#"{"input":"x","tool_choice":"maybe"}"#, "tool_choice: must be none, auto, required or an object"),
        (r#"{"input":"x","tools":[{"type":"function"}]}"#, "tools[0].name: is required"),
        (
            r#"{"input":"x","text":{"format":{"type":"json_schema","name":"s","schema":7}}}"#,
            "text.format.schema: must be an object",
        ),
    ] {
        assert_eq!(chat().read_request(body.as_bytes()).unwrap_err().to_string(), error);
    }
}

#[test]
fn a_model_is_asked_as_it_can_be() {
    let request = read(
        chat(),
        br#"{"input":[{"role":"developer","content":"d"}],"temperature":1,"max_output_tokens":100,"reasoning":{"effort":"low"},
            "text":{"format":{"type":"json_schema","name":"s","schema":{}}},"stream":true}"#,
    );
    let quirks = Quirks {
        refuses: vec!["temperature".into()],
        reasoning: ReasoningStyle::Unsupported,
        developer_role: Some(false),
        json_schema: Some(false),
        ..Quirks::default()
    };
    let mut target = target_with_defaults(quirks, &[("top_p", "0.5"), ("max_tokens", "7")]);
    // The API refuses fewer than 16 output tokens. So the limit of 9 is written as 16, and listed a second time.
    target.max_output_tokens = Some(9);
    let (written, dropped) = write(chat(), &request, &target);
    let expected = r#"{"model":"upstream","input":[{"type":"message","role":"system","content":"d"}],"max_output_tokens":16,"top_p":0.5,"text":{"format":{"type":"json_object"}},"store":false,"stream":true}"#;
    assert_eq!(written, expected);
    let fields: Vec<_> = dropped.iter().map(|dropped| dropped.field.as_str()).collect();
    assert_eq!(fields, ["max_tokens", "temperature", "reasoning", "response_format", "max_tokens"]);
}

#[test]
fn what_a_chat_says_in_other_places_is_kept() {
    let body = br#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"q"}],"metadata":{"a":"b"},
        "tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"d"}}}}],
        "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}},
        "reasoning_effort":"low","verbosity":"high","prompt_cache_key":"k","stop":["x"]}"#;
    let request = read(codec(Dialect::OpenAi, Capability::Chat), body);
    let (written, dropped) = write(chat(), &request, &target(Quirks::default()));
    // `strict` left out means no in a chat and yes here, where the vendor then refuses schemas that are not closed.
    let expected = r#"{"model":"upstream","instructions":"s","input":[{"type":"message","role":"user","content":"q"}],
        "tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false},
          {"type":"custom","name":"g","format":{"type":"grammar","syntax":"lark","definition":"d"}}],
        "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]},
        "text":{"verbosity":"high"},"reasoning":{"effort":"low"},"metadata":{"a":"b"},"prompt_cache_key":"k","store":false,
        "include":["reasoning.encrypted_content"]}"#;
    assert_eq!(value(&written), value(expected));
    assert_eq!(dropped, [Dropped::new("stop", "not supported by responses")]);
}

fn check_rewrite(body: &str, target: &Target, expected: &str, dropped: &[&str]) {
    let body = scan(Bytes::from(body.to_owned())).unwrap();
    let rewritten = chat().rewrite(&body, target).unwrap();
    assert_eq!(String::from_utf8_lossy(&rewritten.editor.finish()), expected);
    assert!(!rewritten.hide_usage);
    assert_eq!(rewritten.dropped.iter().map(|dropped| dropped.field.as_str()).collect::<Vec<_>>(), dropped);
}

#[test]
fn the_clients_bytes_stay_but_for_a_few() {
    let plain = target(Quirks::default());
    check_rewrite(r#"{ "model" : "m", "x":1.0}"#, &plain, r#"{ "model" : "upstream", "x":1.0}"#, &[]);
    check_rewrite(r#"{"model":"upstream","stream":true}"#, &plain, r#"{"model":"upstream","stream":true}"#, &[]);
    let mut limited = target_with_defaults(
        Quirks { refuses: vec!["top_p".into(), "verbosity".into()], json_schema: Some(false), ..Quirks::default() },
        &[("temperature", "0.5"), ("reasoning_effort", "\"low\"")],
    );
    limited.max_output_tokens = Some(20);
    check_rewrite(
        r#"{"model":"m","max_output_tokens": 90,"top_p":1,"text":{"verbosity":"low","format":{"type":"json_schema","schema":{}}}}"#,
        &limited,
        r#"{"model":"upstream","max_output_tokens": 20,"text":{"format":{"type":"json_object"}},"temperature":0.5,"reasoning":{"effort":"low"}}"#,
        &["max_output_tokens", "top_p", "text.verbosity", "text.format"],
    );
    // A signature of Anthropic's that a client carried in this format's field. OpenAI can't decrypt it and would
    // refuse the whole request.
    check_rewrite(
        r#"{"model":"upstream","input":[{"role":"user", "content":"q"}, {"type":"reasoning","encrypted_content":"baton.anthropic.signature:s"}]}"#,
        &plain,
        r#"{"model":"upstream","input":[{"role":"user", "content":"q"}]}"#,
        &["input"],
    );
}

/// What the format can't say, or says in one way where others have two.
fn sayable(mut request: ChatRequest) -> ChatRequest {
    let sampling = &mut request.sampling;
    (sampling.top_k, sampling.seed, sampling.frequency_penalty, sampling.presence_penalty) = (None, None, None, None);
    (request.n, request.include_usage) = (None, false);
    request.stop.clear();
    request.max_output_tokens = request.max_output_tokens.map(|limit| limit.max(16));
    for tool in &mut request.tools {
        if let Tool::Function { parameters, strict, .. } = tool {
            strict.get_or_insert(false);
            parameters.get_or_insert_with(|| baton_model::chat::Json(r#"{"type":"object","properties":{}}"#.into()));
        }
    }
    let mut messages: Vec<Message> = Vec::new();
    for mut message in request.messages {
        message.name = None;
        message.parts.retain(|part| !matches!(part.kind, PartKind::Reasoning(_)));
        for part in &mut message.parts {
            part.cache = None;
            if let PartKind::Document(document) = &mut part.kind {
                document.title.get_or_insert_with(|| "document.pdf".into());
            }
        }
        match messages.last_mut() {
            Some(last) if last.role == MessageRole::Assistant && message.role == MessageRole::Assistant => {
                last.parts.extend(message.parts);
            }
            _ => messages.push(message),
        }
    }
    ChatRequest { messages, ..request }
}

proptest! {
    #[test]
    fn requests_read_back(request in chat_request()) {
        let request = sayable(request);
        let (written, dropped) = write(chat(), &request, &target(Quirks::default()));
        prop_assert_eq!(&dropped, &[]);
        let mut again = read(chat(), written.as_bytes());
        // Baton says `store: false` where the client said nothing, because the vendor's default is to keep the
        // response.
        again.extensions.retain(|extension| extension.path != "store");
        prop_assert_eq!(again, request);
    }

    #[test]
    fn survives_anything(bytes: Vec<u8>, frames in prop::collection::vec("(event: x\n)?data: [{}\":,a-z0-9]{0,20}\n\n", 0..4)) {
        drop((chat().read_request(&bytes), chat().read_reply(&bytes)));
        for detail in [Detail::Full, Detail::MeterOnly] {
            read_stream(chat(), Framing::Sse, detail, frames.concat().as_bytes());
        }
    }
}
