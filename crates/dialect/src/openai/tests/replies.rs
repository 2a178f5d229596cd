//! Replies of chats, whole and as streams: what is read, and what is written.

use super::{chat, read};
use crate::ReplyContext;
use crate::framing::Framing;
use crate::testing::{check_cuts, meter_events, read_stream, text_bytes};
use baton_model::Detail;
use baton_model::chat::PartKind;
use baton_model::event::{CollectedReply, FinishReason, ReplyChoice, ReplyEvent};

#[test]
fn facts_of_whole_replies_are_those_of_all_their_events() {
    let is_fact = |event: &ReplyEvent| {
        matches!(event, ReplyEvent::Started(_) | ReplyEvent::Usage(_) | ReplyEvent::Failed(_) | ReplyEvent::Ended)
    };
    let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#;
    let choices = r#""choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]"#;
    let by_hand = [
        format!(r#"{{"id":"r","model":"m",{choices},{usage},"service_tier":"flex"}}"#),
        format!(r#"{{ {usage} , {choices} }}"#),
        // Without usage, with it elsewhere, with an error, and no reply at all.
        format!(r#"{{"id":"r",{choices}}}"#),
        format!(r#"{{"id":"r",{choices},"usage":null,"x_groq":{{{usage}}}}}"#),
        format!(r#"{{"id":"r","choices":[{{"index":0,{usage}}}]}}"#),
        format!(r#"{{"choices":[{{"error":{{"message":"no","code":502}}}}],{usage}}}"#),
        format!(r#"{{"error":{{"message":"no"}},{usage}}}"#),
        format!("{{{usage}}}"),
    ];
    let recorded = [
        include_str!("../fixtures/llama-server/chat.response.txt"),
        include_str!("../fixtures/llama-server/chat_n2.response.txt"),
        include_str!("../fixtures/ollama/v1_chat_tools.response.txt"),
    ];
    for body in by_hand.iter().map(String::as_str).chain(recorded) {
        let only_facts = |events: Vec<ReplyEvent>| events.into_iter().filter(is_fact).collect::<Vec<_>>();
        let facts = chat().read_reply_facts(body.as_bytes()).map(only_facts);
        assert_eq!(facts, chat().read_reply(body.as_bytes()).map(only_facts), "{body}");
    }
    let facts = chat().read_reply_facts(by_hand[0].as_bytes()).unwrap();
    assert!(!facts.iter().any(|event| matches!(event, ReplyEvent::Text { .. })), "the text is not read");
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

const STREAMS: [&[u8]; 5] = [
    include_bytes!("../fixtures/llama-server/chat_stream.response.txt"),
    include_bytes!("../fixtures/llama-server/chat_tools_required_stream.response.txt"),
    include_bytes!("../fixtures/ollama/v1_chat_stream.response.txt"),
    include_bytes!("../fixtures/ollama/v1_chat_tools_stream.response.txt"),
    include_bytes!("../fixtures/by-hand/chat_n2_usage.response.txt"),
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
        (&include_bytes!("../fixtures/llama-server/chat.response.txt")[..], FinishReason::Stop),
        (include_bytes!("../fixtures/llama-server/chat_logprobs.response.txt"), FinishReason::Length),
        (include_bytes!("../fixtures/llama-server/chat_n2.response.txt"), FinishReason::Length),
        (include_bytes!("../fixtures/llama-server/chat_tools_required.response.txt"), FinishReason::ToolCalls),
        (include_bytes!("../fixtures/ollama/v1_chat.response.txt"), FinishReason::Length),
    ] {
        let events = chat().read_reply(body).unwrap();
        let reply = CollectedReply::collect(&events);
        assert_eq!(reply.choices.first().and_then(|choice| choice.finish.clone()), Some(finish));
        assert!(reply.usage.is_some());
        let again = chat().write_reply(&events, &ReplyContext::default()).unwrap();
        assert_eq!(CollectedReply::collect(&chat().read_reply(&again.body).unwrap()), reply);
    }
}
