//! Who may do what.

use crate::setup::TestAdmin;
use axum::http::Method;

/// Every call, and the least role that may make it.
const CALLS: &[(Method, &str, &str)] = &[
    (Method::GET, "/api/models", "caller"),
    (Method::GET, "/api/models/house", "caller"),
    (Method::POST, "/api/models/tokens", "caller"),
    (Method::POST, "/api/models/route", "caller"),
    (Method::GET, "/api/usage", "caller"),
    (Method::GET, "/api/models/house/health", "viewer"),
    (Method::GET, "/api/models/house/stats", "viewer"),
    (Method::GET, "/api/providers", "viewer"),
    (Method::GET, "/api/providers/lab", "viewer"),
    (Method::GET, "/api/keys", "caller"),
    (Method::GET, "/api/keys/x", "caller"),
    (Method::GET, "/api/requests", "viewer"),
    (Method::GET, "/api/requests/x", "viewer"),
    (Method::GET, "/api/cache", "viewer"),
    (Method::POST, "/api/requests/x/feedback", "caller"),
    (Method::GET, "/api/projects", "viewer"),
    (Method::GET, "/api/projects/x/members", "viewer"),
    (Method::PUT, "/api/projects/x/members/y", "admin"),
    (Method::DELETE, "/api/projects/x/members/y", "admin"),
    (Method::GET, "/api/users", "viewer"),
    (Method::GET, "/api/users/x", "viewer"),
    (Method::PUT, "/api/users/x", "admin"),
    (Method::DELETE, "/api/users/x", "admin"),
    (Method::GET, "/api/me", "caller"),
    (Method::GET, "/api/projects/x", "viewer"),
    (Method::GET, "/api/audit", "viewer"),
    // An event that is not there, or the reply would never end.
    (Method::GET, "/api/events?after=x", "viewer"),
    (Method::POST, "/api/models", "operator"),
    (Method::PUT, "/api/models/house", "operator"),
    (Method::DELETE, "/api/models/house", "operator"),
    (Method::POST, "/api/models/discover", "operator"),
    (Method::POST, "/api/keys", "admin"),
    (Method::PUT, "/api/keys/x", "admin"),
    (Method::DELETE, "/api/keys/x", "admin"),
    (Method::POST, "/api/keys/x/rotate", "admin"),
    (Method::POST, "/api/providers", "admin"),
    (Method::POST, "/api/projects", "admin"),
    (Method::PUT, "/api/projects/x", "admin"),
    (Method::DELETE, "/api/projects/x", "admin"),
    (Method::GET, "/api/webhooks", "admin"),
    (Method::POST, "/api/webhooks", "admin"),
    (Method::GET, "/api/webhooks/x", "admin"),
    (Method::PUT, "/api/webhooks/x", "admin"),
    (Method::DELETE, "/api/webhooks/x", "admin"),
    (Method::POST, "/api/webhooks/x/rotate", "admin"),
    (Method::POST, "/api/webhooks/x/test", "admin"),
    (Method::GET, "/api/webhooks/x/deliveries", "admin"),
    (Method::POST, "/api/webhooks/deliveries/x/redeliver", "admin"),
    (Method::PUT, "/api/providers/lab", "admin"),
    (Method::DELETE, "/api/providers/lab", "admin"),
    (Method::DELETE, "/api/cache", "admin"),
];

#[tokio::test]
async fn each_call_has_its_least_role() {
    const ROLES: [&str; 4] = ["caller", "viewer", "operator", "admin"];
    let admin = TestAdmin::new().await;
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).unwrap();
    for role in ROLES {
        let (key, _) = admin.make_key(role, "").await;
        for (method, path, needed) in CALLS {
            let reply = admin.with(&key).send(method.clone(), path, &[], "").await;
            let refused = reply.status == 403;
            assert_eq!(refused, rank(role) < rank(needed), "{role}: {method} {path}: {}", reply.text);
            if refused {
                reply.is_refused(403, "permission_denied", &[]);
            }
        }
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_key() {
    let admin = TestAdmin::new().await;
    for (method, path, _) in CALLS {
        for key in ["", "bt-unknown"] {
            let reply = admin.with(key).send(method.clone(), path, &[], "").await;
            reply.is_refused(401, "authentication_error", &[]);
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(admin.with("").get("/health/ready").await.text, "ready");
}

#[tokio::test]
async fn callers_see_what_they_may_use() {
    let admin = TestAdmin::new().await;
    admin.register("a", "").await;
    admin.register("off", r#", "status": "INACTIVE""#).await;
    let (all, _) = admin.make_key("caller", "").await;
    let (some, _) = admin.make_key("caller", r#", "models": ["a"]"#).await;
    assert_eq!(admin.with(&all).get("/api/models").await.items("model_id"), ["a", "house"]);
    let some = admin.with(&some);
    assert_eq!(some.get("/api/models").await.items("model_id"), ["a"]);
    some.get("/api/models/house").await.is_refused(404, "model_not_found", &[]);
    let body = r#"{"model_id": "house", "messages": [{"role": "user", "content": "hi"}]}"#;
    // A model that a key may not use is to it as one that is not there.
    for path in ["/api/models/tokens", "/api/models/route"] {
        let forbidden = some.post(path, body).await;
        forbidden.is_refused(404, "model_not_found", &[]);
        let unknown = some.post(path, &body.replace("house", "nobody")).await;
        assert_eq!(forbidden.message().replace("house", "nobody"), unknown.message());
    }
    admin.with(&all).get("/api/models/off").await.is_refused(404, "model_not_found", &[]);
}
