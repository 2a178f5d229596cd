//! The response cache: how much it keeps, and forgetting it.

use crate::setup::TestAdmin;
use serde_json::json;

#[tokio::test]
async fn kept_answers_are_forgotten() {
    let admin = TestAdmin::new().await;
    admin.register("m", "").await;
    admin.register("n", "").await;
    let (key, id) = admin.make_key("caller", "").await;
    let caller = admin.with(&key);
    for model in ["m", "n"] {
        let body = format!(
            r#"{{"model_id": "{model}", "temperature": 0, "messages": [{{"role": "user", "content": "hi"}}]}}"#
        );
        assert_eq!(caller.post("/api/models/chat", &body).await.status, 200);
    }
    // A reply is put into the cache after the client has it.
    admin.settle().await;
    let size = admin.get("/api/cache").await.json();
    assert!(size["entries"].is_u64() && size["bytes"].is_u64(), "{size}");
    admin.delete("/api/cache?model=m&key=x").await.is_refused(422, "validation_error", &["model"]);
    admin.delete("/api/cache?modell=m").await.is_refused(422, "validation_error", &["modell"]);
    assert_eq!(admin.delete("/api/cache?model=m").await.json(), json!({"purged": 1}));
    assert_eq!(admin.delete("/api/cache?project=nobody").await.json(), json!({"purged": 0}));
    assert_eq!(admin.delete(&format!("/api/cache?key={id}")).await.json(), json!({"purged": 1}));
    assert_eq!(admin.delete("/api/cache").await.json(), json!({"purged": 0}));
    let noted = admin.get("/api/audit?action=cache.purge").await.json();
    let subjects: Vec<_> = noted["items"].as_array().unwrap().iter().map(|entry| entry["subject"].clone()).collect();
    assert_eq!(subjects, [json!("all"), json!(format!("key:{id}")), json!("project:nobody"), json!("model:m")]);
}
