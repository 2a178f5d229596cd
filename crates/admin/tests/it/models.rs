//! One model: registered, shown, changed, removed.

use crate::setup::TestAdmin;
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn a_model_is_registered_shown_changed_and_removed() {
    let admin = TestAdmin::new().await;
    let body = r#"{"model_id": "hf.co/org/m:q4", "description": "Two\nlines", "provider": "OpenAI", "upstream": "gpt-4o", "capabilities": ["chat", "COMPLETION"],
        "status": "deprecated", "display_name": "M", "token_limit": 1000, "price": {"input": "0.59", "output": 0.79},
        "configuration": {"temperature": 0.50}, "metadata": {"team": ["a"]}, "quirks": {"refuses": ["seed"]}, "tokenizer": "cl100k"}"#;
    let reply = admin.post("/api/models", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("location"), "/api/models/hf.co%2Forg%2Fm:q4");
    assert!(!reply.header("x-request-id").is_empty());
    let registered = reply.json();
    for (field, expected) in [
        ("provider", r#""openai""#),
        ("capabilities", r#"["CHAT","COMPLETION"]"#),
        ("status", r#""DEPRECATED""#),
        ("price", r#"{"input":0.59,"output":0.79}"#),
        // Not given: it comes from the catalogue's entry for gpt-4o.
        ("max_tokens", "16384"),
        ("metadata", r#"{"team":["a"]}"#),
        ("tokenizer", r#""cl100k""#),
        ("source", r#""api""#),
        ("created_at", r#""2026-11-23T12:00:00.000000Z""#),
    ] {
        assert_eq!(registered[field].to_string(), expected, "{field}");
    }
    assert!(reply.text.contains(r#""configuration":{"temperature":0.50}"#), "kept as it was written: {}", reply.text);
    for path in [reply.header("location"), "/api/models/hf.co/org/m:q4", "/api/models/hf.co%2Forg%2Fm%3Aq4"] {
        let shown = admin.get(path).await;
        assert_eq!((shown.status.as_u16(), shown.json()), (200, registered.clone()), "{path}");
        assert_eq!(shown.header("etag"), reply.header("etag"));
    }
    let changed = admin.put("/api/models/hf.co/org/m:q4", r#"{"status": "Active", "display_name": null}"#).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!((&changed.json()["status"], &changed.json()["token_limit"]), (&"ACTIVE".into(), &1000.into()));
    assert!(changed.json()["display_name"].is_null());
    let removed = admin.delete("/api/models/hf.co%2Forg%2Fm:q4").await;
    assert_eq!((removed.status.as_u16(), removed.text.as_str()), (204, ""));
    admin.get("/api/models/hf.co/org/m:q4").await.is_refused(404, "model_not_found", &[]);
    admin.delete("/api/models/hf.co/org/m:q4").await.is_refused(404, "model_not_found", &[]);
}

#[tokio::test]
async fn a_list_can_leave_out_what_the_catalogue_fills_in() {
    let admin = TestAdmin::new().await;
    let body = r#"{"model_id": "mine", "provider": "openai", "upstream": "gpt-4o", "token_limit": 1000}"#;
    assert_eq!(admin.post("/api/models", body).await.status, 201);
    for (query, limit, price) in [("", 16384.into(), false), ("&registered=true", serde_json::Value::Null, true)] {
        let list = admin.get(&format!("/api/models?search=mine{query}")).await.json();
        let model = &list["items"][0];
        assert_eq!((&list["total"], &model["token_limit"], &model["max_tokens"]), (&1.into(), &1000.into(), &limit));
        assert_eq!(model["price"].is_null(), price, "{list}");
    }
    admin.get("/api/models?registered=perhaps").await.is_refused(422, "validation_error", &["registered"]);
}

#[tokio::test]
async fn a_taken_id_is_a_conflict() {
    let admin = TestAdmin::new().await;
    admin.register("a", "").await;
    for id in ["a", "house"] {
        let body = format!(r#"{{"model_id": "{id}", "provider": "openai"}}"#);
        admin.post("/api/models", &body).await.is_refused(409, "conflict", &[]);
    }
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let admin = TestAdmin::new().await;
    let cases: &[(&str, &[&str])] = &[
        ("{}", &["model_id", "provider"]),
        ("", &["model_id", "provider"]),
        (r#"{"model_id": 7, "provider": ["openai"]}"#, &["model_id", "provider"]),
        (r#"{"model_id": null, "provider": "nobody"}"#, &["model_id", "provider"]),
        (
            r#"{"model_id": "x", "provider": "openai", "capabilities": ["chat", "dance"], "status": "gone",
                "max_tokens": 0, "token_limit": -1, "price": {"input": "cheap", "tea": 1}, "fallbacks": ["x", "nobody"],
                "configuration": 1, "metadata": [], "quirks": {"colour": 1}, "tokenizer": "abacus", "modelid": 1}"#,
            &[
                "capabilities",
                "status",
                "max_tokens",
                "token_limit",
                "price.input",
                "price.tea",
                "fallbacks",
                "fallbacks",
                "configuration",
                "metadata",
                "quirks",
                "tokenizer",
                "modelid",
            ],
        ),
        (r#"{"model_id": "x", "provider": "openai", "capabilities": []}"#, &["capabilities"]),
        (r#"{"model_id": "x", "provider": "openai", "price": {}}"#, &["price"]),
        (r#"{"model_id": "x", "provider": "openai", "price": 3}"#, &["price"]),
        (r#"{"model_id": "x", "provider": "openai", "price": {"input": 1}, "cost_per_token": 1}"#, &["cost_per_token"]),
        (r#"{"model_id": "x", "provider": "openai", "cost_per_token": "-1"}"#, &["cost_per_token"]),
        // These would hide a call of the API: `POST /api/models/chat`.
        (r#"{"model_id": "chat", "provider": "openai"}"#, &["model_id"]),
        (r#"{"model_id": "audio/speech", "provider": "openai"}"#, &["model_id"]),
        (r#"{"model_id": " x", "provider": "openai"}"#, &["model_id"]),
        (r#"{"model_id": "x/", "provider": "openai"}"#, &["model_id"]),
        (r#"{"model_id": "a\nb", "provider": "openai"}"#, &["model_id"]),
    ];
    for (body, fields) in cases {
        admin.post("/api/models", body).await.is_refused(422, "validation_error", fields);
    }
    let told = admin.post("/api/models", r#"{"model_id": "x", "provider": "openai", "modelid": 1}"#).await.text;
    assert!(told.contains("did you mean `model_id`?"), "{told}");
    let told = admin.post("/api/models", r#"{"model_id": "x", "provider": "openai", "zzz": 1}"#).await.text;
    assert!(told.contains("known: model_id, provider, upstream, capabilities"), "each once: {told}");
    assert_eq!(admin.get("/api/models").await.items("model_id"), ["house"]);
}

#[tokio::test]
async fn bodies_that_are_no_json_objects_are_refused() {
    let admin = TestAdmin::new().await;
    admin.register("a", "").await;
    for body in
        ["[]", "null", "{", "model_id=x", "\u{0}", r#"{"model_id": "x", "model_id": "y"}"#, "{\"a\": 1} trailing"]
    {
        admin.post("/api/models", body).await.is_refused(400, "invalid_request", &[]);
        admin.put("/api/models/a", body).await.is_refused(400, "invalid_request", &[]);
        admin.post("/api/models/discover", body).await.is_refused(400, "invalid_request", &[]);
        admin.post("/api/keys", body).await.is_refused(400, "invalid_request", &[]);
        admin.post("/api/models/tokens", body).await.is_refused(400, "invalid_request", &[]);
        admin.post("/api/models/route", body).await.is_refused(400, "invalid_request", &[]);
    }
}

#[tokio::test]
async fn a_change_needs_a_field_and_the_version_that_was_seen() {
    let admin = TestAdmin::new().await;
    let registered = admin.register("a", "").await;
    let seen = registered.header("etag").to_owned();
    admin.put("/api/models/a", "{}").await.is_refused(400, "invalid_request", &[]);
    admin.put("/api/models/a", "").await.is_refused(400, "invalid_request", &[]);
    admin.put("/api/models/a", r#"{"model_id": "b"}"#).await.is_refused(422, "validation_error", &["model_id"]);
    admin.put("/api/models/a", r#"{"fallbacks": ["a"]}"#).await.is_refused(422, "validation_error", &["fallbacks"]);
    admin.put("/api/models/nobody", r#"{"status": "ACTIVE"}"#).await.is_refused(404, "model_not_found", &[]);
    let change = r#"{"description": "first"}"#;
    let matching = admin.send(Method::PUT, "/api/models/a", &[("if-match", &seen)], change).await;
    assert_eq!(matching.status, 200, "{}", matching.text);
    assert_ne!(matching.header("etag"), seen);
    let stale = admin.send(Method::PUT, "/api/models/a", &[("if-match", &seen)], change).await;
    stale.is_refused(412, "precondition_failed", &[]);
    // Some proxies make a tag weak when they compress. RFC 9110 says that such a tag never matches in `If-Match`.
    let weak = format!("W/{}", matching.header("etag"));
    admin.send(Method::PUT, "/api/models/a", &[("if-match", &weak)], change).await.is_refused(
        412,
        "precondition_failed",
        &[],
    );
    for any in [format!("\"1\", {}", matching.header("etag")), "*".to_owned()] {
        let reply = admin.send(Method::PUT, "/api/models/a", &[("if-match", &any)], change).await;
        assert_eq!(reply.status, 200, "{any}: {}", reply.text);
    }
}

#[tokio::test]
async fn what_was_got_can_be_put_back() {
    let admin = TestAdmin::new().await;
    admin.register("a", r#", "price": {"input": 1, "context_tiers": [{"above": 200000, "input": 2}], "service_tiers": {"flex": {"input": 0.5}}}"#).await;
    let got = admin.get("/api/models/a").await;
    let put = admin.put("/api/models/a", &got.text).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let (mut before, mut after) = (got.json(), put.json());
    before["updated_at"].take();
    after["updated_at"].take();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_fallback_of_others_is_removed_only_by_force() {
    let admin = TestAdmin::new().await;
    admin.register("a", "").await;
    admin.register("b", r#", "fallbacks": ["a"]"#).await;
    let refused = admin.delete("/api/models/a").await;
    refused.is_refused(409, "conflict", &[]);
    assert!(refused.text.contains("force=true"), "{}", refused.text);
    admin.delete("/api/models/a?force=maybe").await.is_refused(422, "validation_error", &["force"]);
    assert_eq!(admin.delete("/api/models/a?force=true").await.status, 204);
}

#[tokio::test]
async fn models_of_the_configuration_are_read_only() {
    let admin = TestAdmin::new().await;
    assert_eq!(admin.get("/api/models/house").await.json()["source"], "config");
    admin.put("/api/models/house", r#"{"status": "INACTIVE"}"#).await.is_refused(409, "conflict", &[]);
    admin.delete("/api/models/house").await.is_refused(409, "conflict", &[]);
}

#[tokio::test]
async fn capabilities_come_from_the_catalogue_or_are_chat() {
    let admin = TestAdmin::new().await;
    for (upstream, capabilities) in [("text-embedding-3-small", "EMBEDDING"), ("nobody-knows-it", "CHAT")] {
        let body = format!(r#"{{"model_id": "{upstream}", "provider": "openai"}}"#);
        let registered = admin.post("/api/models", &body).await.json();
        assert_eq!(registered["capabilities"], serde_json::json!([capabilities]));
        assert_eq!(registered["upstream"], upstream);
    }
}

#[tokio::test]
async fn paths_of_calls_are_no_models() {
    let admin = TestAdmin::new().await;
    for path in ["/api/models/chat", "/api/models/discover", "/api/models/audio/transcription", "/api/models/tokens"] {
        assert_eq!(admin.get(path).await.status, 405, "{path}");
    }
    admin.get("/api/models/audio/nothing").await.is_refused(404, "model_not_found", &[]);
    admin.put("/api/models/house/health", r#"{"status": "ACTIVE"}"#).await.is_refused(405, "method_not_allowed", &[]);
}

#[tokio::test]
async fn a_model_whose_fallback_is_gone_can_still_be_changed() {
    let admin = TestAdmin::new().await;
    admin.post("/api/models", r#"{"model_id": "b", "provider": "openai"}"#).await.expect(201);
    admin.post("/api/models", r#"{"model_id": "a", "provider": "openai", "fallbacks": ["b"]}"#).await.expect(201);
    admin.delete("/api/models/b?force=true").await.expect(204);
    let changed = admin.put("/api/models/a", r#"{"description": "one"}"#).await.expect(200);
    assert_eq!(changed.json()["fallbacks"], json!(["b"]));
    // Put back whole, the body names the fallback that is gone.
    admin.put("/api/models/a", &changed.text).await.expect(200);
    let wrong = r#"{"fallbacks": ["b", "nobody"]}"#;
    admin.put("/api/models/a", wrong).await.is_refused(422, "validation_error", &["fallbacks"]);
    admin.put("/api/models/a", r#"{"fallbacks": []}"#).await.expect(200);
}
