//! How much may be kept: each field that somebody fills has a bound, and whoever goes beyond it is told which.

use crate::setup::TestAdmin;
use axum::http::Method;
use baton_model::record::{AttemptRecord, Attribution, CacheUse, Outcome, RequestRecord};
use baton_model::{Actor, Capability, RequestId, Timestamp, bounds};
use baton_store::NewAudit;
use serde_json::{Map, Value, json};

// `é` has two bytes: a bound that counted characters where bytes are meant would let twice as much pass.
fn letters(number: usize) -> String {
    "é".repeat(number / 2) + &"x".repeat(number % 2)
}

/// So many characters.
fn characters(number: usize) -> String {
    "é".repeat(number)
}

fn list(number: usize, length: usize) -> Value {
    (0..number).map(|index| Value::String(format!("{index:0length$}"))).collect()
}

/// A JSON object of so many members.
fn members(number: usize) -> Value {
    (0..number).map(|index| (index.to_string(), json!(1))).collect::<Map<_, _>>().into()
}

fn with(base: &Value, field: &str, value: Value) -> String {
    let mut body = base.clone();
    body.as_object_mut().unwrap().insert(field.to_owned(), value);
    body.to_string()
}

/// Each of these is refused by its name, in few words: what was sent is not sent back.
async fn assert_refused(admin: &TestAdmin, method: Method, path: &str, base: Value, fields: Vec<(&str, Value)>) {
    for (field, value) in fields {
        let reply = admin.send(method.clone(), path, &[], &with(&base, field, value)).await;
        reply.is_refused(422, "validation_error", &[field]);
        assert!(reply.message().contains("at most"), "{}", reply.text);
        assert!(reply.text.len() < 2_000, "{field}: {}", reply.text.len());
    }
}

#[tokio::test]
async fn fields_of_models_are_bounded() {
    let admin = TestAdmin::new().await;
    // Registering and changing read their fields by different code; the bounds must hold in both.
    admin.register("old", "").await;
    let base = json!({ "model_id": "m", "provider": "openai", "upstream": "gpt-4o" });
    let fields = || {
        vec![
            ("upstream", json!(letters(513))),
            ("display_name", json!(characters(257))),
            ("description", json!(characters(2_049))),
            ("fallbacks", list(17, 4)),
            ("configuration", members(65)),
            ("metadata", json!({ "a": letters(16 << 10) })),
            ("metadata", members(65)),
        ]
    };
    assert_refused(&admin, Method::POST, "/api/models", base.clone(), fields()).await;
    assert_refused(&admin, Method::PUT, "/api/models/old", json!({}), fields()).await;
    for (field, value) in [
        ("quirks", json!({ "refuses": list(65, 4) })),
        ("quirks", json!({ "refuses": [letters(257)] })),
        (
            "price",
            json!({ "input": "1", "context_tiers": (0..17).map(|n| json!({ "above": n + 1, "input": "1" })).collect::<Vec<_>>() }),
        ),
        ("price", json!({ "input": "1", "service_tiers": { (letters(257)): { "input": "1" } } })),
    ] {
        let reply = admin.post("/api/models", &with(&base, field, value)).await.expect(422);
        assert!(reply.message().starts_with(field) && reply.text.len() < 2_000, "{}", reply.text);
    }
    let long = json!({ "model_id": letters(257), "provider": "openai" }).to_string();
    admin.post("/api/models", &long).await.is_refused(422, "validation_error", &["model_id"]);
    // What is just within the bounds is kept.
    let most = json!({
        "model_id": letters(256), "provider": "openai", "upstream": letters(512), "display_name": characters(256),
        "description": characters(2_048), "metadata": members(64)
    });
    admin.post("/api/models", &most.to_string()).await.expect(201);
}

#[tokio::test]
async fn fields_of_keys_projects_and_webhooks_are_bounded() {
    let admin = TestAdmin::new().await;
    let fields = || {
        vec![
            ("name", json!(characters(257))),
            ("models", list(257, 4)),
            ("models", json!([letters(257)])),
            // Few enough, and each short enough, but too many bytes together.
            ("models", list(250, 100)),
            ("projects", list(257, 4)),
            ("projects", json!([letters(257)])),
            ("addresses", (0..257).map(|number| json!(format!("10.0.{}.{}", number / 256, number % 256))).collect()),
        ]
    };
    let key = json!({ "name": "k" });
    assert_refused(&admin, Method::POST, "/api/keys", key.clone(), fields()).await;
    let ids = vec![("project_id", json!(letters(257))), ("user_id", json!(letters(257)))];
    assert_refused(&admin, Method::POST, "/api/keys", key, ids).await;
    let (_, id) = admin.make_key("caller", "").await;
    assert_refused(&admin, Method::PUT, &format!("/api/keys/{id}"), json!({}), fields()).await;

    admin.post("/api/projects", r#"{"id": "p"}"#).await.expect(201);
    let fields = || {
        vec![
            ("name", json!(characters(257))),
            ("metadata", members(65)),
            ("metadata", json!({ "a": letters(16 << 10) })),
        ]
    };
    assert_refused(&admin, Method::POST, "/api/projects", json!({ "id": "q" }), fields()).await;
    assert_refused(&admin, Method::POST, "/api/projects", json!({}), vec![("id", json!(letters(257)))]).await;
    assert_refused(&admin, Method::PUT, "/api/projects/p", json!({}), fields()).await;

    let url = json!(format!("https://example.com/{}", letters(2_048)));
    assert_refused(&admin, Method::POST, "/api/webhooks", json!({}), vec![("url", url.clone())]).await;
    let made = admin.post("/api/webhooks", r#"{"url": "https://example.com/"}"#).await.expect(201).json();
    let path = format!("/api/webhooks/{}", made["id"].as_str().unwrap());
    assert_refused(&admin, Method::PUT, &path, json!({}), vec![("url", url)]).await;
}

#[tokio::test]
async fn fields_of_providers_and_feedback_are_bounded() {
    let admin = TestAdmin::new().await;
    let headers = |number: usize| (0..number).map(|index| (format!("x-{index}"), json!("v"))).collect::<Map<_, _>>();
    let base = json!({ "name": "p", "kind": "openai", "base_url": "https://example.com/v1", "discover": false });
    admin.post("/api/providers", &base.to_string()).await.expect(201);
    let fields = || {
        vec![
            ("base_url", json!(format!("https://example.com/{}", letters(2_048)))),
            ("api_key", json!("k".repeat(4_097))),
            ("query", json!(format!("a={}", letters(2_048)))),
            ("headers", Value::Object(headers(33))),
            ("headers", json!({ (letters(257)): "v" })),
            ("headers", json!({ "x-a": "v".repeat(4_097) })),
            ("default_model", json!(letters(257))),
        ]
    };
    assert_refused(&admin, Method::POST, "/api/providers", with_name(&base, "q"), fields()).await;
    assert_refused(&admin, Method::PUT, "/api/providers/p", json!({}), fields()).await;
    assert_refused(&admin, Method::POST, "/api/providers", with_name(&base, ""), vec![("name", json!("n".repeat(65)))])
        .await;

    admin.register("fast", "").await;
    let (key, _) = admin.make_key("caller", "").await;
    let request = admin.with(&key).chat("fast", "hello").await.header("x-request-id").to_owned();
    let path = format!("/api/requests/{request}/feedback");
    assert_refused(&admin, Method::POST, &path, json!({}), vec![("comment", json!(characters(2_049)))]).await;
}

fn with_name(base: &Value, name: &str) -> Value {
    let mut body = base.clone();
    body["name"] = json!(name);
    body
}

#[tokio::test]
async fn bodies_and_parameters_are_bounded() {
    let admin = TestAdmin::new().await;
    let long = format!(r#"{{"id": "p", "name": "{}"}}"#, "x".repeat(1 << 20));
    admin.post("/api/projects", &long).await.is_refused(413, "payload_too_large", &[]);
    let query = format!("/api/models?search={}", "x".repeat(2_049));
    admin.get(&query).await.is_refused(422, "validation_error", &["search"]);
    // A thousand wrong fields are not told one by one.
    let wrong: Map<String, Value> = (0..1_000).map(|number| (format!("field{number}"), json!(1))).collect();
    let reply = admin
        .post(
            "/api/projects",
            &with(&json!({ "id": "p" }), "name", json!("n"))
                .replace('}', &format!(",{}", &Value::Object(wrong).to_string()[1..])),
        )
        .await
        .expect(422);
    assert_eq!(reply.json()["error"]["details"]["errors"].as_array().unwrap().len(), bounds::FAULTS);
}

/// A record of before there were bounds.
fn oversized(number: usize) -> RequestRecord {
    let text = "m".repeat(3 << 20);
    RequestRecord {
        id: RequestId::from(format!("01935f0c-{number:04}")),
        arrived: Timestamp(1_795_435_000_000_000 + number as i64),
        finished: Timestamp(1_795_435_000_000_100),
        first_content: None,
        api: "openai".into(),
        capability: Capability::Chat,
        stream: false,
        requested: "fast".into(),
        served: None,
        provider: None,
        attribution: Attribution {
            metadata: Some(baton_model::chat::Json(json!({ "a": text }).to_string())),
            ..Attribution::default()
        },
        outcome: Outcome::Completed,
        status: 200,
        error: None,
        cache: CacheUse::Bypass,
        charge_factor: None,
        attempts: Vec::<AttemptRecord>::new(),
    }
}

#[tokio::test]
async fn a_page_of_requests_ends_before_it_is_too_large() {
    let admin = TestAdmin::new().await;
    let records: Vec<RequestRecord> = (0..5).map(oversized).collect();
    admin.store.ledger().write(&records).await.unwrap();
    let (mut seen, mut query) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/api/requests?limit=100{query}")).await.expect(200);
        assert!(page.text.len() <= bounds::PAGE, "{}", page.text.len());
        assert!(!page.items("id").is_empty());
        seen.extend(page.items("id"));
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => query = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, records.iter().rev().map(|record| record.id.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_of_the_audit_log_ends_before_it_is_too_large() {
    let admin = TestAdmin::new().await;
    let change = admin.store.change(&Actor::service("test")).await.unwrap();
    for number in 0..5 {
        // As of before there were bounds.
        let after = Some(json!({ "metadata": "m".repeat(3 << 20) }).to_string());
        let subject = format!("m{number}");
        change.audit(NewAudit { action: "model.register", kind: "model", subject, before: None, after }).await.unwrap();
    }
    change.commit().await.unwrap();
    let (mut seen, mut query) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/api/audit?limit=100{query}")).await.expect(200);
        assert!(page.text.len() <= bounds::PAGE, "{}", page.text.len());
        seen.extend(page.items("subject"));
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => query = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ["m4", "m3", "m2", "m1", "m0"]);
}

#[tokio::test]
async fn feedback_and_webhooks_have_quotas() {
    let quotas = baton_admin::Quotas { feedback_per_day: 2, webhooks: 1 };
    let admin = TestAdmin::with_quotas(quotas).await;
    admin.register("fast", "").await;
    let (key, _) = admin.make_key("caller", "").await;
    let caller = admin.with(&key);
    let request = caller.chat("fast", "hello").await.header("x-request-id").to_owned();
    let path = format!("/api/requests/{request}/feedback");
    for _ in 0..2 {
        caller.post(&path, r#"{"score": 1}"#).await.expect(201);
    }
    let refused = caller.post(&path, r#"{"score": 1}"#).await;
    refused.is_refused(429, "rate_limit_exceeded", &[]);
    assert!(refused.message().contains("quotas.feedback_per_day"), "{}", refused.text);
    // Another's are its own, and a day later there is room again.
    admin.post(&path, r#"{"score": 1}"#).await.expect(201);
    admin.advance(24 * 3600 + 1);
    caller.post(&path, r#"{"score": 1}"#).await.expect(201);

    admin.post("/api/webhooks", r#"{"url": "https://example.com/"}"#).await.expect(201);
    let refused = admin.post("/api/webhooks", r#"{"url": "https://example.com/b"}"#).await;
    refused.is_refused(409, "conflict", &[]);
    assert!(refused.message().contains("quotas.webhooks"), "{}", refused.text);
}
