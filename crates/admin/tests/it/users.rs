//! Users: as they are registered, as members, and as requests name them.

use crate::setup::TestAdmin;

#[tokio::test]
async fn users_are_known_by_what_is_set_by_memberships_and_by_requests() {
    let admin = TestAdmin::new().await;
    admin.register("fast", "").await;
    let members = r#"{"id": "search", "members": [{"user_id": "ben", "role": "viewer"}]}"#;
    admin.post("/api/projects", members).await.expect(201);
    let (key, _) = admin.make_key("caller", r#", "user_id": "carl", "project_id": "search""#).await;
    admin.with(&key).chat("fast", "hello").await.expect(200);
    admin.settle().await;
    let made = admin.put("/api/users/anna", r#"{"name": "Anna", "budget": {"amount": 5, "period": "day"}}"#).await;
    assert_eq!((made.status.as_u16(), &made.json()["name"]), (200, &"Anna".into()), "{}", made.text);
    let users = admin.get("/api/users").await;
    assert_eq!(users.items("id"), ["anna", "ben", "carl"]);
    let items = users.json()["items"].clone();
    assert_eq!((&items[0]["registered"], &items[1]["registered"]), (&true.into(), &false.into()));
    assert_eq!((&items[1]["projects"][0]["role"], &items[2]["month"]["requests"]), (&"viewer".into(), &1.into()));
    assert!(items[1]["created_at"].is_null());
    assert_eq!(admin.get("/api/users?search=AN").await.items("id"), ["anna"]);
    assert_eq!(admin.get("/api/budgets?origin=user").await.items("budget_id"), ["user:anna:budget"]);
    // Whoever sees one project sees its users alone.
    let (viewer, _) = admin.make_key("viewer", r#", "project_id": "search""#).await;
    let viewer = admin.with(&viewer);
    assert_eq!(viewer.get("/api/users").await.items("id"), ["ben", "carl"]);
    viewer.get("/api/users/anna").await.is_refused(404, "not_found", &[]);
    viewer.put("/api/users/ben", "{}").await.is_refused(403, "permission_denied", &[]);
    admin.with(&key).get("/api/users").await.is_refused(403, "permission_denied", &[]);
    // As it was got, it is put back.
    let body = admin.get("/api/users/anna").await.json();
    admin.put("/api/users/anna", &body.to_string()).await.expect(200);
    admin.put("/api/users/anna", r#"{"budget": null}"#).await.expect(200);
    assert_eq!(admin.get("/api/budgets?origin=user").await.items("budget_id"), [""; 0]);
    admin.delete("/api/users/anna").await.expect(204);
    admin.get("/api/users/anna").await.is_refused(404, "not_found", &[]);
    let actions = admin.get("/api/audit?kind=user").await.items("action");
    assert_eq!(actions, ["user.delete", "user.update", "user.update", "user.create"]);
}

#[tokio::test]
async fn a_users_own_budget_is_kept_to() {
    let admin = TestAdmin::new().await;
    admin.register("fast", "").await;
    admin.put("/api/users/anna", r#"{"limits": {"rpm": 1}}"#).await.expect(200);
    let (anna, _) = admin.make_key("caller", r#", "user_id": "anna""#).await;
    let anna = admin.with(&anna);
    anna.chat("fast", "hello").await.expect(200);
    anna.try_chat("fast", "hello").await.is_refused(429, "rate_limit_exceeded", &[]);
    let (ben, _) = admin.make_key("caller", r#", "user_id": "ben""#).await;
    admin.with(&ben).chat("fast", "hello").await.expect(200);
    for (body, field) in [
        (r#"{"budget": {"amount": -1, "period": "day"}}"#, "budget"),
        (r#"{"limits": {}}"#, "limits"),
        (r#"{"id": "other"}"#, "id"),
        (r#"{"role": "admin"}"#, "role"),
    ] {
        admin.put("/api/users/anna", body).await.is_refused(422, "validation_error", &[field]);
    }
    admin.put("/api/users/%20", "{}").await.is_refused(422, "validation_error", &["id"]);
}
