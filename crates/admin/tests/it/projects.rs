//! Projects: made, changed, removed, and told of.

use crate::setup::TestAdmin;

#[tokio::test]
async fn a_project_is_made_changed_and_removed() {
    let admin = TestAdmin::new().await;
    let made = admin.post("/api/projects", r#"{"id": "team a/search", "metadata": {"cost": 1.10}}"#).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.header("location").to_owned();
    assert_eq!(path, "/api/projects/team%20a%2Fsearch");
    let shown = admin.get(&path).await;
    assert_eq!(shown.json()["name"], "team a/search");
    assert!(shown.text.contains("1.10"), "{}", shown.text);
    admin.post("/api/projects", r#"{"id": "team a/search"}"#).await.is_refused(409, "conflict", &[]);
    let mut body = shown.json();
    body["name"] = "Search".into();
    let changed = admin.put(&path, &body.to_string()).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["name"]), (200, &"Search".into()), "{}", changed.text);
    assert_eq!(admin.get("/api/projects").await.items("name"), ["Search"]);
    assert_eq!(admin.delete(&path).await.status, 204);
    admin.get(&path).await.is_refused(404, "not_found", &[]);
    admin.put(&path, r#"{"name": "x"}"#).await.is_refused(404, "not_found", &[]);
    let actions = admin.get("/api/audit?kind=project").await;
    assert_eq!(actions.items("action"), ["project.delete", "project.update", "project.create"]);
    let events = admin.store.events().list_unplaced(10).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["project.created", "project.updated", "project.deleted"]);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let admin = TestAdmin::new().await;
    let long = format!(r#"{{"id": "{}"}}"#, "x".repeat(257));
    for (body, fields) in [
        ("{}", &["id"][..]),
        (r#"{"id": " a"}"#, &["id"]),
        (r#"{"id": "a", "name": "", "metadata": []}"#, &["name", "metadata"]),
        (r#"{"id": "a", "nmae": "x"}"#, &["nmae"]),
        (&long, &["id"]),
    ] {
        admin.post("/api/projects", body).await.is_refused(422, "validation_error", fields);
    }
    assert_eq!(admin.post("/api/projects", r#"{"id": "a"}"#).await.status, 201);
    admin.put("/api/projects/a", "{}").await.is_refused(400, "invalid_request", &[]);
    admin.put("/api/projects/a", r#"{"id": "b", "name": "x"}"#).await.is_refused(422, "validation_error", &["id"]);
}
