//! What operators and viewers see: their project, or everything.

use crate::setup::TestAdmin;
use serde_json::{Value, json};

/// Two projects, a key in each that has made a request, and one outside.
struct Projects {
    admin: TestAdmin,
    /// Of the project `search`: its key's id, and its request.
    own: (String, String),
    /// Of the project `other`.
    theirs: (String, String),
}

impl Projects {
    async fn new() -> Self {
        let admin = TestAdmin::new().await;
        admin.register("fast", "").await;
        let mut made = Vec::new();
        for project in ["search", "other"] {
            admin.post("/api/projects", &json!({ "id": project }).to_string()).await.expect(201);
            let (key, id) = admin.make_key("caller", &format!(r#", "project_id": "{project}""#)).await;
            let request = admin.with(&key).chat("fast", "hello").await.header("x-request-id").to_owned();
            let path = format!("/api/requests/{request}/feedback");
            admin.with(&key).post(&path, &json!({ "comment": project }).to_string()).await.expect(201);
            made.push((id, request));
        }
        // A request of no project must not be taken for one of the viewer's.
        let (outside, _) = admin.make_key("caller", "").await;
        admin.with(&outside).chat("fast", "hello").await;
        admin.advance(1);
        admin.settle().await;
        admin.relay().await;
        let theirs = made.pop().unwrap();
        Self { admin, own: made.pop().unwrap(), theirs }
    }

    async fn key(&self, role: &str, more: &str) -> String {
        self.admin.make_key(role, more).await.0
    }
}

const IN_SEARCH: &str = r#", "project_id": "search""#;

#[tokio::test]
async fn a_viewer_of_a_project_sees_that_project() {
    let projects = Projects::new().await;
    for role in ["viewer", "operator"] {
        let key = projects.key(role, IN_SEARCH).await;
        let viewer = projects.admin.with(&key);
        assert_eq!(viewer.get("/api/requests").await.items("id"), [projects.own.1.as_str()]);
        assert_eq!(viewer.get("/api/requests?project=other").await.items("id"), [""; 0]);
        let usage = viewer.get("/api/usage?group_by=project").await;
        assert_eq!(usage.items("project"), ["search"]);
        assert_eq!(usage.json()["items"][0]["requests"], 1);
        assert_eq!(viewer.get("/api/usage?project=other").await.json()["items"], json!([]));
        assert_eq!(viewer.get("/api/usage?group_by=model&project=other").await.json()["items"], json!([]));
        assert_eq!(viewer.get("/api/models/fast/stats").await.json()["requests"], 1);
        assert_eq!(viewer.get("/api/projects").await.items("id"), ["search"]);
        let keys = viewer.get("/api/keys").await;
        assert!(keys.items("id").contains(&projects.own.0) && !keys.text.contains("other"), "{}", keys.text);
        let audit = viewer.get("/api/audit?limit=100").await;
        assert!(audit.items("subject").contains(&projects.own.0), "{}", audit.text);
        assert!(!audit.text.contains("other") && !audit.text.contains("\"fast\""), "{}", audit.text);
        viewer.get(&format!("/api/requests/{}", projects.own.1)).await.expect(200);
        viewer.get("/api/providers").await.is_refused(403, "permission_denied", &[]);
        viewer.get("/api/providers/lab").await.is_refused(403, "permission_denied", &[]);
    }
}

/// What belongs to others, and what nobody has, in the same words.
#[tokio::test]
async fn what_belongs_to_another_project_is_as_if_it_were_not_there() {
    let projects = Projects::new().await;
    let key = projects.key("operator", IN_SEARCH).await;
    let operator = projects.admin.with(&key);
    let unknown = "01935f0c-9a4e-7b2d-8c4f-5a6b7c8d9e0f";
    for (theirs, path) in [
        (&projects.theirs.1, "/api/requests/{}"),
        (&projects.theirs.0, "/api/keys/{}"),
        (&"other".to_owned(), "/api/projects/{}"),
    ] {
        let foreign = operator.get(&path.replace("{}", theirs)).await;
        foreign.is_refused(404, "not_found", &[]);
        let invented = operator.get(&path.replace("{}", unknown)).await;
        invented.is_refused(404, "not_found", &[]);
        assert_eq!(foreign.message().replace(theirs.as_str(), unknown), invented.message());
    }
    let feedback = |request: &str| format!("/api/requests/{request}/feedback");
    let foreign = operator.post(&feedback(&projects.theirs.1), r#"{"score": 1}"#).await;
    foreign.is_refused(404, "not_found", &[]);
    let invented = operator.post(&feedback(unknown), r#"{"score": 1}"#).await;
    assert_eq!(foreign.message().replace(projects.theirs.1.as_str(), unknown), invented.message());
    operator.post(&feedback(&projects.own.1), r#"{"score": 1}"#).await.expect(201);
    // The place of another's event in the stream, too.
    let events = projects.admin.store.events().list_after(0, &baton_store::EventFilter::default(), 100).await.unwrap();
    let foreign = events.iter().find(|event| event.subject == projects.theirs.0).unwrap();
    let (foreign, invented) = (
        operator.get(&format!("/api/events?after={}", foreign.id)).await,
        operator.get(&format!("/api/events?after={unknown}")).await,
    );
    assert_eq!((foreign.status, foreign.message()), (invented.status, invented.message()));
    assert_eq!(foreign.status, 400);
}

#[tokio::test]
async fn a_scope_widens_what_a_key_sees() {
    let projects = Projects::new().await;
    let (key, id) = projects.admin.make_key("viewer", &format!(r#"{IN_SEARCH}, "scope": "all""#)).await;
    let viewer = projects.admin.with(&key);
    assert_eq!(viewer.get("/api/requests").await.items("id").len(), 3);
    assert_eq!(viewer.get("/api/projects").await.items("id"), ["search", "other"]);
    viewer.get("/api/providers").await.expect(200);
    // At once, when it is changed.
    let path = format!("/api/keys/{id}");
    let changed = projects.admin.put(&path, r#"{"scope": "project"}"#).await.expect(200);
    assert_eq!(changed.json()["scope"], "project");
    assert_eq!(viewer.get("/api/requests").await.items("id"), [projects.own.1.as_str()]);
    projects.admin.put(&path, r#"{"scope": null}"#).await.expect(200);
    assert_eq!(viewer.get("/api/requests").await.items("id"), [projects.own.1.as_str()]);
    // Who has no project sees all, as before; an admin always does.
    let without = projects.key("viewer", "").await;
    assert_eq!(projects.admin.with(&without).get("/api/requests").await.items("id").len(), 3);
    let admin = projects.key("admin", IN_SEARCH).await;
    assert_eq!(projects.admin.with(&admin).get("/api/requests").await.items("id").len(), 3);
    for (body, fields) in [
        (r#"{"name": "k", "role": "viewer", "scope": "project"}"#, &["scope"]),
        (r#"{"name": "k", "role": "admin", "project_id": "search", "scope": "project"}"#, &["scope"]),
        (r#"{"name": "k", "role": "viewer", "scope": "galaxy"}"#, &["scope"]),
    ] {
        projects.admin.post("/api/keys", body).await.is_refused(422, "validation_error", fields);
    }
}

#[tokio::test]
async fn the_stream_has_the_events_of_the_project() {
    let projects = Projects::new().await;
    let key = projects.key("viewer", IN_SEARCH).await;
    let heard = crate::events::receive_events(&projects.admin, &key, "/api/events?after=oldest", 4).await;
    let subjects: Vec<&str> = heard.iter().map(|(_, subject)| subject.as_str()).collect();
    assert_eq!(subjects[..2], ["search", projects.own.0.as_str()]);
    let request = projects.own.1.as_str();
    let mut rest = subjects[2..].to_vec();
    rest.sort_unstable();
    assert_eq!(rest, [request, request], "the request and its feedback: {heard:?}");
}

#[tokio::test]
async fn health_says_nothing_of_others_requests() {
    let projects = Projects::new().await;
    projects
        .admin
        .post("/api/models", r#"{"model_id": "bad", "provider": "openai", "upstream": "fail-503"}"#)
        .await
        .expect(201);
    let body = r#"{"model_id": "bad", "messages": [{"role": "user", "content": "hi"}]}"#;
    projects.admin.post("/api/models/chat", body).await.expect(503);
    let errors = |reply: Value| reply["last_errors"].as_array().unwrap().len();
    assert!(errors(projects.admin.get("/api/models/bad/health").await.json()) > 0);
    let key = projects.key("viewer", IN_SEARCH).await;
    assert_eq!(errors(projects.admin.with(&key).get("/api/models/bad/health").await.json()), 0);
}
