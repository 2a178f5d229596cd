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

#[tokio::test]
async fn what_no_project_may_say_is_named() {
    let admin = TestAdmin::new().await;
    admin.post("/api/projects", r#"{"id": "a"}"#).await.expect(201);
    for (body, field) in [
        (r#"{"members": [{"user_id": "anna", "role": "admin"}]}"#, "members.role"),
        (r#"{"members": [{"user_id": " ", "role": "caller"}]}"#, "members.user_id"),
        (r#"{"members": [{"user_id": "a", "role": "caller"}, {"user_id": "a", "role": "viewer"}]}"#, "members"),
        (r#"{"members": [{"user_id": "a", "rôle": "caller"}]}"#, "members"),
        (r#"{"models": []}"#, "models"),
        (r#"{"providers": [""]}"#, "providers"),
        (r#"{"key_creation": "everyone"}"#, "key_creation"),
        (r#"{"charge_factor": 10.1}"#, "charge_factor"),
        (r#"{"charge_factor": 1.00001}"#, "charge_factor"),
        (r#"{"charge_factor": -1}"#, "charge_factor"),
        (r#"{"each_user": {"budget": {"amount": -1, "period": "day"}}}"#, "each_user"),
        (r#"{"each_key": {"limits": {}}}"#, "each_key.limits"),
        (r#"{"key_template": {"expires_in": "0s"}}"#, "key_template.expires_in"),
        (r#"{"key_template": {"addresses": ["nowhere"]}}"#, "key_template.addresses"),
        (r#"{"key_template": {"models": []}}"#, "key_template.models"),
        (r#"{"key_template": {"color": "red"}}"#, "key_template"),
    ] {
        admin.put("/api/projects/a", body).await.is_refused(422, "validation_error", &[field]);
    }
    let whole = r#"{"members": [{"user_id": "anna", "role": "operator"}], "models": ["fast"], "providers": ["lab"],
        "key_creation": "member", "key_template": {"models": ["fast"], "expires_in": "90d", "budget": {"amount": 5, "period": "day"}},
        "each_user": {"budget": {"amount": 1.5, "period": "day"}}, "charge_factor": 1.25}"#;
    let changed = admin.put("/api/projects/a", whole).await.expect(200).json();
    assert_eq!(changed["charge_factor"], 1.25);
    assert_eq!(changed["key_template"]["expires_in"], "90d");
    // As it was got, it is put back and says the same.
    assert_eq!(
        admin.put("/api/projects/a", &changed.to_string()).await.expect(200).json()["members"],
        changed["members"]
    );
    let budgets = admin.get("/api/budgets?origin=project").await;
    assert_eq!(budgets.items("budget_id"), ["project:a:each_user:budget"]);
}

#[tokio::test]
async fn operators_of_a_project_decide_who_belongs_to_it() {
    let admin = TestAdmin::new().await;
    for id in ["search", "other"] {
        admin.post("/api/projects", &format!(r#"{{"id": "{id}"}}"#)).await.expect(201);
    }
    let (operator, _) = admin.make_key("operator", r#", "project_id": "search""#).await;
    let operator = admin.with(&operator);
    let path = "/api/projects/search/members/anna";
    operator.put(path, r#"{"role": "viewer"}"#).await.expect(200);
    operator.put(path, r#"{"role": "operator"}"#).await.expect(200);
    operator.put(path, r#"{"role": "admin"}"#).await.is_refused(422, "validation_error", &["members.role"]);
    operator.put(path, "{}").await.is_refused(422, "validation_error", &["role"]);
    let members = operator.get("/api/projects/search/members").await;
    assert_eq!(
        (members.items("user_id"), members.items("role")),
        (vec!["anna".to_owned()], vec!["operator".to_owned()])
    );
    // Of another project it knows nothing, and what the project itself may is not its to say.
    operator.put("/api/projects/other/members/anna", r#"{"role": "viewer"}"#).await.is_refused(404, "not_found", &[]);
    operator.get("/api/projects/other/members").await.is_refused(404, "not_found", &[]);
    operator.put("/api/projects/search", r#"{"models": null}"#).await.is_refused(403, "permission_denied", &[]);
    operator.delete(path).await.expect(204);
    operator.delete(path).await.is_refused(404, "not_found", &[]);
    let (viewer, _) = admin.make_key("viewer", r#", "project_id": "search""#).await;
    admin.with(&viewer).put(path, r#"{"role": "viewer"}"#).await.is_refused(403, "permission_denied", &[]);
    let (all, _) = admin.make_key("operator", "").await;
    admin.with(&all).put(path, r#"{"role": "viewer"}"#).await.is_refused(403, "permission_denied", &[]);
    admin.post("/api/models", r#"{"model_id": "m", "provider": "lab", "upstream": "llama3.2"}"#).await.expect(201);
    operator.put("/api/models/m", r#"{"description": "x"}"#).await.is_refused(403, "permission_denied", &[]);
    operator.post("/api/models", r#"{"model_id": "n", "provider": "lab"}"#).await.is_refused(
        403,
        "permission_denied",
        &[],
    );
}

#[tokio::test]
async fn operators_of_a_project_keep_budgets_within_it() {
    let admin = TestAdmin::new().await;
    admin.post("/api/projects", r#"{"id": "search", "budget": {"amount": 100, "period": "month"}}"#).await.expect(201);
    let (key, _) = admin.make_key("operator", r#", "project_id": "search""#).await;
    let operator = admin.with(&key);
    let budget =
        |id: &str, scope: &str| format!(r#"{{"budget_id": "{id}", "scope": {scope}, "amount": 1, "period": "day"}}"#);
    operator.post("/api/budgets", &budget("users", r#"{"project": "search", "user": "*"}"#)).await.expect(201);
    for wider in
        [r#"{"project": "search"}"#, r#"{"user": "anna"}"#, "{}", r#"{"project": ["search", "b"], "user": "*"}"#]
    {
        operator.post("/api/budgets", &budget("wide", wider)).await.is_refused(403, "permission_denied", &[]);
    }
    operator.put("/api/budgets/users", r#"{"amount": 2}"#).await.expect(200);
    operator.put("/api/budgets/users", r#"{"scope": {"project": "search"}}"#).await.is_refused(
        403,
        "permission_denied",
        &[],
    );
    // What bounds the project, it sees and can't raise.
    admin.post("/api/budgets", &budget("whole", r#"{"project": "search"}"#)).await.expect(201);
    operator.get("/api/budgets/whole").await.expect(200);
    let raise = r#"{"amount": 1, "until": "2099-01-01"}"#;
    for (id, status) in [("whole", 403), ("project:search:budget", 403), ("elsewhere", 404)] {
        let code = if status == 403 { "permission_denied" } else { "not_found" };
        operator.post(&format!("/api/budgets/{id}/raise"), raise).await.is_refused(status, code, &[]);
        operator.post(&format!("/api/budgets/{id}/reset"), "").await.is_refused(status, code, &[]);
        operator.delete(&format!("/api/budgets/{id}")).await.is_refused(status, code, &[]);
    }
    operator.post("/api/budgets/users/raise", raise).await.expect(200);
    operator.delete("/api/budgets/users").await.expect(204);
    let limit = r#"{"limit_id": "l", "scope": {"project": "search", "key": "*"}, "requests": 5, "per": "minute"}"#;
    operator.post("/api/limits", limit).await.expect(201);
    operator.put("/api/limits/l", r#"{"requests": 6}"#).await.expect(200);
    operator.delete("/api/limits/l").await.expect(204);
    let (viewer, _) = admin.make_key("viewer", r#", "project_id": "search""#).await;
    admin.with(&viewer).post("/api/limits", limit).await.is_refused(403, "permission_denied", &[]);
}

#[tokio::test]
async fn who_creates_keys_the_project_says() {
    let admin = TestAdmin::new().await;
    let project = |key_creation: &str| {
        format!(
            r#"{{"id": "search", "key_creation": "{key_creation}", "members": [{{"user_id": "anna", "role": "caller"}}],
            "key_template": {{"models": ["fast"], "strict": true, "expires_in": "90d", "limits": {{"rpm": 7}}}}}}"#
        )
    };
    admin.post("/api/projects", &project("admin")).await.expect(201);
    let (operator, _) = admin.make_key("operator", r#", "project_id": "search""#).await;
    let (anna, own_id) = admin.make_key("caller", r#", "project_id": "search", "user_id": "anna""#).await;
    let (ben, _) = admin.make_key("caller", r#", "project_id": "search", "user_id": "ben""#).await;
    let [operator, anna, ben] = [&operator, &anna, &ben].map(|key| admin.with(key));
    let new = r#"{"name": "new"}"#;
    for caller in [&operator, &anna, &ben] {
        caller.post("/api/keys", new).await.is_refused(403, "permission_denied", &[]);
    }
    admin.put("/api/projects/search", &project("operator")).await.expect(200);
    let made = operator.post("/api/keys", new).await.expect(201).json();
    assert_eq!(
        (&made["project_id"], &made["models"][0], &made["strict"]),
        (&"search".into(), &"fast".into(), &true.into())
    );
    assert_eq!(made["limits"]["rpm"], 7);
    assert!(made["expires_at"].is_string());
    // What it says itself comes before the template.
    let said = r#"{"name": "new", "models": ["other"], "user_id": "carl", "role": "viewer", "expires_at": null}"#;
    let made = operator.post("/api/keys", said).await.expect(201).json();
    assert_eq!(
        (&made["models"][0], &made["user_id"], &made["expires_at"]),
        (&"other".into(), &"carl".into(), &().into())
    );
    for (field, body) in [
        ("project_id", r#"{"name": "x", "project_id": "other"}"#),
        ("role", r#"{"name": "x", "role": "admin"}"#),
        ("scope", r#"{"name": "x", "role": "viewer", "scope": "all"}"#),
        ("projects", r#"{"name": "x", "projects": ["a"]}"#),
    ] {
        let refused = operator.post("/api/keys", body).await;
        refused.is_refused(403, "permission_denied", &[]);
        assert!(refused.text.contains(field), "{}", refused.text);
    }
    anna.post("/api/keys", new).await.is_refused(403, "permission_denied", &[]);
    admin.put("/api/projects/search", &project("member")).await.expect(200);
    ben.post("/api/keys", new).await.is_refused(403, "permission_denied", &[]);
    let made = anna.post("/api/keys", r#"{"name": "mine", "expires_at": "2199-01-01"}"#).await.expect(201).json();
    assert_eq!(
        (&made["user_id"], &made["role"], &made["project_id"]),
        (&"anna".into(), &"caller".into(), &"search".into())
    );
    // Never longer than the template lets keys last.
    assert!(made["expires_at"].as_str().unwrap() < "2199");
    anna.post("/api/keys", r#"{"name": "x", "models": ["other"]}"#).await.is_refused(403, "permission_denied", &[]);
    let id = made["id"].as_str().unwrap();
    let mut seen = anna.get("/api/keys").await.items("id");
    seen.sort_unstable();
    let mut expected = [own_id.as_str(), id];
    expected.sort_unstable();
    assert_eq!(seen, expected);
    anna.put(&format!("/api/keys/{id}"), r#"{"name": "renamed"}"#).await.expect(200);
    anna.put(&format!("/api/keys/{id}"), r#"{"models": null}"#).await.is_refused(403, "permission_denied", &[]);
    anna.post(&format!("/api/keys/{id}/rotate"), "").await.expect(200);
    for path in [format!("/api/keys/{id}"), "/api/keys/key_unknown".into()] {
        ben.get(&path).await.is_refused(404, "not_found", &[]);
        ben.delete(&path).await.is_refused(403, "permission_denied", &[]);
    }
    // The key of another, and one that is not there, look the same.
    let (theirs, theirs_id) = admin.make_key("caller", r#", "project_id": "search", "user_id": "ben""#).await;
    anna.delete(&format!("/api/keys/{theirs_id}")).await.is_refused(404, "not_found", &[]);
    admin.with(&theirs).get("/api/me").await.expect(200);
    anna.delete(&format!("/api/keys/{id}")).await.expect(204);
    operator.delete(&format!("/api/keys/{theirs_id}")).await.expect(204);
    let (_, outside) = admin.make_key("caller", "").await;
    operator.delete(&format!("/api/keys/{outside}")).await.is_refused(404, "not_found", &[]);
}

#[tokio::test]
async fn a_project_bounds_the_models_of_its_requests() {
    let admin = TestAdmin::new().await;
    admin.register("fast", "").await;
    admin.register("slow", r#", "fallbacks": ["fast"]"#).await;
    admin.post("/api/projects", r#"{"id": "search", "models": ["fast"]}"#).await.expect(201);
    let (own, _) = admin.make_key("caller", r#", "project_id": "search""#).await;
    let (named, _) = admin.make_key("caller", r#", "projects": ["search"]"#).await;
    let own = admin.with(&own);
    assert_eq!(own.get("/api/models").await.items("model_id"), ["fast"]);
    assert_eq!(own.get("/api/me").await.json()["models"], serde_json::json!(["fast"]));
    own.chat("fast", "hello").await.expect(200);
    own.try_chat("slow", "hello").await.is_refused(404, "model_not_found", &[]);
    // The same for a project that a request names.
    let named = admin.with(&named);
    let chat = |model: &str| {
        format!(
            r#"{{"model_id": "{model}", "project_id": "search", "messages": [{{"role": "user", "content": "hi"}}]}}"#
        )
    };
    named.post("/api/models/chat", &chat("slow")).await.is_refused(404, "model_not_found", &[]);
    named.post("/api/models/chat", &chat("fast")).await.expect(200);
    named.chat("slow", "hello").await.expect(200);
    admin.put("/api/projects/search", r#"{"models": null, "providers": ["elsewhere"]}"#).await.expect(200);
    own.try_chat("fast", "hello").await.is_refused(404, "model_not_found", &[]);
    admin.put("/api/projects/search", r#"{"providers": ["openai"]}"#).await.expect(200);
    own.chat("slow", "hello").await.expect(200);
    admin.delete("/api/projects/search").await.expect(204);
    own.chat("slow", "hello").await.expect(200);
}

#[tokio::test]
async fn what_a_project_is_charged_stands_beside_the_cost() {
    let admin = TestAdmin::new().await;
    admin.register("fast", r#", "price": {"input": "1000000", "output": "0"}"#).await;
    admin.post("/api/projects", r#"{"id": "search", "charge_factor": 1.2}"#).await.expect(201);
    let (key, _) = admin.make_key("caller", r#", "project_id": "search""#).await;
    let id = admin.with(&key).chat("fast", "hello").await.header("x-request-id").to_owned();
    admin.chat("fast", "hello").await.expect(200);
    admin.settle().await;
    let record = admin.get(&format!("/api/requests/{id}")).await.json();
    let cost = record["cost"].as_f64().unwrap();
    assert!(cost > 0.0);
    assert_eq!((record["charge"].as_f64().unwrap() * 10.0).round(), (cost * 12.0).round());
    assert_eq!(record["charge_factor"], 1.2);
    let rows = admin.get("/api/usage?group_by=project").await.json()["items"].clone();
    let of = |project: serde_json::Value| {
        rows.as_array().unwrap().iter().find(|row| row["project"] == project).unwrap().clone()
    };
    assert_eq!(of("search".into())["charge"], record["charge"]);
    assert_eq!(of(().into())["charge"], of(().into())["cost"]);
}
