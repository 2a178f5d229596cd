//! Replies that fail after work was done: what they used is billed, and what they say is in the client's words.

use crate::setup::{Pair, TestRequest};
use baton_model::event::CollectedReply;
use baton_model::{Capability, Detail, Dialect, ReplyEvent};
use baton_provider_api::{Recording, ReplyForm};
use baton_sim::Kind;
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::json;

/// A reply with an error and with what was used: the format, the endpoint, the reply whole, and as a stream.
const FAILED: [(Kind, Dialect, Capability, &str, &str); 7] = [
    (
        Kind::OpenAi,
        Dialect::OpenAi,
        Capability::Chat,
        r#"{"error":{"message":"broke"},"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#,
        "data: {\"id\":\"r\",\"model\":\"m\",\"choices\":[]}\n\ndata: {\"error\":{\"message\":\"broke\"},\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n",
    ),
    (
        Kind::OpenAi,
        Dialect::OpenAi,
        Capability::Completion,
        r#"{"choices":[{"index":0,"text":"","error":{"message":"broke"}}],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#,
        "event: error\ndata: {\"message\":\"broke\",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n",
    ),
    (
        Kind::OpenAi,
        Dialect::Responses,
        Capability::Chat,
        r#"{"id":"r","status":"failed","output":[],"error":{"code":"server_error","message":"broke"},"usage":{"input_tokens":7,"output_tokens":3}}"#,
        "data: {\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"output\":[],\"error\":{\"message\":\"broke\"},\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}}\n\n",
    ),
    (
        Kind::Anthropic,
        Dialect::Anthropic,
        Capability::Chat,
        r#"{"type":"error","error":{"type":"api_error","message":"broke"},"usage":{"input_tokens":7,"output_tokens":3}}"#,
        "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"broke\"},\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}\n\n",
    ),
    (
        Kind::Ollama,
        Dialect::Ollama,
        Capability::Chat,
        r#"{"error":"broke","prompt_eval_count":7,"eval_count":3}"#,
        "{\"error\":\"broke\",\"prompt_eval_count\":7,\"eval_count\":3}\n",
    ),
    (
        Kind::OpenAi,
        Dialect::OpenAi,
        Capability::AudioTranscription,
        r#"{"error":{"message":"broke"},"usage":{"type":"tokens","input_tokens":7,"output_tokens":3}}"#,
        "data: {\"type\":\"error\",\"error\":{\"message\":\"broke\"},\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}\n\n",
    ),
    (
        Kind::OpenAi,
        Dialect::OpenAi,
        Capability::AudioSpeech,
        "",
        "data: {\"type\":\"error\",\"error\":{\"message\":\"broke\"},\"usage\":{\"input_tokens\":7,\"output_tokens\":3}}\n\n",
    ),
];

#[tokio::test]
async fn what_a_failed_reply_used_is_reported() {
    for (kind, dialect, capability, whole, stream) in FAILED {
        let pair = Pair::new(kind).await;
        let forms = [(ReplyForm::Whole, whole), (ReplyForm::Stream, stream), (ReplyForm::Whole, stream)];
        for (form, body) in forms {
            // Audio that comes whole is bytes, and only chats are put together from a stream.
            let chats = matches!(capability, Capability::Chat | Capability::Completion);
            if body.is_empty()
                || (form == ReplyForm::Whole && body == stream && !chats)
                || dialect == Dialect::Ollama && body == stream && form == ReplyForm::Whole
            {
                continue;
            }
            for detail in [Detail::Full, Detail::MeterOnly] {
                let recording = Recording {
                    dialect,
                    capability,
                    form,
                    content_type: "application/json".into(),
                    hide_usage: true,
                    body: Bytes::copy_from_slice(body.as_bytes()),
                };
                let mut frames = pair.provider.replay(&recording, detail).unwrap().frames;
                let (mut events, mut hidden) = (Vec::new(), false);
                while let Some(frame) = frames.next().await {
                    let frame = frame.unwrap();
                    hidden |= frame.hidden && frame.events.iter().any(|event| matches!(event, ReplyEvent::Failed(_)));
                    events.extend(frame.events);
                }
                let what = format!("{dialect} {capability} {form:?} {detail:?}: {events:?}");
                assert!(!hidden, "{what}");
                let failed =
                    events.iter().any(|event| matches!(event, ReplyEvent::Failed(error) if error.message == "broke"));
                assert!(failed && !events.contains(&ReplyEvent::Ended), "{what}");
                let used = CollectedReply::collect(&events).usage.unwrap_or_default();
                assert_eq!((used.input_tokens(), used.output_tokens()), (7, 3), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn an_error_names_the_clients_tools() {
    // The vendor refuses the schema, and names the tool as it got it.
    let name = "mcp.warehouse/inventory reports: every item with stock below its threshold, newest first";
    let tool = json!([{ "type": "function", "function": { "name": name, "parameters": { "type": "string" } } }]);
    let pair = Pair::new(Kind::OpenAi).await;
    for exact in [true, false] {
        let ask = TestRequest::chat("gpt-4o", "Hello").with("tools", tool.clone());
        let error = pair.ask(if exact { ask.exact() } else { ask }).await.err().unwrap();
        assert!(error.message.contains(name), "{error}");
        let body = error.upstream.unwrap().body;
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(body["error"]["message"].as_str().unwrap().contains(name), "{body}");
    }
}
