//! Providers that the database keeps.

use crate::setup::{SECRET_KEY, TestAdmin};
use baton_seal::Keyring;
use baton_store::audit::AuditFilter;

// `hunter2` is looked for in everything that is shown, kept or told.
const KEY: &str = "gsk_hunter2hunter2hunter2";

/// Registers a provider at the address of the simulated OpenAI.
async fn register(admin: &TestAdmin, name: &str, more: &str) -> String {
    let body = format!(
        r#"{{"name": "{name}", "kind": "openai", "base_url": "{}", "discover": false{more}}}"#,
        admin.openai.base_url()
    );
    let made = admin.post("/api/providers", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("location"), format!("/api/providers/{name}"));
    made.text
}

#[tokio::test]
async fn a_registered_provider_serves_at_once_and_its_key_is_never_seen_again() {
    let admin = TestAdmin::new().await;
    let more = format!(r#", "api_key": "{KEY}", "headers": {{"x-team": "hunter2"}}, "timeouts": {{"total": "2m"}}"#);
    let made = register(&admin, "lab2", &more).await;
    let model = r#"{"model_id": "m", "provider": "lab2", "upstream": "gpt-4o"}"#;
    assert_eq!(admin.post("/api/models", model).await.status, 201);
    admin.with(&admin.make_key("caller", "").await.0).chat("m", "hello").await;
    let shown = admin.get("/api/providers/lab2").await;
    let registration = &shown.json()["registration"];
    assert_eq!((&shown.json()["source"], &shown.json()["models"]), (&"api".into(), &1.into()));
    assert_eq!(registration["key_prefix"], "gsk_hu");
    assert_eq!(registration["headers"], serde_json::json!(["x-team"]));
    assert_eq!(registration["timeouts"]["total"], "2m");
    let listed = admin.get("/api/providers").await;
    assert_eq!(listed.items("name"), ["lab", "lab2", "openai"]);
    let stored = admin.store.providers().list().await.unwrap();
    let audit = admin.store.audit().list(&AuditFilter::default(), None, 100).await.unwrap();
    let events = admin.store.events().list_unplaced(100).await.unwrap();
    let sealed = stored[0].sealed_key.clone().unwrap();
    for text in
        [made, shown.text, listed.text, format!("{stored:?}"), format!("{audit:?}"), format!("{events:?}"), sealed]
    {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(events.iter().any(|event| event.kind.name() == "provider.registered" && event.subject == "lab2"));
}

#[tokio::test]
async fn the_key_belongs_to_its_row() {
    let admin = TestAdmin::new().await;
    register(&admin, "a", &format!(r#", "api_key": "{KEY}""#)).await;
    register(&admin, "b", r#", "api_key": "another key of another provider""#).await;
    let rows = admin.store.providers().list().await.unwrap();
    let ring = Keyring::parse(SECRET_KEY).unwrap();
    let opened =
        ring.open_text(&baton_control::sealed_row(&rows[0].name), rows[0].sealed_key.as_deref().unwrap()).unwrap();
    assert!(opened.contains(KEY));
    // Somebody with access to the database moves a key to a provider of his own.
    let mut moved = rows[1].clone();
    moved.sealed_key.clone_from(&rows[0].sealed_key);
    moved.updated_at.0 += 1;
    admin.store.providers().update(&moved, rows[1].updated_at).await.unwrap();
    admin.providers.reload().await.unwrap();
    let shown = admin.get("/api/providers/b").await;
    assert!(shown.json()["fault"].as_str().unwrap().contains("does not belong to this row"), "{}", shown.text);
    assert!(!admin.engine.registry().snapshot().providers.contains_key("b"));
    // A new key mends it.
    assert_eq!(admin.put("/api/providers/b", r#"{"api_key": "a new key of some length"}"#).await.status, 200);
    assert!(admin.get("/api/providers/b").await.json()["fault"].is_null());
    assert!(admin.engine.registry().snapshot().providers.contains_key("b"));
}

#[tokio::test]
async fn without_a_key_to_encrypt_with_no_secret_is_kept() {
    let admin = TestAdmin::with_secret_key(None).await;
    let body = format!(r#"{{"name": "groq", "kind": "groq", "api_key": "{KEY}"}}"#);
    let refused = admin.post("/api/providers", &body).await;
    refused.is_refused(422, "validation_error", &["api_key"]);
    assert!(refused.text.contains("BATON_SECRET_KEY") && !refused.text.contains("hunter2"), "{}", refused.text);
    // One that needs no key needs nothing to encrypt it with.
    register(&admin, "local", "").await;
    assert_eq!(admin.store.providers().list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn providers_of_the_configuration_are_read_only() {
    let admin = TestAdmin::new().await;
    let taken = admin.post("/api/providers", r#"{"name": "lab", "kind": "ollama"}"#).await;
    taken.is_refused(409, "conflict", &[]);
    admin.put("/api/providers/lab", r#"{"retries": 2}"#).await.is_refused(409, "conflict", &[]);
    admin.delete("/api/providers/lab").await.is_refused(409, "conflict", &[]);
    assert_eq!(admin.get("/api/providers/lab").await.json()["source"], "config");
    for reply in [
        admin.get("/api/providers/nobody").await,
        admin.put("/api/providers/nobody", r#"{"retries": 2}"#).await,
        admin.delete("/api/providers/nobody").await,
    ] {
        reply.is_refused(404, "not_found", &[]);
    }
    register(&admin, "a", "").await;
    let again = admin.post("/api/providers", r#"{"name": "a", "kind": "ollama"}"#).await;
    again.is_refused(409, "conflict", &[]);
}

#[tokio::test]
async fn how_many_requests_it_takes_is_set_shown_and_in_force() {
    let admin = TestAdmin::new().await;
    register(&admin, "a", "").await;
    let most = |admin: &TestAdmin| admin.engine.registry().snapshot().providers["a"].settings().max_in_flight;
    assert_eq!(most(&admin), None);
    let changed = admin.put("/api/providers/a", r#"{"max_in_flight": 3}"#).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(most(&admin), Some(3));
    assert_eq!(admin.get("/api/providers/a").await.json()["registration"]["max_in_flight"], 3, "{}", changed.text);
    assert_eq!(admin.put("/api/providers/a", r#"{"max_in_flight": null}"#).await.status, 200);
    assert_eq!(most(&admin), None);
}

#[tokio::test]
async fn a_provider_in_use_is_removed_only_by_force() {
    let admin = TestAdmin::new().await;
    register(&admin, "a", "").await;
    assert_eq!(admin.post("/api/models", r#"{"model_id": "m", "provider": "a"}"#).await.status, 201);
    let refused = admin.delete("/api/providers/a").await;
    refused.is_refused(409, "conflict", &[]);
    assert!(refused.text.contains("use the provider `a`: m"), "{}", refused.text);
    assert_eq!(admin.delete("/api/providers/a?force=true").await.status, 204);
    admin.get("/api/models/m").await.is_refused(404, "model_not_found", &[]);
    assert!(!admin.engine.registry().snapshot().providers.contains_key("a"));
    let audit = admin.store.audit().list(&AuditFilter::default(), None, 100).await.unwrap();
    let actions: Vec<&str> = audit.items.iter().map(|entry| entry.action.as_str()).take(2).collect();
    assert_eq!(actions, ["provider.delete", "model.delete"]);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let admin = TestAdmin::new().await;
    let body = r#"{"name": "a b", "kind": "opanai", "retries": 11, "max_in_flight": 0, "timeouts": {"total": "soon", "x": "1s"}, "colour": 1}"#;
    let refused = admin.post("/api/providers", body).await;
    let fields = ["kind", "timeouts.total", "timeouts.x", "retries", "max_in_flight", "name", "colour"];
    refused.is_refused(422, "validation_error", &fields);
    admin.post("/api/providers", "{}").await.is_refused(422, "validation_error", &["name", "kind"]);
    // Azure has no address of its own: each resource has one.
    let azure = admin.post("/api/providers", r#"{"name": "a", "kind": "azure", "api_key": "0123456789"}"#).await;
    azure.is_refused(422, "validation_error", &["base_url"]);
    let address = admin.post("/api/providers", r#"{"name": "a", "kind": "ollama", "base_url": "ollama:11434"}"#).await;
    address.is_refused(422, "validation_error", &["base_url"]);
    register(&admin, "a", "").await;
    admin.put("/api/providers/a", "{}").await.is_refused(400, "invalid_request", &[]);
    admin.put("/api/providers/a", r#"{"name": "b"}"#).await.is_refused(422, "validation_error", &["name"]);
}
