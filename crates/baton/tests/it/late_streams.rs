//! Streams whose first content is late: their head leaves, comments keep them alive, and they can still fall back.

use crate::baton::{Baton, ClientReply, chat_body};
use baton_model::record::Outcome;
use http::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The streams that have comments: path, and how the first event of an error begins.
const WITH_COMMENTS: [(&str, &str); 4] = [
    ("/v1/chat/completions", "data: {\"error\":"),
    ("/v1/messages", "event: error\n"),
    ("/v1/responses", "event: error\n"),
    ("/api/models/chat", "data: {\"error\":"),
];

/// A Baton in front of a provider that takes connections and says nothing, for a second.
async fn in_front_of_silence(fallbacks: &str) -> (Baton, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let configuration = format!(
        "[server]\nkeep_alive = \"50ms\"\n\
         [providers.silent]\nkind = \"openai-compatible\"\nbase_url = \"http://{address}/v1\"\nretries = 0\n\
         timeouts = {{ first_token = \"1s\" }}\n\
         [[models]]\nmodel_id = \"late\"\nprovider = \"silent\"\ncapabilities = [\"CHAT\"]\n\
         fallbacks = [{fallbacks}]\nprice = {{ input = \"1\", output = \"1\" }}\n"
    );
    (Baton::with(&configuration).await, silent)
}

fn body(path: &str) -> Value {
    match path {
        "/v1/responses" => json!({ "model": "late", "stream": true, "input": "Say hello" }),
        "/api/models/chat" => {
            json!({ "model_id": "late", "stream": true, "messages": [{ "role": "user", "content": "Say hello" }] })
        }
        _ => chat_body("late", "Say hello", json!({ "stream": true, "max_tokens": 50 })),
    }
}

fn assert_begun_early(told: &ClientReply, path: &str) {
    assert!(told.header("content-type").unwrap().starts_with("text/event-stream"), "{path}");
    assert!(told.header("x-request-id").is_some() && told.header("x-baton-model").is_none(), "{path}");
    assert!(told.text().starts_with(": keep-alive\n\n"), "{path}: {}", told.text());
}

#[tokio::test]
async fn a_stream_whose_head_is_sent_still_falls_back() {
    for (path, _) in WITH_COMMENTS {
        let (baton, _silent) = in_front_of_silence("\"claude\"").await;
        let told = baton.post(path, &body(path)).await.expect(200);
        assert_begun_early(&told, path);
        // Where the fallback speaks the client's format, its bytes pass as they came.
        assert!(told.text().contains("claude-haiku-4-5"), "{path}: {}", told.text());
        assert!(!told.text().contains("error\":{"), "{path}: {}", told.text());
        let record = baton.record(&told).await;
        assert_eq!((record.outcome, record.status, record.attempts.len()), (Outcome::Completed, 200, 2), "{path}");
    }
}

#[tokio::test]
async fn an_error_after_the_head_is_told_inside_the_stream() {
    for (path, begins) in WITH_COMMENTS {
        let (baton, _silent) = in_front_of_silence("").await;
        let told = baton.post(path, &body(path)).await.expect(200);
        assert_begun_early(&told, path);
        let text = told.text();
        assert!(text.contains(begins) && text.contains("did not begin to reply within 1 s"), "{path}: {text}");
        assert!(!text.contains("[DONE]") && !text.contains("message_stop"), "{path}: {text}");
        // The record says what the client saw.
        let record = baton.record(&told).await;
        assert_eq!((record.outcome, record.status), (Outcome::Failed, 200), "{path}");
    }
}

#[tokio::test]
async fn where_a_format_has_no_comments_the_head_waits_for_the_content() {
    let (baton, _silent) = in_front_of_silence("").await;
    let told = baton.post("/api/chat", &body("/api/chat")).await;
    // Ollama's lines: an error before the content is still an error reply.
    assert!(told.status.as_u16() >= 500, "{}", told.text());
    let whole = chat_body("late", "Say hello", json!({})).to_string();
    let told = baton.send(Method::POST, "/v1/chat/completions", &[("x-baton-timeout", "1s")], whole).await;
    assert!(told.status.as_u16() >= 500, "{}", told.text());
}
