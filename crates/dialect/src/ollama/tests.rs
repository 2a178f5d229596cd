//! The format as a whole: fixtures, generated requests, rewritten bodies.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::framing::{Framing, splice::scan};
use crate::testing::{
    chat_request, check_cuts, codec, meter_events, read_stream, target, target_with_defaults, text_bytes,
};
use crate::{Codec, Dropped, EncodedBody, ReplyContext};
use baton_model::chat::{
    ChatRequest, Effort, Extension, Image, Json, MediaSource, Message, MessageRole, OutputFormat, Part, PartKind,
    ReasoningOptions, Tool, ToolChoice,
};
use baton_model::entity::ReasoningStyle;
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent};
use baton_model::operation::{CompletionRequest, Prompt};
use baton_model::{Capability, Code, Detail, Dialect, Operation, PublicError, Quirks, Target, UsageClass};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::HashMap;

fn chat() -> &'static dyn Codec {
    codec(Dialect::Ollama, Capability::Chat)
}

fn read(body: &str) -> ChatRequest {
    match chat().read_request(body.as_bytes()).unwrap() {
        Operation::Chat(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn write(request: &ChatRequest, target: &Target) -> (String, Vec<Dropped>) {
    let EncodedBody { body, dropped, .. } =
        chat().write_request(&Operation::Chat(Box::new(request.clone())), target).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), dropped)
}

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// A model that can be told how hard to think.
fn with_levels() -> Quirks {
    Quirks { reasoning: ReasoningStyle::Adaptive, ..Quirks::default() }
}

fn fields(dropped: &[Dropped]) -> Vec<&str> {
    dropped.iter().map(|dropped| dropped.field.as_str()).collect()
}

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
    assert_eq!(String::from_utf8_lossy(&rewritten.body), expected);
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

const STREAMS: [&[u8]; 5] = [
    include_bytes!("fixtures/recorded/chat_stream.response.txt"),
    include_bytes!("fixtures/recorded/chat_tools_stream.response.txt"),
    include_bytes!("fixtures/recorded/chat_think_stream.response.txt"),
    include_bytes!("fixtures/by-hand/chat_tools_ids_stream.response.txt"),
    include_bytes!("fixtures/by-hand/chat_logprobs_stream.response.txt"),
];

#[test]
fn streams_survive_every_cut_and_facts_agree() {
    for stream in STREAMS {
        let full = check_cuts(chat(), Framing::Ndjson, stream);
        let (looked_over, error) = read_stream(chat(), Framing::Ndjson, Detail::MeterOnly, stream);
        assert_eq!(error, None);
        assert_eq!(meter_events(&looked_over), meter_events(&full));
        assert_eq!(text_bytes(&looked_over), text_bytes(&full));
    }
}

#[test]
fn a_stream_written_reads_back() {
    for stream in STREAMS {
        let (events, _) = read_stream(chat(), Framing::Ndjson, Detail::Full, stream);
        let mut writer = chat().stream_writer(ReplyContext::default()).unwrap();
        let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
        let (again, error) = read_stream(chat(), Framing::Ndjson, Detail::Full, &written);
        assert_eq!((CollectedReply::collect(&again), error), (CollectedReply::collect(&events), None));
        let whole = chat().write_reply(&events, &ReplyContext::default()).unwrap();
        let (whole, streamed) = (chat().read_reply(&whole.body).unwrap(), CollectedReply::collect(&events));
        let (whole, n_logprobs) = (CollectedReply::collect(&whole), streamed.choices.first().unwrap().logprobs.len());
        assert_eq!((whole.started, whole.usage, whole.timings), (streamed.started, streamed.usage, streamed.timings));
        // Log probabilities of all lines become one array.
        assert_eq!(whole.choices.first().unwrap().logprobs.len(), n_logprobs.min(1));
        assert_eq!(whole.choices.first().unwrap().finish, streamed.choices.first().unwrap().finish);
    }
}

#[test]
fn calls_come_whole_and_with_ids() {
    let (events, _) = read_stream(chat(), Framing::Ndjson, Detail::Full, STREAMS[3]);
    let reply = CollectedReply::collect(&events);
    let calls = reply.choices.first().unwrap().parts.iter().filter_map(|part| match &part.kind {
        PartKind::ToolCall(call) => Some((call.id.as_str(), call.arguments.as_str())),
        _ => None,
    });
    let expected =
        [("call_ab12cd34", r#"{"city":"Paris","days":1.50}"#), ("call_ef56ab78", r#"{"city":"Z\u00fcrich"}"#)];
    assert_eq!(calls.collect::<Vec<_>>(), expected);
    assert_eq!(reply.choices.first().unwrap().finish, Some(FinishReason::ToolCalls));
    // The recorded server sends none; the same reply gets the same each time.
    let id = |events: &[ReplyEvent]| {
        events
            .iter()
            .find_map(|event| if let ReplyEvent::ToolCall { id, .. } = event { Some(id.clone()) } else { None })
    };
    let (events, _) = read_stream(chat(), Framing::Ndjson, Detail::Full, STREAMS[1]);
    assert_eq!(id(&events).as_deref(), Some("call_0_20261123T142926323857964Z"));
}

#[test]
fn an_error_ends_a_stream() {
    // The line behind the error claims that all went well. It must not make the reply complete.
    let stream = b"{\"model\":\"m\",\"message\":{\"content\":\"a\"},\"done\":false}\n{\"error\":\"an error was encountered while running the model\"}\n{\"done\":true}\n";
    for detail in [Detail::Full, Detail::MeterOnly] {
        let (events, _) = read_stream(chat(), Framing::Ndjson, detail, stream);
        assert!(
            matches!(events.last(), Some(ReplyEvent::Failed(error)) if error.message.contains("running")),
            "{events:?}"
        );
    }
    let written =
        chat().stream_writer(ReplyContext::default()).unwrap().fail(&PublicError::new(Code::Overloaded, "later"), "r");
    assert_eq!(written, "{\"error\":\"later\"}\n");
}

#[test]
fn whole_replies_are_read() {
    for (body, finish) in [
        (&include_bytes!("fixtures/recorded/chat.response.txt")[..], FinishReason::Length),
        (include_bytes!("fixtures/recorded/chat_think.response.txt"), FinishReason::Stop),
        (include_bytes!("fixtures/recorded/chat_tools.response.txt"), FinishReason::ToolCalls),
        (include_bytes!("fixtures/recorded/chat_format_schema.response.txt"), FinishReason::Stop),
    ] {
        let events = chat().read_reply(body).unwrap();
        let reply = CollectedReply::collect(&events);
        assert_eq!(reply.choices.first().and_then(|choice| choice.finish.clone()), Some(finish));
        assert!(reply.usage.is_some() && reply.timings.is_some());
        let again = chat().write_reply(&events, &ReplyContext::default()).unwrap();
        assert_eq!(CollectedReply::collect(&chat().read_reply(&again.body).unwrap()), reply);
    }
    // An empty chat only loads the model. It has no usage, and must not be taken for a stop.
    let loaded = br#"{"model":"m","created_at":"2026-11-23T14:29:08Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"load"}"#;
    let events = chat().read_reply(loaded).unwrap();
    assert!(events.contains(&ReplyEvent::Finished {
        choice: 0,
        reason: FinishReason::Other("load".into()),
        stop_sequence: None
    }));
    assert!(!events.iter().any(|event| matches!(event, ReplyEvent::Usage(_))));
    assert_eq!(
        value(std::str::from_utf8(&chat().write_reply(&events, &ReplyContext::default()).unwrap().body).unwrap()),
        value(std::str::from_utf8(loaded).unwrap())
    );
}

#[test]
fn other_formats_answers_are_written() {
    let events = [
        ReplyEvent::Text { choice: 0, text: "Look.".into() },
        ReplyEvent::ToolCall { choice: 0, index: 0, id: "a".into(), name: "f".into() },
        ReplyEvent::ToolArguments { choice: 0, index: 0, fragment: "{\"x\"".into() },
        ReplyEvent::ToolArguments { choice: 0, index: 0, fragment: ":1}".into() },
        ReplyEvent::Text { choice: 1, text: "Another.".into() },
        ReplyEvent::Finished { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None },
        ReplyEvent::Ended,
    ];
    let context = ReplyContext { model: "m".into(), created: 1_795_444_148, ..ReplyContext::default() };
    let head = r#""model":"m","created_at":"2026-11-23T14:29:08Z""#;
    let calls = r#""tool_calls":[{"id":"a","function":{"index":0,"name":"f","arguments":{"x":1}}}]"#;
    let whole = chat().write_reply(&events, &context).unwrap();
    let expected = format!(
        r#"{{{head},"message":{{"role":"assistant","content":"Look.",{calls}}},"done_reason":"stop","done":true}}"#
    );
    assert_eq!(whole.body, expected);
    assert_eq!(fields(&whole.dropped), ["n"]);
    let mut writer = chat().stream_writer(context).unwrap();
    let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let expected = format!(
        "{{{head},\"message\":{{\"role\":\"assistant\",\"content\":\"Look.\"}},\"done\":false}}\n\
         {{{head},\"message\":{{\"role\":\"assistant\",\"content\":\"\",{calls}}},\"done\":false}}\n\
         {{{head},\"message\":{{\"role\":\"assistant\",\"content\":\"\"}},\"done_reason\":\"stop\",\"done\":true}}\n"
    );
    assert_eq!(String::from_utf8(written).unwrap(), expected);
}

#[test]
fn completions_stream_and_answer() {
    let completion = codec(Dialect::Ollama, Capability::Completion);
    let stream = include_bytes!("fixtures/recorded/generate_stream.response.txt");
    let events = check_cuts(completion, Framing::Ndjson, stream);
    let mut writer = completion.stream_writer(ReplyContext::default()).unwrap();
    let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let (again, _) = read_stream(completion, Framing::Ndjson, Detail::Full, &written);
    assert_eq!(CollectedReply::collect(&again), CollectedReply::collect(&events));
    let (looked_over, _) = read_stream(completion, Framing::Ndjson, Detail::MeterOnly, stream);
    assert_eq!((meter_events(&looked_over), text_bytes(&looked_over)), (meter_events(&events), text_bytes(&events)));

    let whole = include_bytes!("fixtures/recorded/generate.response.txt");
    let events = completion.read_reply(whole).unwrap();
    let written = completion.write_reply(&events, &ReplyContext::default()).unwrap().body;
    assert_eq!(CollectedReply::collect(&completion.read_reply(&written).unwrap()), CollectedReply::collect(&events));

    let request = br#"{"model":"upstream","prompt":"def f(","suffix":")","raw":true,"system":"s","images":["AA=="],"context":[1,2],"think":false,"stream":false,"options":{"num_predict":3}}"#;
    let operation = completion.read_request(request).unwrap();
    let written = completion.write_request(&operation, &target(Quirks::default())).unwrap();
    assert_eq!(value(std::str::from_utf8(&written.body).unwrap()), value(std::str::from_utf8(request).unwrap()));
    assert_eq!(written.dropped, []);
    // OpenAI answers each of several prompts. Taking the first alone would answer half of the request.
    let two = CompletionRequest { prompts: vec![Prompt::Text("a".into()); 2], ..CompletionRequest::default() };
    let error = completion.write_request(&Operation::Completion(Box::new(two)), &target(Quirks::default()));
    assert_eq!(error.unwrap_err().to_string(), "prompt: ollama takes one string, not an array or token ids");
}

#[test]
fn vectors_are_read_and_written() {
    let embedding = codec(Dialect::Ollama, Capability::Embedding);
    let body = include_bytes!("fixtures/recorded/embed.response.txt");
    let events = embedding.read_reply(body).unwrap();
    let shape = events.iter().find_map(|event| match event {
        ReplyEvent::Embeddings(vectors) => Some(vectors.iter().map(Vec::len).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(shape, Some(vec![576, 576]));
    let used =
        events.iter().find_map(|event| if let ReplyEvent::Usage(usage) = event { Some(usage.clone()) } else { None });
    assert_eq!(used.unwrap().get(UsageClass::Input), 2);
    let written = embedding.write_reply(&events, &ReplyContext::default()).unwrap().body;
    assert_eq!(value(std::str::from_utf8(&written).unwrap()), value(std::str::from_utf8(body).unwrap()));

    let request = br#"{"model":"upstream","input":["a","b"],"truncate":true,"dimensions":8,"options":{"num_thread":2},"keep_alive":0}"#;
    let operation = embedding.read_request(request).unwrap();
    let mut sized = target(Quirks::default());
    sized.context_window = Some(4_096);
    let written = embedding.write_request(&operation, &sized).unwrap();
    let expected = r#"{"model":"upstream","input":["a","b"],"truncate":true,"dimensions":8,"options":{"num_thread":2,"num_ctx":4096},"keep_alive":0}"#;
    assert_eq!((written.body, written.dropped), (expected.into(), vec![]));
    // Ollama cuts long inputs silently unless told not to, and the vector of half a text looks like any other.
    let bare = embedding.read_request(br#"{"input":"a"}"#).unwrap();
    let written = embedding.write_request(&bare, &target(Quirks::default())).unwrap();
    assert_eq!(written.body, r#"{"model":"upstream","input":"a","truncate":false}"#);
    let Operation::Embedding(mut request) = bare else { panic!("{bare:?}") };
    request.input.push(Prompt::Tokens(vec![1]));
    assert!(embedding.write_request(&Operation::Embedding(request), &sized).is_err());
}

/// Whether one of its tools has to be called.
fn demands_call(request: &ChatRequest) -> bool {
    let functions = request.tools.iter().filter_map(|tool| match tool {
        Tool::Function { name, .. } => Some(name),
        Tool::Other { .. } => None,
    });
    match &request.tool_choice {
        Some(ToolChoice::Required) => functions.count() > 0,
        Some(ToolChoice::Tool(wanted)) => functions.into_iter().any(|name| name == wanted),
        _ => false,
    }
}

/// What reading back a written request gives: what this format has fewer words for, in those.
fn as_said_here(request: &ChatRequest) -> ChatRequest {
    let mut said = ChatRequest {
        tool_choice: None,
        parallel_tool_calls: None,
        n: None,
        end_user: None,
        service_tier: None,
        verbosity: None,
        ..request.clone()
    };
    if request.tool_choice == Some(ToolChoice::None) {
        said.tools.clear();
    }
    for tool in &mut said.tools {
        if let Tool::Function { strict, parameters, .. } = tool {
            *strict = None;
            parameters.get_or_insert(Json(r#"{"type":"object","properties":{}}"#.into()));
        }
    }
    said.output = match said.output {
        OutputFormat::Text => OutputFormat::Unspecified,
        OutputFormat::Schema(mut schema) => {
            (schema.name, schema.description, schema.strict) = (None, None, None);
            OutputFormat::Schema(schema)
        }
        other => other,
    };
    said.reasoning = said.reasoning.map(|reasoning| match reasoning.effort {
        // A model with levels has none for this.
        Some(Effort::None) => ReasoningOptions { effort: Some(Effort::Low), ..reasoning },
        Some(Effort::Minimal) => ReasoningOptions { effort: Some(Effort::Low), ..reasoning },
        Some(Effort::XHigh) => ReasoningOptions { effort: Some(Effort::Max), ..reasoning },
        _ => reasoning,
    });
    let mut called = HashMap::new();
    said.messages = request.messages.iter().map(|message| message_as_said_here(message, &mut called)).collect();
    said
}

fn message_as_said_here(message: &Message, called: &mut HashMap<String, String>) -> Message {
    let separator = if message.role == MessageRole::Assistant { "" } else { "\n" };
    let (mut reasoning_part, mut text, mut images, mut rest) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for part in &message.parts {
        let image = |data: &String| {
            let source = MediaSource::Base64 { media_type: String::new(), data: data.clone() };
            Part::from(PartKind::Image(Image { source, detail: None }))
        };
        match part.kind.clone() {
            PartKind::Text { text: more, .. } => text.push(more),
            PartKind::Reasoning(more) => reasoning_part.push_str(&more.text),
            PartKind::Image(Image { source: MediaSource::Base64 { data, .. }, .. }) | PartKind::Audio { data, .. } => {
                images.push(image(&data));
            }
            PartKind::ToolCall(call) => {
                called.insert(call.id.clone(), call.name.clone());
                rest.push(PartKind::ToolCall(call).into());
            }
            PartKind::ToolResult(mut result) => {
                result.name = called.get(&result.call_id).cloned();
                rest.push(PartKind::ToolResult(result).into());
            }
            _ => {}
        }
    }
    let reasoning_part = baton_model::chat::Reasoning { text: reasoning_part, ..Default::default() };
    let reasoning_part = (!reasoning_part.text.is_empty()).then(|| PartKind::Reasoning(reasoning_part).into());
    let text = (!text.is_empty()).then(|| Part::text(text.join(separator)));
    let role = if message.role == MessageRole::Developer { MessageRole::System } else { message.role };
    Message { role, name: None, parts: reasoning_part.into_iter().chain(images).chain(text).chain(rest).collect() }
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

proptest! {
    #[test]
    fn what_is_written_reads_back(request in chat_request()) {
        let (written, _) = write(&request, &target(with_levels()));
        let mut read_back = read(&written);
        if demands_call(&request) {
            // Said by the schema of the reply, which takes the place of the client's own.
            prop_assert!(written.contains(r#""required":["name","arguments"]"#));
            read_back.output = as_said_here(&request).output;
        }
        prop_assert_eq!(read_back, as_said_here(&request));
        // And what this format can say, it says again without a loss.
        let said = as_said_here(&request);
        let (written, dropped) = write(&said, &target(with_levels()));
        prop_assert_eq!(read(&written), said);
        prop_assert_eq!(dropped, []);
    }

    #[test]
    fn readers_survive_anything(bytes: Vec<u8>, frame in r#"[{}\[\]",:a-z0-9]{0,40}\n"#) {
        for capability in Capability::ALL {
            let Some(codec) = crate::codec(Dialect::Ollama, capability) else { continue };
            let _ = (codec.read_request(&bytes), codec.read_reply(&bytes));
            for detail in [Detail::Full, Detail::MeterOnly] {
                let Some(mut reader) = codec.stream_reader(detail) else { continue };
                let _ = (reader.push(&bytes), reader.push(frame.as_bytes()), reader.finish());
            }
        }
    }
}
