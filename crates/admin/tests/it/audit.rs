//! The audit log: who changed what.

use crate::setup::TestAdmin;

#[tokio::test]
async fn changes_are_found_by_who_what_and_when() {
    let admin = TestAdmin::new().await;
    let (operator, id) = admin.make_key("operator", "").await;
    let body = r#"{"model_id": "fast", "provider": "openai"}"#;
    let registered = admin.with(&operator).post("/api/models", body).await;
    admin.advance(3_600);
    admin.put("/api/models/fast", r#"{"display_name": "Fast"}"#).await;
    admin.delete("/api/models/fast").await;

    let all = admin.get("/api/audit").await;
    assert_eq!(all.items("action"), ["model.delete", "model.update", "model.register", "key.create"]);
    let first = admin.get(&format!("/api/audit?actor={id}")).await.json()["items"][0].clone();
    for (field, expected) in [
        ("action", "model.register"),
        ("kind", "model"),
        ("subject", "fast"),
        ("role", "operator"),
        ("at", "2026-11-23T12:00:00.000000Z"),
        ("request_id", registered.header("x-request-id")),
    ] {
        assert_eq!(first[field], expected, "{first}");
    }
    assert!(first["before"].is_null());
    assert_eq!(first["after"]["model_id"], "fast");
    for (query, count) in [
        ("kind=model", 3),
        ("action=model.update", 1),
        ("subject=fast", 3),
        ("kind=key&subject=fast", 0),
        ("from=2026-11-23T12:30:00Z", 2),
        ("to=2026-11-23T12:30:00Z", 2),
    ] {
        assert_eq!(admin.get(&format!("/api/audit?{query}")).await.items("id").len(), count, "{query}");
    }
    let page = admin.get("/api/audit?limit=3").await;
    let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = admin.get(&format!("/api/audit?limit=3&cursor={cursor}")).await;
    assert_eq!([page.items("id"), rest.items("id")].concat(), all.items("id"));
    admin.get("/api/audit?from=soon&cursor=x&who=me").await.is_refused(
        422,
        "validation_error",
        &["from", "cursor", "who"],
    );
}
