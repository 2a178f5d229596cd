//! The format as a whole: fixtures, generated requests, rewritten bodies.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "tests")]

use crate::framing::{Framing, splice::scan};
use crate::testing::{
    chat_request, check_cuts, codec, meter_events, read_stream, target, target_with_defaults, text_bytes,
};
use crate::{Codec, Dropped, EncodedBody, ReplyContext};
use baton_model::chat::{ChatRequest, Json, PartKind};
use baton_model::entity::{MaxTokensField, ReasoningHistory, ReasoningStyle};
use baton_model::event::{CollectedReply, FinishReason, ReplyChoice, ReplyEvent};
use baton_model::{Capability, Detail, Dialect, Operation, Quirks, Target, UsageClass};
use bytes::Bytes;
use proptest::prelude::*;

fn chat() -> &'static dyn Codec {
    codec(Dialect::OpenAi, Capability::Chat)
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

/// Whole and streamed are read by the same code, so one form of each is enough.
#[test]
fn ends_and_calls_of_other_servers_are_understood() {
    let read = |choice: &str| {
        let body = format!(r#"{{"id":"r","model":"m","choices":[{choice}]}}"#);
        CollectedReply::collect(&chat().read_reply(body.as_bytes()).unwrap()).choices.remove(0)
    };
    for (more, finish, sequence) in [
        (r#""stop_reason":"END""#, FinishReason::StopSequence, Some("END")),
        (r#""matched_stop":"END""#, FinishReason::StopSequence, Some("END")),
        // The token that ends every reply, nothing, and a gateway's word for the same.
        (r#""stop_reason":128009"#, FinishReason::Stop, None),
        (r#""matched_stop":2"#, FinishReason::Stop, None),
        (r#""stop_reason":null"#, FinishReason::Stop, None),
        (r#""stop_reason":"end_turn""#, FinishReason::Stop, None),
    ] {
        let choice = read(&format!(r#"{{"message":{{"content":"a"}},"finish_reason":"stop",{more}}}"#));
        assert_eq!((choice.finish, choice.stop_sequence.as_deref()), (Some(finish), sequence), "{more}");
    }
    let choice = read(
        r#"{"message":{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{\"a\":1}"}},"finish_reason":"function_call"}"#,
    );
    assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
    let PartKind::ToolCall(call) = &choice.parts[0].kind else { panic!("{choice:?}") };
    assert_eq!((call.name.as_str(), call.arguments.as_str(), call.id.as_str()), ("f", r#"{"a":1}"#, "call_0_r"));
}

/// Of a model that takes back all that the format can say.
fn everything() -> Quirks {
    let reasoning_history = ReasoningHistory::ThinkingBlocks;
    Quirks { cache_marks: Some(true), reasoning_history, ..Quirks::default() }
}

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
    assert_eq!(String::from_utf8_lossy(&rewritten.body), expected);
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

const STREAMS: [&[u8]; 5] = [
    include_bytes!("fixtures/llama-server/chat_stream.response.txt"),
    include_bytes!("fixtures/llama-server/chat_tools_required_stream.response.txt"),
    include_bytes!("fixtures/ollama/v1_chat_stream.response.txt"),
    include_bytes!("fixtures/ollama/v1_chat_tools_stream.response.txt"),
    include_bytes!("fixtures/by-hand/chat_n2_usage.response.txt"),
];

#[test]
fn streams_survive_every_cut_and_facts_agree() {
    for stream in STREAMS {
        let full = check_cuts(chat(), Framing::Sse, stream);
        let (looked_over, error) = read_stream(chat(), Framing::Sse, Detail::MeterOnly, stream);
        assert_eq!(error, None);
        assert_eq!(meter_events(&looked_over), meter_events(&full));
        assert_eq!(text_bytes(&looked_over), text_bytes(&full));
    }
}

#[test]
fn a_stream_written_reads_back() {
    for stream in STREAMS {
        let (events, _) = read_stream(chat(), Framing::Sse, Detail::Full, stream);
        let mut writer = chat().stream_writer(ReplyContext { include_usage: true, ..ReplyContext::default() }).unwrap();
        let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
        let (again, error) = read_stream(chat(), Framing::Sse, Detail::Full, &written);
        assert_eq!((CollectedReply::collect(&again), error), (CollectedReply::collect(&events), None));
        let whole = chat().write_reply(&events, &ReplyContext::default()).unwrap();
        let whole = CollectedReply::collect(&chat().read_reply(&whole.body).unwrap());
        assert_eq!(whole, CollectedReply::collect(&events));
    }
}

/// What an SDK makes of the pieces: lists by `index`, and texts one after the other.
#[test]
fn blocks_of_thought_that_were_streamed_come_back_whole() {
    let mut writer = chat().stream_writer(ReplyContext::default()).unwrap();
    let mut out = Vec::new();
    let text = |text: &str| ReplyEvent::Reasoning { choice: 0, text: text.into() };
    let signature = |signature: &str| ReplyEvent::ReasoningSignature { choice: 0, signature: signature.into() };
    let redacted = ReplyEvent::RedactedReasoning { choice: 0, data: "d".into() };
    for event in [text("a"), text("b"), signature("s"), redacted, text("c"), text("d"), signature("t")] {
        out.extend(writer.push(&event));
    }
    let (mut said, mut blocks) = (String::new(), vec![serde_json::json!({}); 3]);
    for line in String::from_utf8(out).unwrap().lines().filter_map(|line| line.strip_prefix("data: ")) {
        let chunk: serde_json::Value = serde_json::from_str(line).unwrap();
        let delta = &chunk["choices"][0]["delta"];
        said.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        for piece in delta["thinking_blocks"].as_array().into_iter().flatten() {
            let block = &mut blocks[usize::try_from(piece["index"].as_u64().unwrap()).unwrap()];
            for (name, value) in piece.as_object().unwrap().iter().filter(|(name, _)| *name != "index") {
                let before = block[name].as_str().filter(|_| name != "type").unwrap_or_default().to_owned();
                block[name] = (before + value.as_str().unwrap()).into();
            }
        }
    }
    let message = serde_json::json!({ "role": "assistant", "reasoning_content": said, "thinking_blocks": blocks });
    let request = read(&serde_json::json!({ "model": "m", "messages": [message] }).to_string());
    let reasoning_part = |part: &'_ baton_model::chat::Part| match &part.kind {
        PartKind::Reasoning(reasoning_part) => Some(reasoning_part.clone()),
        _ => None,
    };
    let reasoning_parts: Vec<_> = request.messages[0].parts.iter().filter_map(reasoning_part).collect();
    let told: Vec<_> = reasoning_parts
        .iter()
        .map(|reasoning_part| (reasoning_part.text.as_str(), reasoning_part.signature.as_deref()))
        .collect();
    assert_eq!(told, [("ab", Some("s")), ("", None), ("cd", Some("t"))]);
    assert_eq!(reasoning_parts[1].redacted.as_deref(), Some("d"));
}

#[test]
fn an_error_ends_a_stream() {
    // `[DONE]` behind an error must not make the reply complete.
    let stream = b"data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}\n\ndata: [DONE]\n\n";
    for detail in [Detail::Full, Detail::MeterOnly] {
        let (events, _) = read_stream(chat(), Framing::Sse, detail, stream);
        assert!(matches!(events.last(), Some(ReplyEvent::Failed(error)) if error.message == "m"), "{events:?}");
    }
    let error = baton_model::PublicError::new(baton_model::Code::Overloaded, "later");
    let written = chat().stream_writer(ReplyContext::default()).unwrap().fail(&error, "r");
    assert!(written.starts_with(b"data: {\"error\":{\"message\":\"later\""));
}

/// How vendors number and name the calls of one choice, and the result: (id, name, arguments).
#[test]
fn tool_calls_are_put_together_however_they_come() {
    let check = |chunks: &[&str], expected: &[(&str, &str, &str)]| {
        let frames: Vec<String> = chunks
            .iter()
            .map(|calls| {
                format!(
                    "data: {{\"id\":\"r.1\",\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{calls}]}}}}]}}\n\n"
                )
            })
            .collect();
        let (events, error) = read_stream(chat(), Framing::Sse, Detail::Full, frames.concat().as_bytes());
        assert_eq!(error, None);
        let reply = CollectedReply::collect(&events);
        let Some(ReplyChoice { parts, .. }) = reply.choices.first() else { panic!("{events:?}") };
        let calls: Vec<_> = parts
            .iter()
            .filter_map(|part| match &part.kind {
                PartKind::ToolCall(call) => Some((call.id.as_str(), call.name.as_str(), call.arguments.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(calls, expected);
    };
    // By the reference: numbered, with the pieces of parallel calls in any order.
    let interleaved = [
        r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g"}}"#,
        r#"{"index":1,"function":{"arguments":"{}"}},{"index":0,"function":{"arguments":"{\"x\""}}"#,
        r#"{"index":0,"function":{"arguments":":1}"}}"#,
    ];
    check(&interleaved, &[("a", "f", "{\"x\":1}"), ("b", "g", "{}")]);
    // Some vendors give every call index 0. A new id tells the calls apart.
    let all_zero = [
        r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#,
        r#"{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}"#,
    ];
    check(&all_zero, &[("a", "f", "{}"), ("b", "f", "{}")]);
    // Some send calls whole, with neither index nor id, and arguments as an object.
    let bare = [r#"{"function":{"name":"f","arguments":{"x":1}}}"#, r#"{"function":{"name":"g","arguments":""}}"#];
    check(&bare, &[("call_0_r1", "f", "{\"x\":1}"), ("call_1_r1", "g", "")]);
    let late_name = [
        r#"{"index":0,"id":"a","function":{"arguments":"{"}}"#,
        r#"{"index":0,"function":{"name":"f","arguments":"}"}}"#,
    ];
    check(&late_name, &[("a", "f", "{}")]);
}

#[test]
fn whole_replies_are_read() {
    for (body, finish) in [
        (&include_bytes!("fixtures/llama-server/chat.response.txt")[..], FinishReason::Stop),
        (include_bytes!("fixtures/llama-server/chat_logprobs.response.txt"), FinishReason::Length),
        (include_bytes!("fixtures/llama-server/chat_n2.response.txt"), FinishReason::Length),
        (include_bytes!("fixtures/llama-server/chat_tools_required.response.txt"), FinishReason::ToolCalls),
        (include_bytes!("fixtures/ollama/v1_chat.response.txt"), FinishReason::Length),
    ] {
        let events = chat().read_reply(body).unwrap();
        let reply = CollectedReply::collect(&events);
        assert_eq!(reply.choices.first().and_then(|choice| choice.finish.clone()), Some(finish));
        assert!(reply.usage.is_some());
        let again = chat().write_reply(&events, &ReplyContext::default()).unwrap();
        assert_eq!(CollectedReply::collect(&chat().read_reply(&again.body).unwrap()), reply);
    }
}

#[test]
fn completions_stream_and_answer() {
    let completion = codec(Dialect::OpenAi, Capability::Completion);
    let stream = include_bytes!("fixtures/llama-server/completions_stream.response.txt");
    let events = check_cuts(completion, Framing::Sse, stream);
    let mut writer = completion.stream_writer(ReplyContext::default()).unwrap();
    let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let (again, _) = read_stream(completion, Framing::Sse, Detail::Full, &written);
    assert_eq!(CollectedReply::collect(&again).choices, CollectedReply::collect(&events).choices);

    // A chat's events make a completion, too.
    let said = [
        ReplyEvent::Text { choice: 0, text: "Paris".into() },
        ReplyEvent::Finished { choice: 0, reason: FinishReason::Stop, stop_sequence: None },
    ];
    let body = completion
        .write_reply(&said, &ReplyContext { id: "i".into(), model: "m".into(), created: 1, ..ReplyContext::default() })
        .unwrap()
        .body;
    let expected = r#"{"id":"i","object":"text_completion","created":1,"model":"m","choices":[{"text":"Paris","index":0,"logprobs":null,"finish_reason":"stop"}]}"#;
    assert_eq!(body, expected);

    let request = br#"{"model":"upstream","prompt":[[1,2],[3]],"suffix":"s","echo":true,"max_tokens":3,"logprobs":2,"best_of":2}"#;
    let operation = completion.read_request(request).unwrap();
    let written = completion.write_request(&operation, &target(Quirks::default())).unwrap();
    assert_eq!(completion.read_request(&written.body).unwrap(), operation);
}

#[test]
fn vectors_come_in_both_forms() {
    let embedding = codec(Dialect::OpenAi, Capability::Embedding);
    let vectors = |body: &[u8]| match embedding
        .read_reply(body)
        .unwrap()
        .into_iter()
        .find(|event| matches!(event, ReplyEvent::Embeddings(_)))
    {
        Some(ReplyEvent::Embeddings(vectors)) => vectors,
        other => panic!("{other:?}"),
    };
    for body in [
        &include_bytes!("fixtures/llama-server/embeddings.response.txt")[..],
        include_bytes!("fixtures/llama-server/embeddings_base64.response.txt"),
        include_bytes!("fixtures/ollama/v1_embeddings.response.txt"),
    ] {
        let events = embedding.read_reply(body).unwrap();
        for base64 in [false, true] {
            let written = embedding.write_reply(&events, &ReplyContext { base64, ..ReplyContext::default() }).unwrap();
            assert_eq!(vectors(&written.body), vectors(body));
        }
    }
    for request in [
        &br#"{"model":"upstream","input":["a","b"],"dimensions":8,"encoding_format":"base64"}"#[..],
        br#"{"model":"upstream","input":[1,2],"task":"x"}"#,
    ] {
        let operation = embedding.read_request(request).unwrap();
        let written = embedding.write_request(&operation, &target(Quirks::default())).unwrap();
        assert_eq!(embedding.read_request(&written.body).unwrap(), operation);
    }
}

#[test]
fn transcripts_come_in_every_form() {
    let transcription = codec(Dialect::OpenAi, Capability::AudioTranscription);
    let check = |body: &str, text: &str, class: Option<(UsageClass, u64)>| {
        let events = transcription.read_reply(body.as_bytes()).unwrap();
        assert!(matches!(events.first(), Some(ReplyEvent::Transcript(heard)) if heard.text == text), "{events:?}");
        let used = events
            .iter()
            .find_map(|event| if let ReplyEvent::Usage(usage) = event { usage.nonzero().next() } else { None });
        assert_eq!(used, class);
        assert_eq!(transcription.write_reply(&events, &ReplyContext::default()).unwrap().body, body);
    };
    check(r#"{"text":"hi","usage":{"type":"duration","seconds":3}}"#, "hi", Some((UsageClass::AudioMillis, 3_000)));
    check(
        r#"{"text":"hi","usage":{"type":"tokens","input_tokens":5,"input_token_details":{"audio_tokens":5},"output_tokens":0}}"#,
        "hi",
        Some((UsageClass::AudioInput, 5)),
    );
    check(
        r#"{"task":"transcribe","duration":"2.5","text":"hi","segments":[]}"#,
        "hi",
        Some((UsageClass::AudioMillis, 2_500)),
    );
    check("1\n00:00:00,000 --> 00:00:01,000\nhi\n", "1\n00:00:00,000 --> 00:00:01,000\nhi\n", None);
}

#[test]
fn pictures_are_counted_by_the_piece_or_by_tokens() {
    let image = codec(Dialect::OpenAi, Capability::ImageGeneration);
    let used = |body: &str| {
        let events = image.read_reply(body.as_bytes()).unwrap();
        events.iter().find_map(|event| {
            if let ReplyEvent::Usage(usage) = event { Some(usage.nonzero().collect::<Vec<_>>()) } else { None }
        })
    };
    assert_eq!(used(r#"{"created":1,"data":[{"url":"u"},{"url":"v"}]}"#), Some(vec![(UsageClass::Images, 2)]));
    let tokens = r#"{"created":1,"data":[{"b64_json":"AA=="}],"usage":{"total_tokens":110,"input_tokens":10,"output_tokens":100,"input_tokens_details":{"text_tokens":8,"image_tokens":2}}}"#;
    let expected = vec![(UsageClass::Input, 8), (UsageClass::ImageInput, 2), (UsageClass::ImageOutput, 100)];
    assert_eq!(used(tokens), Some(expected));
    // Text that the model wrote is billed as text.
    let text = tokens.replace(
        r#""input_tokens_details""#,
        r#""output_tokens_details":{"text_tokens":30,"image_tokens":70},"input_tokens_details""#,
    );
    let events = image.read_reply(text.as_bytes()).unwrap();
    let written = image.write_reply(&events, &ReplyContext::default()).unwrap().body;
    for body in [text.as_bytes(), &written] {
        let expected = [
            (UsageClass::Input, 8),
            (UsageClass::Output, 30),
            (UsageClass::ImageInput, 2),
            (UsageClass::ImageOutput, 70),
        ];
        assert_eq!(used(std::str::from_utf8(body).unwrap()), Some(expected.to_vec()));
    }
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
