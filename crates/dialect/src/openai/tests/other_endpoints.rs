//! Completions, embeddings, transcriptions, images.

use crate::ReplyContext;
use crate::framing::Framing;
use crate::testing::{check_cuts, codec, read_stream, target};
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent};
use baton_model::{Capability, Detail, Dialect, Quirks, UsageClass};

#[test]
fn completions_stream_and_answer() {
    let completion = codec(Dialect::OpenAi, Capability::Completion);
    let stream = include_bytes!("../fixtures/llama-server/completions_stream.response.txt");
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
        &include_bytes!("../fixtures/llama-server/embeddings.response.txt")[..],
        include_bytes!("../fixtures/llama-server/embeddings_base64.response.txt"),
        include_bytes!("../fixtures/ollama/v1_embeddings.response.txt"),
    ] {
        let events = embedding.read_reply(body).unwrap();
        // Looked over for its facts, it gives the same bill and the same end.
        let facts = embedding.read_reply_facts(body).unwrap();
        let is_fact = |event: &&ReplyEvent| matches!(event, ReplyEvent::Usage(_) | ReplyEvent::Ended);
        assert!(facts.iter().any(ReplyEvent::is_content));
        assert_eq!(
            facts.iter().filter(is_fact).cloned().collect::<Vec<_>>(),
            events.iter().filter(is_fact).cloned().collect::<Vec<_>>()
        );
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
