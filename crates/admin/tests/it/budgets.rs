//! Budgets: made, raised, reset, changed, removed; and the shorthand of projects and keys.

use crate::setup::TestAdmin;
use serde_json::{Value, json};

const MONTHLY: &str =
    r#"{"budget_id": "team a/search", "scope": {"project": "search"}, "amount": 12.50, "period": "month"}"#;
const PATH: &str = "/api/budgets/team%20a%2Fsearch";

#[tokio::test]
async fn a_budget_is_made_changed_raised_reset_and_removed() {
    let admin = TestAdmin::new().await;
    let made = admin.post("/api/budgets", MONTHLY).await.expect(201);
    assert_eq!(made.header("location"), PATH);
    let body = made.json();
    assert_eq!(
        (&body["mode"], &body["fail"], &body["when_unpriced"]),
        (&json!("hard"), &json!("closed"), &json!("refuse"))
    );
    assert!(made.text.contains(r#""amount":12.5,"#), "{}", made.text);
    admin.post("/api/budgets", MONTHLY).await.is_refused(409, "conflict", &[]);
    let in_force = || admin.engine.policies().set();
    assert!(in_force().budgets().iter().any(|budget| budget.budget_id == "team a/search"));

    // What is shown can be put back, with a field changed.
    let mut body = admin.get(PATH).await.expect(200).json();
    assert_eq!(body["origin"], "api");
    body["timezone"] = "Europe/Berlin".into();
    body["alerts"] = json!([0.5, 0.9]);
    let changed = admin.put(PATH, &body.to_string()).await.expect(200).json();
    assert_eq!((&changed["timezone"], &changed["alerts"]), (&json!("Europe/Berlin"), &json!([0.5, 0.9])));

    let raise = r#"{"amount": "7.5", "until": "2026-11-24"}"#;
    let raised = admin.post(&format!("{PATH}/raise"), raise).await.expect(200);
    assert_eq!(raised.json()["raised"], json!({"amount": 7.5, "until": "2026-11-24T00:00:00.000000Z"}));
    let reset = admin.post(&format!("{PATH}/reset"), "").await.expect(200).json();
    assert_eq!(reset["reset_at"], "2026-11-23T12:00:00.000000Z");
    assert_eq!(admin.get(&format!("{PATH}/counters")).await.expect(200).json()["page"], 1);

    assert_eq!(admin.get("/api/budgets").await.items("budget_id"), ["house", "team a/search"]);
    assert_eq!(admin.get("/api/budgets?origin=file").await.items("budget_id"), ["house"]);
    admin.delete(PATH).await.expect(204);
    assert!(!in_force().budgets().iter().any(|budget| budget.budget_id == "team a/search"));
    for gone in [admin.get(PATH).await, admin.delete(PATH).await, admin.put(PATH, r#"{"amount": 1}"#).await] {
        gone.is_refused(404, "not_found", &[]);
    }
    let actions = admin.get("/api/audit?kind=budget").await.items("action");
    assert_eq!(actions, ["budget.delete", "budget.reset", "budget.raise", "budget.update", "budget.create"]);
    let events = admin.store.events().list_unplaced(10).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["budget.created", "budget.updated", "budget.updated", "budget.updated", "budget.deleted"]);
}

#[tokio::test]
async fn wrong_fields_of_budgets_are_named() {
    let admin = TestAdmin::new().await;
    let with = |more: &str| format!(r#"{{"scope": {{}}, "amount": 1, "period": "day"{more}}}"#);
    for (body, fields) in [
        ("{}".to_owned(), &["scope", "amount", "period"][..]),
        (r#"{"scope": {}, "amount": "much", "period": "decade"}"#.to_owned(), &["amount", "period"]),
        (r#"{"scope": {"team": "a"}, "amount": 1, "period": "day"}"#.to_owned(), &["scope"]),
        (r#"{"scope": {"user": []}, "amount": 1, "period": "day"}"#.to_owned(), &["scope"]),
        (r#"{"scope": {}, "amount": 0, "period": "day"}"#.to_owned(), &["amount"]),
        (r#"{"scope": {}, "amount": 9000001, "period": "day"}"#.to_owned(), &["amount"]),
        (with(r#", "timezone": "Berlin", "alerts": [0.9, 0.5]"#), &["timezone", "alerts"]),
        (with(r#", "mode": "firm", "fail": "open", "when_unpriced": "maybe""#), &["mode", "when_unpriced", "fail"]),
        (with(r#", "budget_id": "project:a:budget""#), &["budget_id"]),
        (with(r#", "raised": null"#), &["raised"]),
        (with(r#", "ammount": 5"#), &["ammount"]),
    ] {
        admin.post("/api/budgets", &body).await.is_refused(422, "validation_error", fields);
    }
    admin.post("/api/budgets", MONTHLY).await.expect(201);
    admin.put(PATH, "{}").await.is_refused(400, "invalid_request", &[]);
    admin.put(PATH, r#"{"budget_id": "other", "amount": 5}"#).await.is_refused(422, "validation_error", &["budget_id"]);
    for (body, fields) in [
        ("{}", &["amount", "until"][..]),
        (r#"{"amount": "x", "until": "soon"}"#, &["amount", "until"]),
        (r#"{"amount": 0, "until": "2026-11-23T12:00:00Z"}"#, &["amount", "until"]),
        (r#"{"amount": 8999990, "until": "2027-01-01"}"#, &["amount"]),
        (r#"{"amount": 1, "until": "2027-01-01", "by": 1}"#, &["by"]),
    ] {
        admin.post(&format!("{PATH}/raise"), body).await.is_refused(422, "validation_error", fields);
    }
}

#[tokio::test]
async fn a_budget_of_the_file_is_shown_and_fixed() {
    let admin = TestAdmin::new().await;
    let shown = admin.get("/api/budgets/house").await.expect(200).json();
    assert_eq!((&shown["origin"], &shown["amount"]), (&json!("file"), &json!(500)));
    admin.post("/api/budgets", &MONTHLY.replace("team a/search", "house")).await.is_refused(409, "conflict", &[]);
    admin.put("/api/budgets/house", r#"{"amount": 5}"#).await.is_refused(409, "conflict", &[]);
    admin.delete("/api/budgets/house").await.is_refused(409, "conflict", &[]);
    admin.post("/api/budgets/house/reset", "").await.is_refused(409, "conflict", &[]);
    // A stored one of the same id, from before it stood in the file, is hidden.
    let stored =
        baton_model::entity::Budget { amount: baton_model::Nanos(1), ..baton_model::entity::Budget::new("house") };
    admin.store.budgets().insert(&stored).await.unwrap();
    admin.post("/api/budgets", MONTHLY).await.expect(201);
    assert_eq!(admin.get("/api/budgets/house").await.json()["amount"], 500);
}

#[tokio::test]
async fn only_administrators_change_budgets_and_others_see_their_projects() {
    let admin = TestAdmin::new().await;
    let create = async |id: &str, scope: Value| {
        let body = json!({ "budget_id": id, "scope": scope, "amount": 1, "period": "day" }).to_string();
        admin.post("/api/budgets", &body).await.expect(201);
    };
    create("all", json!({})).await;
    create("search", json!({ "project": "search", "user": "*" })).await;
    create("other", json!({ "project": "other" })).await;
    create("both", json!({ "project": ["other", "search"] })).await;
    create("each", json!({ "project": "*" })).await;
    let (viewer, _) = admin.make_key("viewer", r#", "project_id": "search""#).await;
    let viewer = admin.with(&viewer);
    assert_eq!(viewer.get("/api/budgets").await.items("budget_id"), ["search"]);
    viewer.get("/api/budgets/search/counters").await.expect(200);
    for hidden in ["all", "other", "both", "each", "nowhere"] {
        for path in [format!("/api/budgets/{hidden}"), format!("/api/budgets/{hidden}/counters")] {
            let reply = viewer.get(&path).await;
            reply.is_refused(404, "not_found", &[]);
            assert_eq!(reply.message(), format!("unknown budget `{hidden}`"));
        }
    }
    let (operator, _) = admin.make_key("operator", "").await;
    let operator = admin.with(&operator);
    assert_eq!(operator.get("/api/budgets").await.json()["total"], 6);
    operator.post("/api/budgets", MONTHLY).await.is_refused(403, "permission_denied", &[]);
    operator.post("/api/budgets/all/reset", "").await.is_refused(403, "permission_denied", &[]);
    let (caller, _) = admin.make_key("caller", "").await;
    admin.with(&caller).get("/api/budgets").await.is_refused(403, "permission_denied", &[]);
}

#[tokio::test]
async fn a_project_has_a_budget_and_limits_of_its_own() {
    let admin = TestAdmin::new().await;
    let body =
        r#"{"id": "search", "budget": {"amount": 50.10, "period": "month"}, "limits": {"rpm": 60, "concurrency": 4}}"#;
    let made = admin.post("/api/projects", body).await.expect(201);
    let expected = r#""budget":{"amount":50.1,"period":"month"},"limits":{"rpm":60,"concurrency":4}"#;
    for shown in [&made, &admin.get("/api/projects/search").await] {
        assert!(shown.text.contains(expected), "{}", shown.text);
    }
    let budget = admin.get("/api/budgets/project:search:budget").await.expect(200).json();
    assert_eq!((&budget["origin"], &budget["scope"]), (&json!("project"), &json!({ "project": "search" })));
    let limits = admin.get("/api/limits?origin=project").await.items("limit_id");
    assert_eq!(limits, ["project:search:concurrency", "project:search:rpm"]);
    assert_eq!(admin.engine.policies().set().limits().len(), 3);
    admin.put("/api/budgets/project:search:budget", r#"{"amount": 1}"#).await.is_refused(409, "conflict", &[]);
    admin.delete("/api/limits/project:search:rpm").await.is_refused(409, "conflict", &[]);

    let changed = admin.put("/api/projects/search", r#"{"budget": null, "limits": {"tpm": 1000}}"#).await.expect(200);
    assert!(!changed.text.contains("budget"), "{}", changed.text);
    assert_eq!(admin.get("/api/limits?origin=project").await.items("limit_id"), ["project:search:tpm"]);
    admin.get("/api/budgets/project:search:budget").await.is_refused(404, "not_found", &[]);
    admin.delete("/api/projects/search").await.expect(204);
    assert_eq!(admin.engine.policies().set().limits().len(), 1);
}

#[tokio::test]
async fn a_key_reads_back_its_budget_and_limits() {
    let admin = TestAdmin::new().await;
    let given =
        r#", "budget": {"amount": "0.000000001", "period": "total"}, "limits": {"rpm": 1, "tpm": 2, "concurrency": 3}"#;
    let (_, id) = admin.make_key("caller", given).await;
    let path = format!("/api/keys/{id}");
    let shown = admin.get(&path).await;
    let expected = r#""budget":{"amount":0.000000001,"period":"total"},"limits":{"rpm":1,"tpm":2,"concurrency":3}"#;
    assert!(shown.text.contains(expected), "{}", shown.text);
    let changed = admin.put(&path, r#"{"limits": {"rpm": 9}}"#).await.expect(200);
    assert_eq!(changed.json()["limits"], json!({ "rpm": 9 }));
    let changed = admin.put(&path, r#"{"limits": null, "budget": null}"#).await.expect(200).json();
    assert!(changed.get("limits").is_none() && changed.get("budget").is_none(), "{changed}");
}

#[tokio::test]
async fn wrong_shorthand_is_named() {
    let admin = TestAdmin::new().await;
    admin.post("/api/projects", r#"{"id": "p"}"#).await.expect(201);
    let (_, key) = admin.make_key("caller", "").await;
    for (given, fields) in [
        (r#""budget": {"amount": 0, "period": "day"}"#, &["budget.amount"][..]),
        (r#""budget": {"amount": 1}"#, &["budget"]),
        (r#""budget": {"amount": 1, "period": "day", "mode": "soft"}"#, &["budget"]),
        (r#""limits": {"rpm": 0, "concurrency": 0}"#, &["limits.rpm", "limits.concurrency"]),
        (r#""limits": {}"#, &["limits"]),
        (r#""limits": {"rps": 5}"#, &["limits"]),
    ] {
        let refused = [
            admin.post("/api/projects", &format!(r#"{{"id": "q", {given}}}"#)).await,
            admin.put("/api/projects/p", &format!("{{{given}}}")).await,
            admin.post("/api/keys", &format!(r#"{{"name": "k", {given}}}"#)).await,
            admin.put(&format!("/api/keys/{key}"), &format!("{{{given}}}")).await,
        ];
        for reply in refused {
            reply.is_refused(422, "validation_error", fields);
        }
    }
}
