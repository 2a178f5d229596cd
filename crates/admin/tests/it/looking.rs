//! Looking at a request without serving it, and at how models fare.

use crate::setup::TestAdmin;
use baton_sim::SimFault;
use serde_json::json;

const HELLO: &str = r#""messages": [{"role": "user", "content": "Hello there"}]"#;

/// The body of every client API is taken as it is, and its fields tell which it is.
#[tokio::test]
async fn the_body_of_any_client_api_is_counted() {
    let admin = TestAdmin::new().await;
    admin.register("m", r#", "price": {"input": "1", "output": "10"}"#).await;
    admin.register("v", r#", "capabilities": ["EMBEDDING"], "tokenizer": "cl100k""#).await;
    for (query, body, api, tokens) in [
        ("", format!(r#"{{"model_id": "m", {HELLO}}}"#), "native", 9),
        ("?api=openai", format!(r#"{{"model": "m", {HELLO}}}"#), "openai", 9),
        ("", r#"{"model": "m", "input": "Hello there"}"#.into(), "responses", 9),
        (
            "",
            r#"{"model": "m", "instructions": "Be kind", "input": [{"role": "user", "content": "Hello there"}]}"#
                .into(),
            "responses",
            15,
        ),
        ("", format!(r#"{{"model": "m", "max_tokens": 5, "system": "Be kind", {HELLO}}}"#), "anthropic", 15),
        ("", format!(r#"{{"model": "m", "options": {{"num_predict": 5}}, {HELLO}}}"#), "ollama", 9),
        ("", r#"{"model": "v", "input": ["Hello there"]}"#.into(), "native", 2),
    ] {
        let reply = admin.post(&format!("/api/models/tokens{query}"), &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let json = reply.json();
        assert_eq!((&json["api"], &json["tokens"]), (&json!(api), &json!(tokens)), "{body}: {json}");
        let parts: u64 = json["breakdown"].as_object().unwrap().values().filter_map(|part| part.as_u64()).sum();
        assert_eq!(parts, tokens, "{json}");
        assert!(json["at_most"].as_u64() >= json["tokens"].as_u64());
    }
    let priced = admin.post("/api/models/tokens", &format!(r#"{{"model_id": "m", "max_tokens": 100, {HELLO}}}"#)).await;
    assert_eq!(priced.json()["expected_cost"], json!(0.001_009), "9 tokens in, 100 out");
    let refused = admin.post("/api/models/tokens?api=grpc", "{}").await;
    refused.is_refused(422, "validation_error", &["api"]);
}

#[tokio::test]
async fn tokens_are_counted_without_asking_anyone() {
    let admin = TestAdmin::new().await;
    admin.register("m", r#", "token_limit": 10"#).await;
    admin.register("v", r#", "capabilities": ["EMBEDDING"], "tokenizer": "cl100k", "token_limit": 3"#).await;
    admin.register("c", r#", "capabilities": ["COMPLETION"], "tokenizer": "o200k", "token_limit": 100"#).await;
    for (body, tokens, method, fits) in [
        (format!(r#"{{"model_id": "m", {HELLO}}}"#), 9, "exact", json!("yes")),
        (
            r#"{"model_id": "m", "messages": [{"role": "user", "content": "Hello there again"}]}"#.into(),
            10,
            "exact",
            json!("no"),
        ),
        // Four tokens in a window of three: each text has the window to itself.
        (r#"{"model": "v", "input": ["Hello there", "Hello there"]}"#.into(), 4, "exact", json!("yes")),
        (r#"{"model": "v", "input": "Hello there how are you"}"#.into(), 5, "exact", json!("no")),
        (r#"{"model": "c", "prompt": "Hello there"}"#.into(), 2, "exact", json!("yes")),
        (format!(r#"{{"model_id": "house", {HELLO}}}"#), 13, "estimate", json!("yes")),
    ] {
        let reply = admin.post("/api/models/tokens", &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let json = reply.json();
        assert_eq!(
            (&json["tokens"], &json["method"], &json["fits"]),
            (&json!(tokens), &json!(method), &fits),
            "{body}: {json}"
        );
    }
    assert!(admin.openai.requests().is_empty() && admin.lab.requests().is_empty());
    let none = r#"{"model_id": "m"}"#;
    admin.post("/api/models/tokens", none).await.is_refused(400, "invalid_request", &[]);
    let unknown = format!(r#"{{"model_id": "nobody", {HELLO}}}"#);
    admin.post("/api/models/tokens", &unknown).await.is_refused(404, "model_not_found", &[]);
}

#[tokio::test]
async fn a_route_tells_the_order_and_the_cost_and_calls_nobody() {
    let admin = TestAdmin::new().await;
    admin.register("off", r#", "status": "INACTIVE""#).await;
    admin.register("small", r#", "token_limit": 5"#).await;
    admin.register("m", r#", "fallbacks": ["off", "small", "house"], "price": {"input": "3", "output": "15"}"#).await;
    let reply = admin.post("/api/models/route", &format!(r#"{{"model_id": "m", "max_tokens": 100, {HELLO}}}"#)).await;
    let json = reply.json();
    let candidates = json["candidates"].as_array().unwrap();
    let order: Vec<_> = candidates.iter().map(|candidate| candidate["model_id"].as_str().unwrap()).collect();
    assert_eq!(order, ["m", "small", "house"]);
    let m = &candidates[0];
    for (field, expected) in [
        ("provider", "openai"),
        ("upstream", "gpt-4o"),
        ("dialect", "openai"),
        ("mode", "passthrough"),
        ("circuit", "closed"),
        ("serves", "CHAT"),
    ] {
        assert_eq!(m[field], expected);
    }
    assert!(reply.text.contains(r#""expected_cost":{"prompt":0.000027,"at_most":0.001527}"#), "{}", reply.text);
    assert_eq!(candidates[1]["fits"], false);
    assert!(candidates[1]["reason"].as_str().unwrap().contains("the context window has 5"), "{json}");
    assert_eq!(
        (&candidates[2]["mode"], &candidates[2]["expected_cost"]["prompt"]),
        (&json!("translated"), &json!(null))
    );
    assert_eq!(json["passed"], json!([{"model_id": "off", "reason": "it is inactive"}]));
    assert!(admin.openai.requests().is_empty() && admin.lab.requests().is_empty());
    let vectors = r#"{"model_id": "m", "input": "x"}"#;
    admin.post("/api/models/route", vectors).await.is_refused(400, "invalid_request", &[]);
    admin.post("/api/models/route?capability=dance", vectors).await.is_refused(
        422,
        "validation_error",
        &["capability"],
    );
    let image = admin.post("/api/models/route", r#"{"model_id": "draws", "prompt": "a cat"}"#).await;
    image.is_refused(404, "model_not_found", &[]);
    admin.register("draws", r#", "capabilities": ["IMAGE_GENERATION"]"#).await;
    let image = admin.post("/api/models/route", r#"{"model_id": "draws", "prompt": "a cat"}"#).await;
    assert_eq!(image.json()["capability"], "IMAGE_GENERATION", "{}", image.text);
}

#[tokio::test]
async fn health_tells_the_circuit_and_the_last_errors() {
    let admin = TestAdmin::new().await;
    admin.register("m", "").await;
    let fresh = admin.get("/api/models/m/health").await.json();
    assert_eq!((&fresh["circuit"], &fresh["failures_in_a_row"]), (&json!("closed"), &json!(0)));
    assert!(fresh["last_success_at"].is_null());
    let (key, _) = admin.make_key("caller", "").await;
    admin.with(&key).chat("m", "hello").await;
    admin.openai.always(Some(SimFault::Status(401)));
    let body = format!(r#"{{"model_id": "m", {HELLO}}}"#);
    for _ in 0..5 {
        admin.with(&key).post("/api/models/chat", &body).await.is_refused(502, "provider_authentication_error", &[]);
    }
    let json = admin.get("/api/models/m/health").await.json();
    assert_eq!((&json["circuit"], &json["failures_in_a_row"]), (&json!("open"), &json!(5)));
    assert_eq!(json["last_errors"][0]["kind"], "authentication");
    assert_eq!(json["last_success_at"], "2026-11-23T12:00:00.000000Z");
    let providers = admin.get("/api/providers").await.json();
    assert_eq!(providers["items"][1]["circuits"]["open"], 1);
    admin.get("/api/models/nobody/health").await.is_refused(404, "model_not_found", &[]);
    admin.get("/api/models/nobody/stats").await.is_refused(404, "model_not_found", &[]);
}
