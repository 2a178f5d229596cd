//! Tokens counted, models listed, and how long to wait.

use super::{ANTHROPIC, JSON};
use crate::baton::{Baton, chat_body};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

fn count(model: &str) -> Value {
    chat_body(model, "Say hello", json!({}))
}

#[tokio::test]
async fn tokens_are_counted_by_anthropic_or_here() {
    let baton = Baton::start().await;
    let body = r#"{ "messages":[{"role":"user","content":"Say hello"}],"model" : "claude" }"#;
    let path = "/v1/messages/count_tokens?beta=true";
    let answer = baton.send(Method::POST, path, &[JSON, ANTHROPIC, ("anthropic-beta", "b")], body).await.expect(200);
    let seen = baton.anthropic.requests().pop().unwrap();
    let expected = body.replace("\"claude\"", "\"claude-haiku-4-5\"");
    assert_eq!(String::from_utf8_lossy(&seen.body), expected);
    assert_eq!((seen.path.as_str(), seen.query.as_deref()), ("/v1/messages/count_tokens", Some("beta=true")));
    assert_eq!(seen.header("anthropic-beta"), Some("b"));
    assert!(answer.json()["input_tokens"].as_u64() > Some(0), "{}", answer.text());
    assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
    assert_eq!(answer.header("llm_provider-request-id"), Some("req_sim_1"));
    assert_eq!(answer.header("x-baton-cost"), Some("0"));

    // The provider judges the body, not Baton: a field that is new at Anthropic works at once.
    let wrong = chat_body("claude", "Say hello", json!({ "new": 1 }));
    let wrong = baton.post("/v1/messages/count_tokens", &wrong).await.expect(400);
    assert!(wrong.text().contains("Extra inputs are not permitted"), "{}", wrong.text());

    let here = baton.post("/v1/messages/count_tokens", &count("gpt")).await.expect(200).json();
    assert!(here["input_tokens"].as_u64() > Some(3), "{here}");
    assert!(baton.openai.requests().is_empty());
    let missing = baton.post("/v1/messages/count_tokens", &count("gtp")).await.expect(404);
    assert_eq!(missing.json()["error"]["type"], "not_found_error");
    let empty = json!({ "model": "gpt", "messages": [] });
    assert_eq!(baton.post("/v1/messages/count_tokens", &empty).await.expect(400).json()["type"], "error");
}

#[tokio::test]
async fn models_have_the_shape_of_their_client() {
    let baton = Baton::start().await;
    let ask = async |path: &str| baton.send(Method::GET, path, &[ANTHROPIC], Bytes::new()).await;
    let all = ask("/v1/models?limit=1000").await.expect(200).json();
    let ids: Vec<&str> = all["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"claude") && all["has_more"] == false, "{all}");
    let first = ask("/v1/models?limit=2").await.expect(200).json();
    assert_eq!((&first["has_more"], &first["last_id"]), (&json!(true), &json!(ids[1])));
    let second = ask(&format!("/v1/models?limit=2&after_id={}", ids[1])).await.expect(200).json();
    assert_eq!(second["first_id"], ids[2]);
    let back = ask(&format!("/v1/models?limit=2&before_id={}", ids[2])).await.expect(200).json();
    assert_eq!((&back["first_id"], &back["has_more"]), (&json!(ids[0]), &json!(false)));
    let one = ask("/v1/models/claude").await.expect(200).json();
    assert_eq!((&one["type"], &one["max_tokens"]), (&json!("model"), &json!(64000)));
    assert_eq!(ask("/v1/models/none").await.expect(404).json()["type"], "error");
    assert_eq!(baton.get("/v1/models/claude").await.expect(200).json()["object"], "model");
}

#[tokio::test]
async fn waits_are_told_as_the_sdks_read_them() {
    let baton = Baton::start().await;
    let answer = baton.post("/v1/messages", &chat_body("none", "x", json!({ "max_tokens": 5 }))).await.expect(404);
    assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
    let answer =
        baton.post("/v1/messages", &chat_body("gpt", "Say hello", json!({ "max_tokens": 50 }))).await.expect(200);
    assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
    let path = "/v1/messages?beta=true";
    let body = chat_body("gpt", "Say hello", json!({ "max_tokens": 50 })).to_string();
    baton.send(Method::POST, path, &[JSON, ANTHROPIC], body).await.expect(200);
    let seen = baton.openai.requests().pop().unwrap();
    // Translated: what is Anthropic's own in a request means nothing to OpenAI.
    assert_eq!((seen.query.as_deref(), seen.header("anthropic-version")), (None, None));
}
