//! Lists: pages, filters, what they refuse.

use crate::setup::TestAdmin;

async fn with_models() -> TestAdmin {
    let admin = TestAdmin::new().await;
    for id in ["a", "b", "c"] {
        admin.register(id, "").await;
    }
    admin
        .register("vectors", r#", "capabilities": ["EMBEDDING"], "status": "INACTIVE", "description": "For Search""#)
        .await;
    admin
}

#[tokio::test]
async fn pages_have_edges() {
    let admin = with_models().await;
    for (query, items) in [
        ("", &["a", "b", "c", "house", "vectors"][..]),
        ("?page_size=2", &["a", "b"]),
        ("?page_size=2&page=3", &["vectors"]),
        ("?page_size=2&page=4", &[]),
        ("?page=999999999", &[]),
    ] {
        let reply = admin.get(&format!("/api/models{query}")).await;
        assert_eq!(reply.items("model_id"), items, "{query}");
        assert_eq!(reply.json()["total"], 5, "{query}");
    }
    let json = admin.get("/api/models?page_size=100&page=1").await.json();
    assert_eq!((&json["page"], &json["page_size"]), (&1.into(), &100.into()));
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=two", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page=99999999999999999999", "page"),
        ("status=GONE", "status"),
        ("capability=DANCE", "capability"),
        ("pages=1", "pages"),
        ("page=1&page=2", "page"),
    ] {
        admin.get(&format!("/api/models?{query}")).await.is_refused(422, "validation_error", &[field]);
    }
}

#[tokio::test]
async fn filters_narrow() {
    let admin = with_models().await;
    for (query, items) in [
        ("provider=LAB", &["house"][..]),
        ("provider=nobody", &[]),
        ("capability=embedding", &["vectors"]),
        ("status=inactive", &["vectors"]),
        ("status=ACTIVE&provider=openai", &["a", "b", "c"]),
        ("search=search", &["vectors"]),
        ("search=HOUSE+model", &["house"]),
        ("search=gpt-4o&status=active", &["a", "b", "c"]),
    ] {
        assert_eq!(admin.get(&format!("/api/models?{query}")).await.items("model_id"), items, "{query}");
    }
}

#[tokio::test]
async fn providers_are_listed_without_secrets() {
    let admin = with_models().await;
    let reply = admin.get("/api/providers").await;
    assert_eq!(reply.items("name"), ["lab", "openai"]);
    let json = reply.json();
    let (lab, openai) = (&json["items"][0], &json["items"][1]);
    assert_eq!((&lab["kind"], &lab["models"]), (&"ollama".into(), &1.into()));
    assert_eq!(
        (&openai["kind"], &openai["models"], &openai["circuits"]["closed"]),
        (&"openai".into(), &4.into(), &4.into())
    );
    assert!(openai["capabilities"].as_array().unwrap().contains(&"CHAT".into()));
    assert!(!reply.text.contains("127.0.0.1"), "{}", reply.text);
}

/// PostgreSQL takes no text with U+0000, so it is refused before it comes there.
#[tokio::test]
async fn null_characters_are_refused() {
    let admin = with_models().await;
    admin.get("/api/requests?model=a%00b").await.is_refused(422, "validation_error", &["model"]);
    admin.get("/api/requests/a%00b").await.is_refused(400, "invalid_request", &[]);
    admin.get("/api/models/a%00b").await.is_refused(400, "invalid_request", &[]);
    admin.get("/api/keys/%00").await.is_refused(400, "invalid_request", &[]);
}
