//! Clients with a wrong base URL, and names that are nearly those of a model.

use crate::baton::{Baton, chat_body};
use crate::client_apis::{key, with};
use http::Method;
use serde_json::{Value, json};

/// The error's message, by where its API has it.
const OPENAI: &str = "/error/message";
const OLLAMA: &str = "/error";

/// A path, where the message of its error is, and the base URL's path that it names.
const WRONG: [(&str, &str, &str); 16] = [
    ("/chat/completions", OPENAI, "/v1"),
    ("/completions", OPENAI, "/v1"),
    ("/responses", OPENAI, "/v1"),
    ("/embeddings", OPENAI, "/v1"),
    ("/v1/v1/chat/completions", OPENAI, "/v1"),
    ("/api/v1/chat/completions", OPENAI, "/v1"),
    ("/openai/v1/chat/completions", OPENAI, "/v1"),
    ("/openai/deployments/gpt-4o/chat/completions", OPENAI, "/v1"),
    ("/v1/chat/completions/chat/completions", OPENAI, "/v1"),
    ("/audio/speech/", OPENAI, "/v1"),
    ("/messages", OPENAI, ""),
    ("/v1/v1/messages", OPENAI, ""),
    ("/anthropic/v1/messages/count_tokens", OPENAI, ""),
    ("/v1/api/chat", OLLAMA, ""),
    ("/api/api/generate", OLLAMA, ""),
    ("/v1/api/embeddings", OLLAMA, ""),
];

#[tokio::test]
async fn a_wrong_base_url_is_told_the_right_one_in_the_words_of_its_api() {
    let baton = Baton::start().await;
    for (path, message, base) in WRONG {
        let told = baton.post(path, &json!({})).await.expect(404);
        let json = told.json();
        let sentence = json.pointer(message).and_then(Value::as_str).unwrap_or_else(|| panic!("{path}: {json}"));
        assert!(sentence.contains(&format!("`http://{}{base}`", baton.address())), "{path}: {sentence}");
        // Anthropic's clients know their errors by this.
        assert_eq!(json["type"] == "error", path.contains("messages"), "{path}: {json}");
    }
    let told = baton.get("/models").await.expect(404).json();
    assert!(told["error"]["message"].as_str().unwrap().contains("/v1`"), "{told}");
    for unknown in ["/v1/nothing", "/api/keys/a/b/c", "/nothing", "/v1/"] {
        let told = baton.get(unknown).await.expect(404);
        assert!(told.text().contains("/docs lists all paths"), "{unknown}: {}", told.text());
    }
}

#[tokio::test]
async fn a_slash_at_the_end_means_nothing() {
    let baton = Baton::start().await;
    let body = chat_body("claude", "Say hello", json!({ "max_tokens": 50 }));
    for path in ["/v1/chat/completions/", "/v1/messages/", "/v1/messages/?beta=true", "/api/chat/", "/api/chat//"] {
        baton.post(path, &body).await.expect(200);
    }
    baton.get("/v1/models/").await.expect(200);
    baton.get("/health/live/").await.expect(200);
    baton.post("/v1/models/", &json!({})).await.expect(405);
}

/// Models with names as vendors write them.
const NAMED: &str = r#"
[[models]]
model_id = "gpt-4o"
provider = "openai"
capabilities = ["CHAT"]

[[models]]
model_id = "haiku-4-5-20251001"
provider = "anthropic"
upstream = "claude-haiku-4-5"
capabilities = ["CHAT"]

[[models]]
model_id = "sonnet-4-20250514"
provider = "anthropic"
upstream = "claude-sonnet-4"
capabilities = ["CHAT"]

[[models]]
model_id = "sonnet-4-20251001"
provider = "anthropic"
upstream = "claude-sonnet-4"
capabilities = ["CHAT"]
"#;

#[tokio::test]
async fn a_name_that_can_mean_one_model_only_is_that_model() {
    let baton = Baton::with(NAMED).await;
    for (name, model) in [
        ("openai/gpt-4o", "gpt-4o"),
        ("OpenAI/gpt-4o", "gpt-4o"),
        ("ollama/llama:latest", "llama"),
        ("haiku-4-5", "haiku-4-5-20251001"),
    ] {
        let told = baton.chat(name, json!({})).await.expect(200);
        assert_eq!(told.header("x-baton-model"), Some(model), "{name}");
    }
}

#[tokio::test]
async fn a_name_that_may_mean_a_model_gets_a_hint() {
    let baton = Baton::with(NAMED).await;
    for (name, hint) in [
        // At another vendor it is another model, and another version is not what was asked for.
        ("azure/gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("openai/gpt-4o-2024-08-06", "gpt-4o"),
        ("haiku-4-5-20250101", "haiku-4-5-20251001"),
        // Two versions: the newer one is named.
        ("sonnet-4", "sonnet-4-20251001"),
        ("anthropic/sonnet-4-latest", "sonnet-4-20251001"),
    ] {
        let told = baton.chat(name, json!({})).await.expect(404).json();
        let message = told["error"]["message"].as_str().unwrap();
        assert!(message.ends_with(&format!("did you mean `{hint}`?")), "{name}: {message}");
    }
    // Nothing is found by way of what a key may not use.
    let ada = key(&baton, json!({ "name": "ada", "models": ["gpt"] })).await;
    for name in ["openai/gpt-4o", "haiku-4-5", "gpt-4o-2024-08-06", "sonnet-4"] {
        let body = chat_body(name, "hi", json!({})).to_string();
        let told = with(&baton, &ada, Method::POST, "/v1/chat/completions", body).await.expect(404);
        assert!(!told.text().contains("gpt-4o`?") && !told.text().contains("2025"), "{name}: {}", told.text());
    }
}
