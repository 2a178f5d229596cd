//! The format as a whole: fixtures, generated requests, rewritten bodies, reasoning on its way through clients.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::framing::{Framing, splice::scan};
use crate::json::Node;
use crate::testing::{
    chat_request, check_cuts, codec, meter_events, read_stream, target, target_with_defaults, text_bytes,
};
use crate::{Codec, Dropped, EncodedBody, ReplyContext};
use baton_model::chat::{ChatRequest, Message, MessageRole, PartKind, Reasoning, Tool};
use baton_model::entity::ReasoningStyle;
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent};
use baton_model::{Capability, Code, Detail, Dialect, Operation, PublicError, Quirks, Target, UsageClass};
use bytes::Bytes;
use proptest::prelude::*;

const STREAM: &[u8] = include_bytes!("fixtures/by-hand/everything_stream.response.txt");
const REPLY: &[u8] = include_bytes!("fixtures/by-hand/everything.response.txt");

fn chat() -> &'static dyn Codec {
    codec(Dialect::Responses, Capability::Chat)
}

fn read(codec: &dyn Codec, body: &[u8]) -> ChatRequest {
    match codec.read_request(body).unwrap() {
        Operation::Chat(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn write(codec: &dyn Codec, request: &ChatRequest, target: &Target) -> (String, Vec<Dropped>) {
    let EncodedBody { body, dropped, .. } =
        codec.write_request(&Operation::Chat(Box::new(request.clone())), target).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), dropped)
}

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

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
    assert_eq!(String::from_utf8_lossy(&rewritten.body), expected);
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

#[test]
fn a_stream_says_everything_and_can_be_cut_anywhere() {
    let events = check_cuts(chat(), Framing::Sse, STREAM);
    let reply = CollectedReply::collect(&events);
    assert_eq!(reply, CollectedReply::collect(&chat().read_reply(REPLY).unwrap()));
    let choice = reply.choices.first().unwrap();
    assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
    let [reasoning_part, search, text, weather, time] = choice.parts.as_slice() else { panic!("{:?}", choice.parts) };
    let PartKind::Reasoning(reasoning_part) = &reasoning_part.kind else { panic!("{reasoning_part:?}") };
    assert_eq!(reasoning_part.text, "I look.\n\nThen I say.");
    assert_eq!(
        reasoning_part.signature.as_deref(),
        Some(r#"baton.responses:{"id":"rs_1","encrypted_content":"gAAAA"}"#)
    );
    assert!(matches!(search.kind, PartKind::Other { dialect: Dialect::Responses, .. }));
    assert!(
        matches!(&text.kind, PartKind::Text { text, citations } if text == "Grüße aus 😀\nParis." && citations.len() == 1)
    );
    for (part, expected) in [(weather, ("call_0", r#"{"city":"Paris"}"#)), (time, ("call_1", "{}"))] {
        assert!(
            matches!(&part.kind, PartKind::ToolCall(call) if (&*call.id, &*call.arguments) == expected),
            "{part:?}"
        );
    }
    let usage = reply.usage.unwrap();
    let counts: Vec<_> = usage.nonzero().collect();
    let expected = [
        (UsageClass::Input, 12),
        (UsageClass::CacheRead, 8),
        (UsageClass::Output, 18),
        (UsageClass::Reasoning, 12),
        (UsageClass::WebSearches, 1),
    ];
    assert_eq!((counts.as_slice(), usage.service_tier.as_deref()), (expected.as_slice(), Some("default")));
}

#[test]
fn what_tools_used_is_what_the_service_says_it_bills() {
    let read = |tool_usage: &str| {
        let body = format!(
            r#"{{"status":"completed","output":[{{"type":"web_search_call","action":{{"type":"search"}}}},
            {{"type":"web_search_call","action":{{"type":"open_page"}}}}],{tool_usage}"usage":{{"input_tokens":1}}}}"#
        );
        CollectedReply::collect(&chat().read_reply(body.as_bytes()).unwrap()).usage.unwrap()
    };
    assert_eq!(read(r#""tool_usage":{"web_search":{"num_requests":1}},"#).get(UsageClass::WebSearches), 1);
    assert_eq!(read("").get(UsageClass::WebSearches), 2);
    let images = read(r#""tool_usage":{"image_gen":{"input_tokens":50,"output_tokens":900,"total_tokens":950}},"#);
    let (input, output) = (images.get(UsageClass::ImageInput), images.get(UsageClass::ImageOutput));
    assert_eq!((input, output, images.get(UsageClass::Input)), (50, 900, 1));
}

#[test]
fn a_stream_looked_over_tells_the_same_facts() {
    let (full, _) = read_stream(chat(), Framing::Sse, Detail::Full, STREAM);
    let (looked, error) = read_stream(chat(), Framing::Sse, Detail::MeterOnly, STREAM);
    assert_eq!(error, None);
    assert_eq!(meter_events(&looked), meter_events(&full));
    assert_eq!(text_bytes(&looked), text_bytes(&full));
    assert!(!looked.iter().any(|event| matches!(event, ReplyEvent::Text { .. })));
}

#[test]
fn a_stream_that_breaks_or_never_ends_is_not_complete() {
    let check = |data: &str, expected: Option<&str>| {
        for detail in [Detail::Full, Detail::MeterOnly] {
            let (events, error) = read_stream(chat(), Framing::Sse, detail, format!("data: {data}\n\n").as_bytes());
            assert_eq!(error, None);
            let failed = events.iter().find_map(|event| match event {
                ReplyEvent::Failed(error) => Some(error.message.as_str()),
                _ => None,
            });
            assert_eq!((failed, events.contains(&ReplyEvent::Ended)), (expected, false), "{data}");
        }
    };
    check(r#"{"type":"error","code":"server_error","message":"m","param":null}"#, Some("m"));
    check(r#"{"type":"error","error":{"type":"x","message":"m"}}"#, Some("m"));
    check(
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}}"#,
        Some("m"),
    );
    check(r#"{"type":"response.cancelled","response":{"status":"cancelled"}}"#, Some("the response is cancelled"));
    check(r#"{"type":"response.output_text.delta","output_index":0,"delta":"a"}"#, None);
    // `[DONE]` is no end here: only the events that end a response are.
    check("[DONE]", None);
}

#[test]
fn a_response_says_why_it_is_not_complete() {
    for (state, expected) in [
        (r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#, FinishReason::Length),
        (r#""status":"incomplete","incomplete_details":{"reason":"content_filter"}"#, FinishReason::ContentFilter),
        (r#""status":"queued""#, FinishReason::Other("queued".into())),
        (r#""status":"completed""#, FinishReason::Stop),
    ] {
        let events = chat().read_reply(format!(r#"{{"id":"r",{state},"output":[]}}"#).as_bytes()).unwrap();
        assert!(
            events.contains(&ReplyEvent::Finished { choice: 0, reason: expected, stop_sequence: None }),
            "{events:?}"
        );
    }
    assert!(chat().read_reply(br#"{"id":"r"}"#).is_err());
}

fn names() -> ReplyContext {
    let request = br#"{"model":"m","instructions":"Be kind.","tools":[{"type":"web_search"}],"temperature":0.50}"#;
    ReplyContext {
        id: "7".into(),
        model: "m".into(),
        created: 5,
        request: Bytes::from_static(request),
        ..ReplyContext::default()
    }
}

#[test]
fn a_stream_written_reads_back_and_ends_with_the_whole() {
    let (events, _) = read_stream(chat(), Framing::Sse, Detail::Full, STREAM);
    let mut writer = chat().stream_writer(names()).unwrap();
    let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let text = String::from_utf8(written.clone()).unwrap();
    let datas: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(value).collect();
    for (number, data) in datas.iter().enumerate() {
        assert_eq!(data.get("sequence_number"), Some(&number.into()));
    }
    let types: Vec<_> = datas.iter().map(|data| data.get("type").unwrap().as_str().unwrap().to_owned()).collect();
    insta::assert_snapshot!(types.join("\n"));
    let response = datas.last().unwrap().get("response").unwrap();
    let whole = chat().write_reply(&events, &names()).unwrap();
    assert_eq!(*response, value(std::str::from_utf8(&whole.body).unwrap()));
    for (name, expected) in
        [("instructions", "\"Be kind.\""), ("tools", r#"[{"type":"web_search"}]"#), ("store", "false")]
    {
        assert_eq!(response.get(name), Some(&value(expected)), "{name}");
    }
    assert_eq!(response.get("id"), Some(&"resp_7".into()));

    let (again, _) = read_stream(chat(), Framing::Sse, Detail::Full, &written);
    let comparable = |events: &[ReplyEvent]| {
        let mut reply = CollectedReply::collect(events);
        reply.started = baton_model::event::ReplyStart::default();
        // The id of an item that streams is ours.
        let text = format!("{reply:?}");
        text.replace("rs_7_0", "rs_1")
    };
    assert_eq!(comparable(&again), comparable(&events));
    let whole = chat().read_reply(&whole.body).unwrap();
    assert_eq!(comparable(&whole), comparable(&events));
}

#[test]
fn a_failure_is_told_as_both_kinds_of_clients_expect() {
    let mut writer = chat().stream_writer(names()).unwrap();
    let begun = writer.push(&ReplyEvent::Text { choice: 0, text: "a".into() });
    assert!(begun.starts_with(b"event: response.created\n"));
    let failed = writer.fail(&PublicError::new(Code::RateLimitExceeded, "slow down"), "r1");
    let text = String::from_utf8(failed.to_vec()).unwrap();
    let datas: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(value).collect();
    let [failed, error] = datas.as_slice() else { panic!("{text}") };
    let response = failed.get("response").unwrap();
    assert_eq!(response.get("status"), Some(&"failed".into()));
    assert_eq!(response.get("error"), Some(&value(r#"{"code":"rate_limit_exceeded","message":"slow down"}"#)));
    assert_eq!(error.get("type"), Some(&"error".into()));
    assert_eq!(error.get("error").unwrap().get("message"), Some(&"slow down".into()));
}

/// Writes a reply for a client of that format and gives its assistant turn back as a request's.
fn through_client(client: Dialect, reasoning_part: Reasoning) -> ChatRequest {
    let part = PartKind::Reasoning(reasoning_part).into();
    let message = Message { role: MessageRole::Assistant, name: None, parts: vec![part] };
    let choice = baton_model::event::ReplyChoice {
        parts: message.parts,
        finish: Some(FinishReason::Stop),
        ..Default::default()
    };
    let events = CollectedReply { choices: vec![choice], ..CollectedReply::default() }.events();
    let written = codec(client, Capability::Chat).write_reply(&events, &names()).unwrap();
    let reply = Node::parse(&written.body).unwrap();
    let body = match client {
        Dialect::Responses => format!(r#"{{"input":{}}}"#, reply.get("output").unwrap().text()),
        Dialect::Anthropic => format!(
            r#"{{"max_tokens":5,"messages":[{{"role":"assistant","content":{}}}]}}"#,
            reply.get("content").unwrap().text()
        ),
        _ => {
            let message =
                reply.get("choices").unwrap().items().unwrap().first().unwrap().get("message").unwrap().text();
            format!(r#"{{"messages":[{message}]}}"#)
        }
    };
    read(codec(client, Capability::Chat), body.as_bytes())
}

#[test]
fn thoughts_survive_clients_of_every_format() {
    let own = r#"baton.responses:{"encrypted_content":"gAAA"}"#;
    for reasoning_part in [
        Reasoning { text: "hm".into(), signature: Some("sig".into()), redacted: None },
        Reasoning { redacted: Some("data".into()), ..Reasoning::default() },
        Reasoning { text: "hm".into(), signature: Some(own.into()), redacted: None },
    ] {
        for client in [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic] {
            let back = through_client(client, reasoning_part.clone());
            let parts: Vec<_> = back.messages.iter().flat_map(|message| &message.parts).collect();
            let Some(PartKind::Reasoning(back)) = parts.first().map(|part| &part.kind) else { panic!("{parts:?}") };
            let signature = back.signature.as_deref().map(|proof| proof.replace(r#""id":"rs_7_0","#, ""));
            assert_eq!(Reasoning { signature, ..back.clone() }, reasoning_part, "through {client}");
        }
    }
}

#[test]
fn thoughts_go_back_to_their_own_kind_of_provider_alone() {
    let own = r#"baton.responses:{"id":"rs_1","encrypted_content":"gAAA"}"#;
    let request = |signature: &str| {
        let reasoning_part = Reasoning { text: "hm".into(), signature: Some(signature.into()), redacted: None };
        let parts = vec![PartKind::Reasoning(reasoning_part).into(), baton_model::chat::Part::text("a")];
        let turn = |role, parts| Message { role, name: None, parts };
        let user = || turn(MessageRole::User, vec![baton_model::chat::Part::text("q")]);
        ChatRequest { messages: vec![user(), turn(MessageRole::Assistant, parts), user()], ..ChatRequest::default() }
    };
    for (to, signature, sent) in [
        (Dialect::Responses, own, r#""id":"rs_1","encrypted_content":"gAAA""#),
        // A provider refuses a whole request for a signature that it did not make.
        (Dialect::Responses, "sig", ""),
        (Dialect::Anthropic, "sig", r#""signature":"sig""#),
        (Dialect::Anthropic, own, ""),
    ] {
        let (written, dropped) = write(codec(to, Capability::Chat), &request(signature), &target(Quirks::default()));
        assert!(written.contains(sent), "{written}");
        let foreign = dropped.iter().any(|drop| drop.reason == "reasoning of another kind of provider");
        assert_eq!(foreign, sent.is_empty(), "{to}: {dropped:?}");
        assert_eq!(written.contains("hm"), !sent.is_empty(), "{written}");
    }
    let body = r#"{"model":"upstream","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"baton.responses:{}"},{"type":"text","text":"a"}]}]}"#;
    let body = scan(Bytes::from(body)).unwrap();
    let rewritten = codec(Dialect::Anthropic, Capability::Chat).rewrite(&body, &target(Quirks::default())).unwrap();
    let expected = r#"{"model":"upstream","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"text","text":"a"}]}]}"#;
    assert_eq!(String::from_utf8_lossy(&rewritten.body), expected);
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
