//! Replies, whole and as streams: what is read, and what is written.

use super::{chat, fields, value};
use crate::ReplyContext;
use crate::framing::Framing;
use crate::testing::{check_cuts, codec, meter_events, read_stream, target, text_bytes};
use baton_model::chat::PartKind;
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent};
use baton_model::operation::{CompletionRequest, Prompt};
use baton_model::{Capability, Code, Detail, Dialect, Operation, PublicError, Quirks, UsageClass};

const STREAMS: [&[u8]; 5] = [
    include_bytes!("../fixtures/recorded/chat_stream.response.txt"),
    include_bytes!("../fixtures/recorded/chat_tools_stream.response.txt"),
    include_bytes!("../fixtures/recorded/chat_think_stream.response.txt"),
    include_bytes!("../fixtures/by-hand/chat_tools_ids_stream.response.txt"),
    include_bytes!("../fixtures/by-hand/chat_logprobs_stream.response.txt"),
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
        (&include_bytes!("../fixtures/recorded/chat.response.txt")[..], FinishReason::Length),
        (include_bytes!("../fixtures/recorded/chat_think.response.txt"), FinishReason::Stop),
        (include_bytes!("../fixtures/recorded/chat_tools.response.txt"), FinishReason::ToolCalls),
        (include_bytes!("../fixtures/recorded/chat_format_schema.response.txt"), FinishReason::Stop),
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
    let stream = include_bytes!("../fixtures/recorded/generate_stream.response.txt");
    let events = check_cuts(completion, Framing::Ndjson, stream);
    let mut writer = completion.stream_writer(ReplyContext::default()).unwrap();
    let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let (again, _) = read_stream(completion, Framing::Ndjson, Detail::Full, &written);
    assert_eq!(CollectedReply::collect(&again), CollectedReply::collect(&events));
    let (looked_over, _) = read_stream(completion, Framing::Ndjson, Detail::MeterOnly, stream);
    assert_eq!((meter_events(&looked_over), text_bytes(&looked_over)), (meter_events(&events), text_bytes(&events)));

    let whole = include_bytes!("../fixtures/recorded/generate.response.txt");
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
    let body = include_bytes!("../fixtures/recorded/embed.response.txt");
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
