//! Cached replies in the client APIs.

use crate::baton::{Baton, chat_body};
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_cached_reply_comes_whole_or_streamed_and_costs_nothing() {
    for model in ["gpt", "claude", "llama"] {
        let baton = Baton::start().await;
        let first = baton.chat(model, json!({ "temperature": 0 })).await.expect(200);
        assert_eq!(first.header("x-baton-cache"), Some("miss"), "{model}");
        let again = baton.chat(model, json!({ "temperature": 0 })).await.expect(200);
        assert_eq!((again.header("x-baton-cache"), again.header("x-baton-cost")), (Some("hit"), Some("0")), "{model}");
        let text = |told: &Value| told.pointer("/choices/0/message/content").cloned();
        assert_eq!(text(&first.json()), text(&again.json()), "{model}");
        let streamed = baton.chat(model, json!({ "temperature": 0, "stream": true })).await.expect(200);
        assert_eq!(streamed.header("x-baton-cache"), Some("hit"), "{model}");
        assert_eq!(Some(json!(streamed.streamed_text())), text(&first.json()), "{model}");
        assert!(streamed.text().trim_end().ends_with("data: [DONE]"), "{model}: {}", streamed.text());
        let calls =
            [&baton.openai, &baton.anthropic, &baton.ollama].map(|sim| sim.requests().len()).iter().sum::<usize>();
        assert_eq!(calls, 1, "{model}");
    }
}

#[tokio::test]
async fn a_cached_stream_serves_a_whole_reply_with_its_usage() {
    let baton = Baton::start().await;
    for model in ["gpt", "claude", "llama"] {
        baton.chat(model, json!({ "seed": 1, "stream": true })).await.expect(200);
        let told = baton.chat(model, json!({ "seed": 1 })).await.expect(200);
        assert_eq!(told.header("x-baton-cache"), Some("hit"), "{model}");
        let body = told.json();
        assert_eq!(body["object"], "chat.completion", "{model}");
        assert!(body["usage"]["completion_tokens"].as_u64() > Some(0), "{model}: {body}");
    }
}

#[tokio::test]
async fn the_header_decides() {
    let baton = Baton::start().await;
    let body = || chat_body("gpt", "Say hello", json!({})).to_string();
    for (header, result) in
        [("max-age=60", "miss"), ("max-age=60", "hit"), ("no-store", "bypass"), ("no-cache", "miss")]
    {
        let told =
            baton.send(Method::POST, "/v1/chat/completions", &[("x-baton-cache", header)], body()).await.expect(200);
        assert_eq!(told.header("x-baton-cache"), Some(result), "{header}");
    }
}
