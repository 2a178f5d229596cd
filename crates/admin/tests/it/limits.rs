//! Limits on rates: made, changed, removed.

use crate::setup::TestAdmin;
use serde_json::{Value, json};

#[tokio::test]
async fn a_limit_is_made_changed_and_removed() {
    let admin = TestAdmin::new().await;
    let body = r#"{"limit_id": "rpm", "scope": {"user": "*"}, "requests": 60, "per": "minute", "burst": 10}"#;
    let made = admin.post("/api/limits", body).await.expect(201);
    assert_eq!(made.header("location"), "/api/limits/rpm");
    assert_eq!((&made.json()["fail"], &made.json()["origin"]), (&json!("local"), &json!("api")));
    // Another measure in place of the first; and what is shown can be put back.
    let change = r#"{"requests": null, "burst": null, "cost": "0.000000001"}"#;
    let changed = admin.put("/api/limits/rpm", change).await.expect(200);
    assert!(changed.text.contains(r#""cost":0.000000001"#), "{}", changed.text);
    assert_eq!((&changed.json()["requests"], &changed.json()["per"]), (&Value::Null, &json!("minute")));
    admin.put("/api/limits/rpm", &changed.text).await.expect(200);
    assert_eq!(admin.engine.policies().set().limits().len(), 2);
    let id =
        admin.post("/api/limits", r#"{"scope": {}, "concurrency": 4}"#).await.expect(201).json()["limit_id"].clone();
    assert!(id.as_str().unwrap().starts_with("limit_"), "{id}");
    admin.get("/api/limits/rpm/counters").await.expect(200);
    // A budget of the same id is another thing.
    admin.post("/api/budgets", r#"{"budget_id": "rpm", "scope": {}, "amount": 1, "period": "day"}"#).await.expect(201);
    admin.delete("/api/limits/rpm").await.expect(204);
    admin.get("/api/budgets/rpm").await.expect(200);
    admin.get("/api/limits/rpm").await.is_refused(404, "not_found", &[]);
    admin.post("/api/limits/house/raise", "{}").await.expect(404);
    admin.put("/api/limits/house", r#"{"concurrency": 1}"#).await.is_refused(409, "conflict", &[]);
    let kinds: Vec<String> = {
        let events = admin.store.events().list_unplaced(10).await.unwrap();
        events.iter().map(|event| event.kind.name().to_owned()).filter(|kind| kind.starts_with("limit")).collect()
    };
    assert_eq!(kinds, ["limit.created", "limit.updated", "limit.updated", "limit.created", "limit.deleted"]);
}

#[tokio::test]
async fn wrong_fields_of_limits_are_named() {
    let admin = TestAdmin::new().await;
    for (body, fields) in [
        ("{}", &["scope"][..]),
        (r#"{"scope": {}}"#, &["requests"]),
        (r#"{"scope": {}, "requests": 1, "tokens": 1, "per": "day"}"#, &["tokens"]),
        (r#"{"scope": {}, "requests": 1}"#, &["per"]),
        (r#"{"scope": {}, "concurrency": 1, "per": "day"}"#, &["per"]),
        (r#"{"scope": {}, "requests": 0, "per": "day", "burst": 0}"#, &["requests", "burst"]),
        (r#"{"scope": {}, "requests": -1, "per": "year"}"#, &["requests", "per"]),
        (r#"{"scope": {}, "requests": 1.5, "per": "day"}"#, &["requests"]),
        (r#"{"scope": {}, "cost": "1e999", "per": "day"}"#, &["cost"]),
        (r#"{"scope": {}, "concurrency": 1, "limit": 5}"#, &["limit"]),
    ] {
        admin.post("/api/limits", body).await.is_refused(422, "validation_error", fields);
    }
    let (operator, _) = admin.make_key("operator", "").await;
    let refused = admin.with(&operator).post("/api/limits", r#"{"scope": {}, "concurrency": 1}"#).await;
    refused.is_refused(403, "permission_denied", &[]);
}
