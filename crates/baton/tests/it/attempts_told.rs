//! What a client is told of attempts that failed, and which errors another model may not have.

use crate::baton::{Baton, ClientReply, chat_body};
use baton_sim::SimFault;
use http::Method;
use serde_json::{Value, json};

/// The paths of every API, with a model of another vendor: what is sent there is translated.
const TRANSLATED: [(&str, &str); 4] =
    [("/v1/messages", "gpt"), ("/v1/chat/completions", "claude"), ("/v1/responses", "claude"), ("/api/chat", "gpt")];

fn body(path: &str, model: &str) -> Value {
    match path {
        "/v1/responses" => json!({ "model": model, "input": "Say hello" }),
        _ => chat_body(model, "Say hello", json!({ "max_tokens": 50, "stream": false })),
    }
}

async fn ask(baton: &Baton, path: &str, model: &str, fallbacks: &str) -> ClientReply {
    let headers = [("content-type", "application/json"), ("x-baton-fallbacks", fallbacks)];
    baton
        .send(Method::POST, path, &headers[..if fallbacks.is_empty() { 1 } else { 2 }], body(path, model).to_string())
        .await
}

#[tokio::test]
async fn an_error_after_attempts_says_who_was_tried_and_that_nobody_need_try_again() {
    let baton = Baton::start().await;
    for sim in [&baton.openai, &baton.anthropic, &baton.ollama] {
        sim.always(Some(SimFault::Status(500)));
    }
    for (path, model) in TRANSLATED {
        let told = ask(&baton, path, model, "llama").await;
        assert!(told.status.as_u16() >= 500, "{path}: {}", told.text());
        let named = ["x-baton-model", "x-baton-provider", "x-baton-attempts"].map(|name| told.header(name));
        assert_eq!(named, [Some("llama"), Some("ollama"), Some("2")], "{path}");
        // Baton has done what an SDK would do again.
        assert_eq!(told.header("x-should-retry"), Some("false"), "{path}");
    }
    // Nobody was tried.
    let told = ask(&baton, "/v1/chat/completions", "nobody", "").await.expect(404);
    assert_eq!(told.header("x-baton-attempts"), None);
}

#[tokio::test]
async fn a_fallback_that_can_not_be_tried_is_a_warning() {
    let baton = Baton::start().await;
    let warnings = |told: &ClientReply| -> Vec<String> {
        let values = told.headers.get_all("x-baton-warning").iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .filter(|warning| warning.starts_with("fallbacks"))
            .collect()
    };
    let expected =
        ["fallbacks: unknown model `nobody`", "fallbacks: `embed` is not tried, because it does not support CHAT"];
    let told = ask(&baton, "/v1/chat/completions", "gpt", "nobody,embed,claude").await.expect(200);
    assert_eq!(warnings(&told), expected);
    let native = json!({ "model_id": "gpt", "fallbacks": ["nobody", "embed"], "messages": [{ "role": "user", "content": "hi" }] });
    assert_eq!(warnings(&baton.post("/api/models/chat", &native).await.expect(200)), expected);
    // Most of all where it was needed.
    baton.openai.script([Some(SimFault::Status(500))]);
    let told = ask(&baton, "/v1/chat/completions", "gpt", "nobody,embed").await;
    assert_eq!((told.status.as_u16() >= 500, warnings(&told)), (true, expected.map(str::to_owned).to_vec()));
    assert_eq!(warnings(&ask(&baton, "/v1/chat/completions", "gpt", "claude").await.expect(200)), [""; 0]);
}

#[tokio::test]
async fn what_another_model_may_not_refuse_falls_back() {
    let baton = Baton::start().await;
    for (path, model) in TRANSLATED {
        for status in [400, 413] {
            for sim in [&baton.openai, &baton.anthropic] {
                sim.always(Some(SimFault::Status(status)));
            }
            let told = ask(&baton, path, model, "llama").await.expect(200);
            assert_eq!(told.header("x-baton-model"), Some("llama"), "{path} {status}");
        }
    }
    // The client's own words: a wrong request is wrong everywhere, a large one is not.
    baton.openai.always(Some(SimFault::Status(400)));
    let told = ask(&baton, "/v1/chat/completions", "gpt", "llama").await.expect(400);
    assert_eq!(told.header("x-baton-model"), Some("gpt"));
    baton.openai.always(Some(SimFault::Status(413)));
    ask(&baton, "/v1/chat/completions", "gpt", "llama").await.expect(200);
    baton.openai.always(None);
    // Ollama says this of a model that is in use in another way.
    baton.ollama.always(Some(SimFault::Status(409)));
    let told = ask(&baton, "/api/chat", "llama", "gpt").await.expect(200);
    assert_eq!(told.header("x-baton-model"), Some("gpt"));
    ask(&baton, "/api/chat", "llama", "").await.expect(409);
}

#[tokio::test]
async fn a_time_that_has_passed_is_told_as_the_clients_own() {
    let baton = Baton::start().await;
    baton.openai.always(Some(SimFault::Hang));
    let body = body("/v1/chat/completions", "gpt").to_string();
    let told = baton.send(Method::POST, "/v1/chat/completions", &[("x-baton-timeout", "20ms")], body).await.expect(504);
    assert!(told.text().contains("the request's timeout has passed"), "{}", told.text());
}
