//! Webhooks: registered, changed, rotated; their deliveries listed and repeated.

use crate::setup::{SECRET_KEY, TestAdmin};
use baton_events::webhooks::{WebhookSecret, WebhookSecrets, sealed_row};
use baton_model::Timestamp;
use baton_seal::Keyring;
use baton_store::webhooks::DeliveryFailure;

const URL: &str = "https://example.com/hooks?token=s3cret";

async fn create(admin: &TestAdmin, more: &str) -> (String, WebhookSecret) {
    let reply = admin.post("/api/webhooks", &format!(r#"{{"url": "{URL}"{more}}}"#)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    let json = reply.json();
    let id = json["id"].as_str().unwrap();
    assert_eq!(reply.header("location"), format!("/api/webhooks/{id}"));
    (id.to_owned(), WebhookSecret::parse(json["secret"].as_str().unwrap()).unwrap())
}

/// What the database keeps, opened.
async fn stored_secrets(admin: &TestAdmin, id: &str) -> WebhookSecrets {
    let webhook = admin.store.webhooks().get(id).await.unwrap();
    let opened = Keyring::parse(SECRET_KEY).unwrap().open_text(&sealed_row(id), &webhook.sealed_secret).unwrap();
    WebhookSecrets::read(&opened).unwrap()
}

#[tokio::test]
async fn a_webhook_is_made_changed_and_removed() {
    let admin = TestAdmin::new().await;
    let (id, secret) = create(&admin, r#", "types": ["model.updated", "key.revoked", "key.revoked"]"#).await;
    assert_eq!(stored_secrets(&admin, &id).await, WebhookSecrets::of(secret.clone()));
    let path = format!("/api/webhooks/{id}");
    let shown = admin.get(&path).await;
    assert_eq!(shown.json()["url"], URL);
    assert_eq!(shown.json()["types"], serde_json::json!(["model.updated", "key.revoked"]));
    assert_eq!(shown.json()["active"], true);
    assert_eq!(shown.json()["format"], "cloudevents");
    assert_eq!(admin.get("/api/webhooks").await.items("id"), [id.as_str()]);

    // What was got can be put back.
    let mut body = shown.json();
    (body["types"], body["active"]) = (serde_json::Value::Null, false.into());
    let changed = admin.put(&path, &body.to_string()).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert!(changed.json()["types"].is_null() && changed.json()["active"] == false, "{}", changed.text);
    assert_ne!(changed.json()["updated_at"], shown.json()["updated_at"]);

    assert_eq!(admin.delete(&path).await.status, 204);
    admin.get(&path).await.is_refused(404, "not_found", &[]);
    let audit = admin.get("/api/audit?kind=webhook").await;
    assert_eq!(audit.items("action"), ["webhook.delete", "webhook.update", "webhook.create"]);
    let reveal = secret.reveal();
    for text in [&shown.text, &changed.text, &audit.text] {
        assert!(!text.contains(reveal.as_str()), "{text}");
    }
    // Viewers read the audit log, and the query of the address holds the token.
    assert!(!audit.text.contains("s3cret"), "{}", audit.text);
}

#[tokio::test]
async fn a_webhook_may_post_sentences() {
    let admin = TestAdmin::new().await;
    let body = r#"{"url": "https://hooks.example.com/services/T0/B0/s3cret", "format": "slack"}"#;
    let made = admin.post("/api/webhooks", body).await.expect(201).json();
    assert_eq!(made["format"], "slack");
    let path = format!("/api/webhooks/{}", made["id"].as_str().unwrap());
    let changed = admin.put(&path, r#"{"format": "cloudevents"}"#).await;
    assert_eq!(changed.json()["format"], "cloudevents", "{}", changed.text);
    assert_eq!(admin.put(&path, r#"{"format": "slack"}"#).await.json()["format"], "slack");
    assert_eq!(admin.get(&path).await.json()["format"], "slack", "the database keeps it");
    admin.put(&path, r#"{"format": "teams"}"#).await.is_refused(422, "validation_error", &["format"]);
    // The path of such an address is the secret, and viewers read the audit log: also where the format has changed since.
    let audit = admin.get("/api/audit?kind=webhook").await;
    assert!(audit.text.contains("hooks.example.com") && !audit.text.contains("s3cret"), "{}", audit.text);
}

#[tokio::test]
async fn a_secret_is_given_or_rotated() {
    let admin = TestAdmin::new().await;
    let given = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (id, secret) = create(&admin, &format!(r#", "secret": "{given}""#)).await;
    assert_eq!(*secret.reveal(), given);
    let path = format!("/api/webhooks/{id}/rotate");
    let rotated = admin.post(&path, r#"{"overlap": "1h"}"#).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    let second = WebhookSecret::parse(rotated.json()["secret"].as_str().unwrap()).unwrap();
    let now = admin.engine.clock().now();
    let until = Timestamp(now.0 + 3_600_000_000);
    // Both sign during the overlap, so that the receiver can change its secret without losing a delivery.
    assert_eq!(stored_secrets(&admin, &id).await, WebhookSecrets::of(secret).rotate(second, until));
    let third = admin.post(&path, r#"{"overlap": "0s"}"#).await;
    let third = WebhookSecret::parse(third.json()["secret"].as_str().unwrap()).unwrap();
    assert_eq!(stored_secrets(&admin, &id).await, WebhookSecrets::of(third));
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let admin = TestAdmin::new().await;
    for (body, fields) in [
        ("{}", &["url"][..]),
        (r#"{"url": "http://example.com"}"#, &["url"]),
        (r#"{"url": "https://user:pass@example.com"}"#, &["url"]),
        (r#"{"url": "https://127.0.0.1/hook"}"#, &["url"]),
        (r#"{"url": "https://a.example", "types": [], "active": 1}"#, &["types", "active"]),
        (r#"{"url": "https://a.example", "types": ["model.exploded"], "events": 1}"#, &["types", "events"]),
        (r#"{"url": "https://a.example", "secret": "hunter2hunter2"}"#, &["secret"]),
    ] {
        let reply = admin.post("/api/webhooks", body).await;
        reply.is_refused(422, "validation_error", fields);
        assert!(!reply.text.contains("hunter2") && !reply.text.contains("pass@"), "{}", reply.text);
    }
    // `setup` lists 10.0.0.0/8 among the networks that webhooks may reach, and there plain HTTP is allowed.
    assert_eq!(admin.post("/api/webhooks", r#"{"url": "http://10.1.2.3/hook"}"#).await.status, 201);
    let (id, _) = create(&admin, "").await;
    let path = format!("/api/webhooks/{id}");
    admin.put(&path, "{}").await.is_refused(400, "invalid_request", &[]);
    admin.put(&path, r#"{"secret": "x"}"#).await.is_refused(422, "validation_error", &["secret"]);
    admin.post(&format!("{path}/rotate"), r#"{"overlap": "soon"}"#).await.is_refused(
        422,
        "validation_error",
        &["overlap"],
    );
    admin.get(&format!("{path}/deliveries?state=lost&cursor=x")).await.is_refused(
        422,
        "validation_error",
        &["state", "cursor"],
    );
}

#[tokio::test]
async fn without_a_key_to_encrypt_with_there_are_no_webhooks() {
    let admin = TestAdmin::with_secret_key(None).await;
    let reply = admin.post("/api/webhooks", &format!(r#"{{"url": "{URL}"}}"#)).await;
    reply.is_refused(422, "validation_error", &["secret"]);
    assert!(reply.text.contains("BATON_SECRET_KEY"), "{}", reply.text);
}

#[tokio::test]
async fn deliveries_are_listed_and_repeated() {
    let admin = TestAdmin::new().await;
    let (id, _) = create(&admin, r#", "types": ["model.registered"]"#).await;
    for model in ["a", "b", "c"] {
        admin.register(model, "").await;
    }
    admin.relay().await;
    let now = admin.engine.clock().now();
    let due = admin.store.webhooks().list_due(now, &[], 10).await.unwrap();
    let failure = DeliveryFailure { status: Some(500), error: "it answered 500".into(), next: None };
    admin.store.webhooks().mark_failed(&due[0].delivery.id, &failure, now).await.unwrap();
    let path = format!("/api/webhooks/{id}/deliveries");
    let dead = admin.get(&format!("{path}?state=dead")).await;
    assert_eq!(dead.items("event_id"), [due[0].event.id.as_str()]);
    let item = &dead.json()["items"][0];
    assert_eq!((&item["attempts"], &item["last_status"]), (&1.into(), &500.into()));
    assert!(item["next_at"].is_null(), "{item}");

    let first = admin.get(&format!("{path}?limit=2")).await;
    let rest = admin.get(&format!("{path}?limit=2&cursor={}", first.json()["next_cursor"].as_str().unwrap())).await;
    assert_eq!((first.items("id").len(), rest.items("id").len()), (2, 1));
    assert!(rest.json()["next_cursor"].is_null());

    let delivery = dead.items("id").remove(0);
    let again = admin.post(&format!("/api/webhooks/deliveries/{delivery}/redeliver"), "").await;
    assert_eq!(again.status, 202, "{}", again.text);
    assert_eq!((&again.json()["state"], &again.json()["attempts"]), (&"pending".into(), &0.into()));
    assert_eq!(admin.store.webhooks().list_due(now, &[], 10).await.unwrap().len(), 3);
    admin.post("/api/webhooks/deliveries/none/redeliver", "").await.is_refused(404, "not_found", &[]);
    admin.get("/api/webhooks/none/deliveries").await.is_refused(404, "not_found", &[]);
    assert_eq!(admin.get("/api/audit?action=webhook.redeliver").await.items("subject"), [id.as_str()]);
}
