//! Everything but chats.

use crate::setup::{Pair, TestRequest, collect};
use baton_model::operation::TranscriptionRequest;
use baton_model::{Capability, Detail, Dialect, Operation, ReplyEvent, Target, UsageClass};
use baton_provider_api::{Mode, OutgoingRequest, ReplyForm};
use baton_sim::Kind;
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn texts_become_vectors() {
    for (kind, model) in [(Kind::OpenAi, "text-embedding-3-small"), (Kind::Ollama, "nomic-embed-text")] {
        let pair = Pair::new(kind).await;
        let body = json!({ "model": "m", "input": ["one two", "three"], "encoding_format": "base64" });
        let (_, frames) = pair.ask(TestRequest::of(model, Capability::Embedding, body)).await.unwrap();
        let vectors = frames[0].events.iter().find_map(|event| match event {
            ReplyEvent::Embeddings(vectors) => Some(vectors),
            _ => None,
        });
        let lengths: Vec<_> = vectors.unwrap().iter().map(|v| v.iter().map(|x| x * x).sum::<f32>()).collect();
        assert_eq!(lengths.len(), 2, "{kind:?}");
        assert!(lengths.iter().all(|length| (length - 1.0).abs() < 1e-5), "{kind:?}: {lengths:?}");
        assert_eq!(collect(&frames).usage.unwrap().get(UsageClass::Input), 3, "{kind:?}");
    }
}

#[tokio::test]
async fn a_text_is_continued() {
    for (kind, model) in [(Kind::OpenAi, "gpt-3.5-turbo-instruct"), (Kind::Ollama, "llama3.2")] {
        let pair = Pair::new(kind).await;
        for stream in [false, true] {
            let body = json!({ "model": "m", "prompt": "Say 20 words", "max_tokens": 2 });
            let ask = TestRequest::of(model, Capability::Completion, body);
            let (_, frames) = pair.ask(if stream { ask.stream() } else { ask }).await.unwrap();
            let text = frames.iter().flat_map(|frame| &frame.events).filter_map(|event| match event {
                ReplyEvent::Text { text, .. } => Some(text.as_str()),
                _ => None,
            });
            let text: String = text.collect();
            assert_eq!(text, "word1 word2", "{kind:?} {stream}");
        }
    }
}

#[tokio::test]
async fn a_text_becomes_a_picture() {
    let pair = Pair::new(Kind::OpenAi).await;
    let body = json!({ "model": "m", "prompt": "a cat", "n": 2 });
    let (_, frames) = pair.ask(TestRequest::of("gpt-image-1", Capability::ImageGeneration, body)).await.unwrap();
    let images = frames[0].events.iter().filter(|event| matches!(event, ReplyEvent::Image(_))).count();
    assert_eq!(images, 2);
}

#[tokio::test]
async fn a_text_is_spoken() {
    let pair = Pair::new(Kind::OpenAi).await;
    let body = json!({ "model": "m", "input": "hello", "voice": "alloy", "response_format": "wav" });
    let (exchange, frames) = pair.ask(TestRequest::of("tts-1", Capability::AudioSpeech, body)).await.unwrap();
    assert_eq!(exchange.content_type, "audio/wav");
    let audio: Vec<u8> = frames.iter().flat_map(|frame| frame.bytes.to_vec()).collect();
    assert!(audio.starts_with(b"RIFF") && audio.len() == 44 + 50, "{}", audio.len());
    assert_eq!(frames.last().unwrap().events, [ReplyEvent::Ended]);
}

#[tokio::test]
async fn speech_is_written_down() {
    for (kind, model) in [(Kind::OpenAi, "whisper-1"), (Kind::Ollama, "llama3.2")] {
        let pair = Pair::new(kind).await;
        let operation = Operation::Transcription(TranscriptionRequest {
            model: "m".into(),
            // Bytes that look like the end of a form's part.
            file: Bytes::from_static(b"RIFF\r\n--not a boundary\r\n"),
            filename: "speech.wav".into(),
            response_format: Some("json".into()),
            ..TranscriptionRequest::default()
        });
        let target = Target::new(Arc::new(crate::setup::model(model)));
        let outgoing = OutgoingRequest {
            target: &target,
            capability: Capability::AudioTranscription,
            dialect: Dialect::OpenAi,
            mode: Mode::Translated(&operation),
            size: 0,
            strict: false,
            form: ReplyForm::Whole,
            detail: Detail::Full,
            headers: &[],
            query: None,
            timeout: None,
        };
        let mut exchange = pair.provider.send(outgoing).await.unwrap();
        let frame = exchange.frames.next().await.unwrap().unwrap();
        let heard = frame.events.iter().find_map(|event| match event {
            ReplyEvent::Transcript(transcript) => Some(transcript.text.as_str()),
            _ => None,
        });
        assert_eq!(heard, Some("The quick brown fox jumps over the lazy dog."), "{kind:?}");
    }
}
