//! Usage and the ledger: what was served is what the vendor billed.

use crate::setup::TestAdmin;
use baton_model::Nanos;
use serde_json::json;

/// Three chats of the key `a`, one of the key `b`, each with its price of 2.5 and 10 dollars per million.
async fn with_requests() -> (TestAdmin, [String; 2], [String; 2]) {
    let admin = TestAdmin::new().await;
    admin.register("m", "").await;
    let (a, id_a) = admin.make_key("caller", r#", "project_id": "red""#).await;
    let (b, id_b) = admin.make_key("caller", "").await;
    for text in ["one", "one two", "one two three"] {
        admin.with(&a).chat("m", text).await;
        admin.advance(3600);
    }
    admin.with(&b).chat("m", "something else").await;
    // The end of a range is excluded, and without `to` it is just after now.
    admin.advance(1);
    admin.settle().await;
    (admin, [a, b], [id_a, id_b])
}

#[tokio::test]
async fn totals_are_what_the_vendor_billed() {
    let (admin, _, _) = with_requests().await;
    let billed = admin.openai.billed_tokens();
    let input: u64 = billed.iter().map(|billed| billed.input).sum();
    let output: u64 = billed.iter().map(|billed| billed.output).sum();
    let cost = Nanos(i64::try_from(input * 2_500 + output * 10_000).unwrap());
    let reply = admin.get("/api/usage").await;
    let row = &reply.json()["items"][0];
    assert_eq!((&row["requests"], &row["errors"], &row["unpriced"]), (&json!(4), &json!(0), &json!(0)));
    assert_eq!((&row["tokens"]["input"], &row["tokens"]["output"]), (&json!(input), &json!(output)));
    assert!(reply.text.contains(&format!(r#""cost":{cost},"#)), "{cost}: {}", reply.text);
    assert!(row["latency_ms"]["p99"].is_number());
    let stats = admin.get("/api/models/m/stats").await;
    assert_eq!((&stats.json()["requests"], &stats.json()["tokens"]["input"]), (&json!(4), &json!(input)));
    assert!(stats.text.contains(&format!(r#""cost":{cost},"#)), "{cost}: {}", stats.text);
    let later = admin.get("/api/models/m/stats?from=2026-11-23T13:30:00Z").await;
    assert_eq!(later.json()["requests"], 2);
}

#[tokio::test]
async fn totals_are_grouped() {
    let (admin, _, [a, b]) = with_requests().await;
    let reply = admin.get("/api/usage?group_by=model,key").await;
    let mut rows: Vec<_> = reply.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["key"].clone(), row["requests"].clone()))
        .collect();
    rows.sort_by_key(|(_, requests)| requests.as_u64());
    assert_eq!(rows, [(json!(b), json!(1)), (json!(a), json!(3))]);
    assert_eq!(reply.json()["group_by"], json!(["model", "key"]));
    assert_eq!(
        admin.get("/api/usage?group_by=hour").await.items("hour"),
        ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z", "2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z"]
    );
    let projects = admin.get("/api/usage?group_by=project").await.json();
    assert!(projects["items"].as_array().unwrap().iter().any(|row| row["project"].is_null()), "{projects}");
    for (query, requests) in [
        ("from=2026-11-23&to=2026-11-23", 4),
        ("from=2026-11-23T13:00:00Z&to=2026-11-23T15:00:00Z", 2),
        ("project=red", 3),
    ] {
        assert_eq!(admin.get(&format!("/api/usage?{query}")).await.json()["items"][0]["requests"], requests, "{query}");
    }
    assert_eq!(admin.get("/api/usage?from=2025-01-01&to=2025-12-31").await.json()["items"], json!([]));
    for (query, field) in [
        ("group_by=colour", "group_by"),
        ("group_by=day,day", "group_by"),
        ("from=soon", "from"),
        ("from=2026-11-24", "from"),
        ("format=xml", "format"),
    ] {
        admin.get(&format!("/api/usage?{query}")).await.is_refused(422, "validation_error", &[field]);
    }
}

#[tokio::test]
async fn a_caller_sees_its_own_usage_alone() {
    let (admin, [_, b], [a_id, b_id]) = with_requests().await;
    let caller = admin.with(&b);
    assert_eq!(caller.get("/api/usage?group_by=key").await.items("key"), [b_id.as_str()]);
    assert_eq!(caller.get(&format!("/api/usage?key={b_id}")).await.json()["items"][0]["requests"], 1);
    caller.get(&format!("/api/usage?key={a_id}")).await.is_refused(403, "permission_denied", &[]);
    assert_eq!(admin.get(&format!("/api/usage?key={a_id}")).await.json()["items"][0]["requests"], 3);
}

#[tokio::test]
async fn totals_are_a_csv_file_too() {
    let (admin, _, _) = with_requests().await;
    let reply = admin.get("/api/usage?group_by=model,day&format=csv").await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = reply.text.lines().collect();
    assert!(
        lines[0].starts_with("model,day,requests,errors,cache_hits,tokens_input,tokens_cache_read,"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("m,2026-11-23,4,0,0,"), "{}", lines[1]);
    assert_eq!((lines.len(), lines[0].split(',').count()), (2, lines[1].split(',').count()));
    let cost = admin.get("/api/usage").await;
    let cost = cost.text.split(r#""cost":"#).nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert!(lines[1].contains(&format!(",{cost},0,0,")), "{cost}: {}", lines[1]);
}

#[tokio::test]
async fn what_has_no_price_has_no_cost() {
    let admin = TestAdmin::new().await;
    let (key, _) = admin.make_key("caller", "").await;
    admin.with(&key).chat("house", "hello").await;
    admin.advance(1);
    admin.settle().await;
    let row = admin.get("/api/usage?group_by=provider").await.json()["items"][0].clone();
    assert_eq!((&row["provider"], &row["unpriced"]), (&json!("lab"), &json!(1)));
    assert!(row["cost"].is_null(), "{row}");
    assert!(admin.get("/api/usage?format=csv").await.text.lines().nth(1).unwrap().contains(",,1,"));
}

#[tokio::test]
async fn the_ledger_is_paged_by_cursor() {
    let (admin, _, [a, _]) = with_requests().await;
    let all = admin.get("/api/requests").await;
    assert!(all.json()["next_cursor"].is_null());
    let ids = all.items("id");
    assert_eq!(ids.len(), 4);
    let (mut seen, mut query) = (Vec::new(), "limit=3".to_owned());
    loop {
        let page = admin.get(&format!("/api/requests?{query}")).await;
        seen.extend(page.items("id"));
        let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
        query = format!("limit=3&cursor={cursor}");
    }
    assert_eq!(seen, ids);
    assert_eq!(admin.get(&format!("/api/requests?key={a}")).await.items("id").len(), 3);
    assert_eq!(admin.get("/api/requests?outcome=failed").await.items("id").len(), 0);
    assert_eq!(admin.get("/api/requests?model=m&capability=chat&status=200").await.items("id").len(), 4);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=nonsense", "cursor"),
        ("outcome=meh", "outcome"),
        ("status=x", "status"),
        ("page=1", "page"),
    ] {
        admin.get(&format!("/api/requests?{query}")).await.is_refused(422, "validation_error", &[field]);
    }
}

#[tokio::test]
async fn one_request_is_shown_with_its_attempts() {
    let admin = TestAdmin::new().await;
    admin.register("m", "").await;
    let (key, id) = admin.make_key("caller", "").await;
    let answered = admin.with(&key).chat("m", "hello").await;
    admin.settle().await;
    let shown = admin.get(&format!("/api/requests/{}", answered.header("x-request-id"))).await;
    let json = shown.json();
    assert_eq!((&json["key_id"], &json["requested"], &json["status"]), (&json!(id), &json!("m"), &json!(200)));
    assert_eq!(
        (&json["attempts"][0]["upstream"], &json["attempts"][0]["outcome"]),
        (&json!("gpt-4o"), &json!("completed"))
    );
    assert_eq!(json["cost"], answered.json()["cost"]);
    admin.get("/api/requests/nobody").await.is_refused(404, "not_found", &[]);
}
