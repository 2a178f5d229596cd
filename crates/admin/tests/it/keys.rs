//! Keys: shown once, refused once revoked or expired.

use crate::setup::TestAdmin;

#[tokio::test]
async fn a_key_is_shown_once_and_kept_only_as_a_hash() {
    let admin = TestAdmin::new().await;
    let body = r#"{"name": "team-a", "role": "Viewer", "project_id": "p", "user_id": "u", "models": ["house"],
        "expires_at": "2027-01-01T00:00:00+01:00"}"#;
    let made = admin.post("/api/keys", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("cache-control"), "no-store");
    let json = made.json();
    let (key, id) = (json["key"].as_str().unwrap(), json["id"].as_str().unwrap());
    assert!(key.starts_with(json["prefix"].as_str().unwrap()));
    assert_eq!(made.header("location"), format!("/api/keys/{id}"));
    let shown = admin.get(made.header("location")).await;
    for (field, expected) in [
        ("name", "team-a"),
        ("role", "viewer"),
        ("project_id", "p"),
        ("user_id", "u"),
        // Given with an offset; shown in UTC, in which it is compared.
        ("expires_at", "2026-12-31T23:00:00.000000Z"),
        ("created_at", "2026-11-23T12:00:00.000000Z"),
    ] {
        assert_eq!(shown.json()[field], expected);
    }
    let stored = admin.store.keys().all().await.unwrap();
    for text in [&shown.text, &admin.get("/api/keys").await.text, &format!("{stored:?}")] {
        assert!(text.contains(id) && !text.contains(key), "{text}");
    }
    assert!(!shown.text.contains(&stored[0].hash), "{}", shown.text);
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let admin = TestAdmin::new().await;
    let (key, id) = admin.make_key("caller", "").await;
    assert_eq!(admin.with(&key).get("/api/models").await.status, 200);
    let revoked = admin.delete(&format!("/api/keys/{id}")).await;
    assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
    admin.with(&key).get("/api/models").await.is_refused(401, "authentication_error", &[]);
    assert_eq!(admin.get(&format!("/api/keys/{id}")).await.json()["revoked_at"], "2026-11-23T12:00:00.000000Z");
    assert_eq!(admin.delete(&format!("/api/keys/{id}")).await.status, 204, "twice is as once");
    admin.delete("/api/keys/key_nobody").await.is_refused(404, "not_found", &[]);
    admin.get("/api/keys/key_nobody").await.is_refused(404, "not_found", &[]);
}

#[tokio::test]
async fn an_expired_key_is_refused() {
    let admin = TestAdmin::new().await;
    let (key, _) = admin.make_key("caller", r#", "expires_at": "2026-11-23T12:00:10Z""#).await;
    assert_eq!(admin.with(&key).get("/api/models").await.status, 200);
    admin.advance(10);
    admin.with(&key).get("/api/models").await.is_refused(401, "authentication_error", &[]);
}

#[tokio::test]
async fn a_key_is_renamed() {
    let admin = TestAdmin::new().await;
    let (_, id) = admin.make_key("caller", "").await;
    let path = format!("/api/keys/{id}");
    assert_eq!(admin.put(&path, r#"{"name": "new"}"#).await.json()["name"], "new");
    assert_eq!(admin.get(&path).await.json()["name"], "new");
    admin.put(&path, "{}").await.is_refused(400, "invalid_request", &[]);
    admin.put(&path, r#"{"role": "admin"}"#).await.is_refused(422, "validation_error", &["role"]);
    admin.put("/api/keys/key_nobody", r#"{"name": "new"}"#).await.is_refused(404, "not_found", &[]);
}

#[tokio::test]
async fn bad_fields_are_named() {
    let admin = TestAdmin::new().await;
    let cases: &[(&str, &[&str])] = &[
        ("{}", &["name"]),
        (
            r#"{"name": "", "role": "king", "models": [], "expires_at": "soon", "project": "p"}"#,
            &["name", "role", "models", "expires_at", "project"],
        ),
        (r#"{"name": "x", "expires_at": "2020-01-01"}"#, &["expires_at"]),
        (
            r#"{"name": 1, "role": 2, "models": "a", "expires_at": 3, "user_id": {}}"#,
            &["name", "role", "user_id", "models", "expires_at"],
        ),
    ];
    for (body, fields) in cases {
        let reply = admin.post("/api/keys", body).await;
        assert_eq!(reply.status, 422, "{}", reply.text);
        let errors = reply.json()["error"]["details"]["errors"].clone();
        let mut named: Vec<&str> =
            errors.as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
        let mut expected = fields.to_vec();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected, "{body}");
    }
    assert_eq!(admin.get("/api/keys").await.json()["total"], 0);
}

#[tokio::test]
async fn keys_are_listed_in_pages_newest_first() {
    let admin = TestAdmin::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(admin.make_key("caller", "").await.1);
        admin.advance(1);
    }
    ids.reverse();
    assert_eq!(admin.get("/api/keys?page_size=2").await.items("id"), &ids[..2]);
    assert_eq!(admin.get("/api/keys?page_size=2&page=2").await.items("id"), &ids[2..]);
    assert_eq!(admin.get("/api/keys?page=9").await.items("id"), Vec::<String>::new());
}

#[tokio::test]
async fn a_key_is_rotated_and_both_work_for_a_while() {
    let admin = TestAdmin::new().await;
    let (old, id) = admin.make_key("viewer", "").await;
    let rotated = admin.post(&format!("/api/keys/{id}/rotate"), r#"{"overlap": "1h"}"#).await;
    assert_eq!((rotated.status.as_u16(), rotated.header("cache-control")), (200, "no-store"), "{}", rotated.text);
    let json = rotated.json();
    assert_eq!((&json["id"], &json["previous_until"]), (&id.as_str().into(), &"2026-11-23T13:00:00.000000Z".into()));
    let new = json["key"].as_str().unwrap();
    for key in [&old, new] {
        assert_eq!(admin.with(key).get("/api/keys").await.status, 200);
    }
    // The end of an overlap is excluded: at this very moment the old key is over.
    admin.advance(3600);
    admin.with(&old).get("/api/keys").await.is_refused(401, "authentication_error", &[]);
    assert_eq!(admin.with(new).get("/api/keys").await.status, 200);
    for (body, field) in
        [(r#"{"overlap": "soon"}"#, "overlap"), (r#"{"overlap": "91d"}"#, "overlap"), (r#"{"x": 1}"#, "x")]
    {
        let refused = admin.post(&format!("/api/keys/{id}/rotate"), body).await;
        refused.is_refused(422, "validation_error", &[field]);
    }
    admin.post("/api/keys/key_nobody/rotate", "").await.is_refused(404, "not_found", &[]);
    admin.delete(&format!("/api/keys/{id}")).await;
    admin.post(&format!("/api/keys/{id}/rotate"), "").await.is_refused(409, "conflict", &[]);
}

#[tokio::test]
async fn what_a_key_may_do_is_changed_at_once() {
    let admin = TestAdmin::new().await;
    let (key, id) = admin.make_key("caller", r#", "addresses": ["10.1.2.3/8", "::1"]"#).await;
    let path = format!("/api/keys/{id}");
    assert_eq!(admin.get(&path).await.json()["addresses"], serde_json::json!(["10.0.0.0/8", "::1/128"]));
    // Here requests come from nowhere that is known.
    admin.with(&key).get("/api/models").await.is_refused(403, "permission_denied", &[]);
    let changed = admin.put(&path, r#"{"addresses": null, "models": ["house"], "name": "n"}"#).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!((&changed.json()["name"], &changed.json()["addresses"]), (&"n".into(), &serde_json::Value::Null));
    assert_eq!(admin.with(&key).get("/api/models").await.items("model_id"), ["house"]);
    assert_eq!(admin.put(&path, r#"{"expires_at": "2026-11-23T12:00:01Z"}"#).await.status, 200);
    admin.advance(1);
    admin.with(&key).get("/api/models").await.is_refused(401, "authentication_error", &[]);
    assert_eq!(admin.put(&path, r#"{"expires_at": null}"#).await.status, 200);
    assert_eq!(admin.with(&key).get("/api/models").await.status, 200);
    let wrong = r#"{"addresses": ["10.0.0.0/33"], "models": [], "role": "admin"}"#;
    admin.put(&path, wrong).await.is_refused(422, "validation_error", &["models", "addresses", "role"]);
    admin.put(&path, r#"{"addresses": []}"#).await.is_refused(422, "validation_error", &["addresses"]);
}
