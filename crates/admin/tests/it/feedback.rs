//! Feedback on a reply.

use crate::setup::TestAdmin;

#[tokio::test]
async fn feedback_is_kept_told_and_shown() {
    let admin = TestAdmin::new().await;
    admin.register("fast", "").await;
    let (key, id) = admin.make_key("caller", r#", "project_id": "search""#).await;
    let caller = admin.with(&key);
    let chat = caller.chat("fast", "hello").await;
    let request = chat.header("x-request-id").to_owned();
    let path = format!("/api/requests/{request}/feedback");
    // At once: the record may still be on its way.
    let first = caller.post(&path, r#"{"score": 0.5, "comment": "good,\nbut long"}"#).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!((&first.json()["score"], &first.json()["actor"]), (&0.5.into(), &id.as_str().into()));
    let (operator, _) = admin.make_key("operator", "").await;
    assert_eq!(admin.with(&operator).post(&path, r#"{"score": -1}"#).await.status, 201);
    let (colleague, _) = admin.make_key("caller", r#", "project_id": "search""#).await;
    assert_eq!(admin.with(&colleague).post(&path, r#"{"comment": "hm"}"#).await.status, 201);

    let shown = admin.get(&format!("/api/requests/{request}")).await.json();
    assert_eq!(shown["id"], request.as_str());
    let scores: Vec<_> = shown["feedback"].as_array().unwrap().iter().map(|said| said["score"].as_f64()).collect();
    assert_eq!(scores, [Some(0.5), Some(-1.0), None]);
    let events = admin.store.events().list_unplaced(100).await.unwrap();
    let event = events.iter().find(|event| event.kind.name() == "model.feedback.received").unwrap();
    assert_eq!(event.subject, request);
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
    for (field, expected) in [
        ("request_id", request.as_str()),
        ("model_id", "fast"),
        ("provider", "openai"),
        ("project_id", "search"),
        ("key_id", &id),
        ("comment", "good,\nbut long"),
    ] {
        assert_eq!(data[field], expected, "{data}");
    }
}

#[tokio::test]
async fn feedback_is_for_ones_own_requests() {
    let admin = TestAdmin::new().await;
    admin.register("fast", "").await;
    let (key, _) = admin.make_key("caller", r#", "project_id": "search""#).await;
    let request = admin.with(&key).chat("fast", "hello").await.header("x-request-id").to_owned();
    let path = format!("/api/requests/{request}/feedback");
    for (role, more) in [("caller", ""), ("caller", r#", "project_id": "other""#), ("viewer", "")] {
        let (stranger, _) = admin.make_key(role, more).await;
        admin.with(&stranger).post(&path, r#"{"score": 1}"#).await.is_refused(404, "not_found", &[]);
    }
    for (body, status, code, fields) in [
        ("{}", 400, "invalid_request", &[][..]),
        (r#"{"score": null}"#, 400, "invalid_request", &[]),
        (r#"{"score": 1.5}"#, 422, "validation_error", &["score"]),
        (r#"{"score": "good", "stars": 5}"#, 422, "validation_error", &["score", "stars"]),
    ] {
        admin.with(&key).post(&path, body).await.is_refused(status, code, fields);
    }
    admin.post("/api/requests/none/feedback", r#"{"score": 1}"#).await.is_refused(404, "not_found", &[]);
}
