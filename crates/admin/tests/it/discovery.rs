//! Discovery: told first, done after.

use crate::setup::TestAdmin;
use baton_sim::SimFault;
use serde_json::json;

#[tokio::test]
async fn a_dry_run_tells_and_a_real_one_does() {
    let admin = TestAdmin::new().await;
    let dry = admin.post("/api/models/discover", r#"{"provider": "LAB", "dry_run": true}"#).await;
    assert_eq!(dry.status, 200, "{}", dry.text);
    let added = dry.json()["added"].clone();
    assert!(added.as_array().unwrap().contains(&json!("qwen3:8b")), "{added}");
    assert_eq!(admin.get("/api/models").await.json()["total"], 1);
    let done = admin.post("/api/models/discover", r#"{"provider": "lab"}"#).await.json();
    assert_eq!((&done["added"], &done["dry_run"]), (&added, &json!(false)));
    let found = admin.get("/api/models/qwen3:8b").await.json();
    assert_eq!((&found["source"], &found["provider"]), (&json!("discovered"), &json!("lab")));
    let again = admin.post("/api/models/discover", r#"{"provider": "lab"}"#).await.json();
    assert_eq!((&again["added"], &again["changed"], &again["gone"]), (&json!([]), &json!([]), &json!([])));
}

#[tokio::test]
async fn a_provider_that_fails_is_in_the_report() {
    let admin = TestAdmin::new().await;
    admin.openai.always(Some(SimFault::Status(500)));
    let report = admin.post("/api/models/discover", "").await.json();
    assert_eq!(report["failed"][0]["provider"], "openai");
    assert!(!report["added"].as_array().unwrap().is_empty(), "the other was asked: {report}");
    admin.post("/api/models/discover", r#"{"provider": "nobody"}"#).await.is_refused(404, "not_found", &[]);
    let wrong = r#"{"provider": 1, "dry_run": "yes", "dryrun": true}"#;
    admin.post("/api/models/discover", wrong).await.is_refused(
        422,
        "validation_error",
        &["provider", "dry_run", "dryrun"],
    );
}

#[tokio::test]
async fn a_name_that_is_taken_is_reported_and_the_rest_is_taken_over() {
    let admin = TestAdmin::new().await;
    let alias = r#"{"model_id": "llama3.2:latest", "provider": "lab", "upstream": "qwen3:8b"}"#;
    admin.post("/api/models", alias).await.expect(201);
    let dry = admin.post("/api/models/discover", r#"{"provider": "lab", "dry_run": true}"#).await.expect(200).json();
    let done = admin.post("/api/models/discover", r#"{"provider": "lab"}"#).await.expect(200).json();
    let error = "the id `llama3.2:latest` is used by the model that the provider calls `qwen3:8b`";
    assert_eq!(done["conflicts"], json!([{"provider": "lab", "upstream": "llama3.2:latest", "error": error}]));
    assert!(!done["added"].as_array().unwrap().is_empty(), "{done}");
    // The dry run must foresee the conflicts as well, though it writes nothing that could collide.
    for part in ["found", "added", "changed", "gone", "conflicts"] {
        assert_eq!(dry[part], done[part]);
    }
}
