//! Prices are read and written as exact decimals.

use crate::setup::TestAdmin;
use serde_json::{Value, json};

#[tokio::test]
async fn prices_are_exact() {
    let admin = TestAdmin::new().await;
    let cases = [
        (r#""price": {"input": "0.59", "output": "0.79"}"#, r#""price":{"input":0.59,"output":0.79}"#),
        (
            r#""price": {"output": 0.000000001, "input": 12345678.123456789}"#,
            r#""price":{"input":12345678.123456789,"output":0.000000001}"#,
        ),
        (
            r#""price": {"input": 1.50, "output": 15, "cache_read": 0}"#,
            r#""price":{"input":1.5,"cache_read":0,"output":15}"#,
        ),
        // Python writes small floats so.
        (r#""cost_per_token": 5e-07"#, r#""price":{"input":0.5,"output":0.5}"#),
        (r#""cost_per_token": "0.000000000000001""#, r#""price":{"input":0.000000001,"output":0.000000001}"#),
        (r#""cost_per_token": 0"#, r#""price":{"input":0,"output":0}"#),
    ];
    for (number, (given, expected)) in cases.into_iter().enumerate() {
        let reply = admin.register(&format!("m{number}"), &format!(", {given}")).await;
        assert!(reply.text.contains(expected), "{given}: {}", reply.text);
        let again = admin.get(&format!("/api/models/m{number}")).await;
        assert!(again.text.contains(expected), "{given}: {}", again.text);
    }
}

#[tokio::test]
async fn a_price_that_is_taken_away_is_the_catalogues_again() {
    let admin = TestAdmin::new().await;
    admin.register("a", r#", "price": {"input": 1}"#).await;
    let reply = admin.put("/api/models/a", r#"{"price": null}"#).await;
    assert!(reply.text.contains(r#""price":{"input":2.5,"#), "{}", reply.text);
    let body = r#"{"model_id": "c", "provider": "lab"}"#;
    assert!(admin.post("/api/models", body).await.json()["price"].is_null());
}

/// What the model `m`, OpenAI's gpt-4o, costs for a million tokens read.
async fn input(admin: &TestAdmin) -> Value {
    admin.get("/api/models/m").await.json()["price"]["input"].clone()
}

#[tokio::test]
async fn prices_that_are_set_win_over_known_ones_until_they_are_removed() {
    let admin = TestAdmin::new().await;
    admin.register("m", "").await;
    let listed = admin.get("/api/prices?vendor=openai&model=gpt-4o-mini").await.expect(200);
    let first = &listed.json()["items"][0];
    assert_eq!(
        (&first["model"], &first["origin"], &first["price"]["input"]),
        (&json!("gpt-4o-mini"), &json!("built_in"), &json!(0.15))
    );
    let made =
        admin.post("/api/prices", r#"{"price_id": "ours", "provider": "openai", "factor": 0.9}"#).await.expect(201);
    assert_eq!(made.header("location"), "/api/prices/ours");
    assert_eq!(input(&admin).await, json!(2.25));
    let body = r#"{"model": "gpt-4o", "price": {"input": "1.5", "service_tiers": {"flex": {"factor": "0.5"}}}}"#;
    let id = admin.post("/api/prices", body).await.expect(201).json()["price_id"].as_str().unwrap().to_owned();
    assert_eq!(input(&admin).await, json!(1.5));
    admin.put(&format!("/api/prices/{id}"), r#"{"price": {"input": 1.25}}"#).await.expect(200);
    assert_eq!(input(&admin).await, json!(1.25));
    assert_eq!(admin.get("/api/prices?origin=override").await.json()["total"], 2);
    // What is shown can be put back.
    let shown = admin.get(&format!("/api/prices/{id}")).await.expect(200);
    admin.put(&format!("/api/prices/{id}"), &shown.text).await.expect(200);
    for id in [id.as_str(), "ours"] {
        admin.delete(&format!("/api/prices/{id}")).await.expect(204);
    }
    assert_eq!(input(&admin).await, json!(2.5));
    let actions = admin.get("/api/audit?kind=price").await.items("action");
    assert_eq!(actions, ["price.remove", "price.remove", "price.update", "price.update", "price.set", "price.set"]);
}

#[tokio::test]
async fn a_price_that_says_nothing_or_too_much_is_refused_by_its_field() {
    let admin = TestAdmin::new().await;
    for (body, fields) in [
        ("{}", &["model"][..]),
        (r#"{"provider": "openai"}"#, &["price"]),
        (r#"{"provider": "openai", "price": {"input": 1}}"#, &["model"]),
        (r#"{"model": "a", "price": {"input": 1}, "factor": 2}"#, &["factor"]),
        (r#"{"model": "a", "factor": "much"}"#, &["factor"]),
        (
            r#"{"model": "a", "price": {"input": -1, "regions": {"us": "x"}, "from": "soon", "periods": [{"input": 1}]}}"#,
            &["price.input", "price.regions.us", "price.from", "price.periods"],
        ),
        (
            r#"{"model": "a", "price": {"service_tiers": {"flex": {"factor": 1001}}, "context_tiers": [{"input": 1}]}}"#,
            &["price.service_tiers.flex.factor", "price.context_tiers.above"],
        ),
        (r#"{"model": "a", "colour": 1, "price": {"input": 1}}"#, &["colour"]),
    ] {
        admin.post("/api/prices", body).await.is_refused(422, "validation_error", fields);
    }
    admin.get("/api/prices/none").await.is_refused(404, "not_found", &[]);
    admin.delete("/api/prices/none").await.is_refused(404, "not_found", &[]);
    let (caller, _) = admin.make_key("caller", "").await;
    assert_eq!(admin.with(&caller).get("/api/prices").await.status, 403);
}

const LIST: &str = r#"{"models": [
    {"vendor": "openai", "id": "gpt-4o", "price": {"input": "2", "output": "8"}},
    {"vendor": "openai", "id": "gpt-9", "price": {"input": "1"}}]}"#;

#[tokio::test]
async fn a_list_is_looked_at_and_taken_over_and_earlier_requests_keep_their_price() {
    let admin = TestAdmin::new().await;
    admin.register("m", "").await;
    let (key, _) = admin.make_key("caller", "").await;
    admin.with(&key).chat("m", "before").await;
    admin.advance(60);
    let looked = admin.post("/api/prices/update?dry_run=true", LIST).await.expect(200).json();
    assert_eq!(
        (&looked["added"], &looked["dry_run"], &looked["models"]),
        (&json!(1), &json!(true), &json!(["openai/gpt-9"]))
    );
    let change = looked["changes"].as_array().unwrap().iter().find(|change| change["what"] == "input").unwrap();
    assert_eq!((&change["before"], &change["after"]), (&json!("2.5"), &json!("2")));
    assert_eq!(input(&admin).await, json!(2.5));
    let checksum = looked["checksum"].as_str().unwrap();
    admin.post(&format!("/api/prices/update?checksum={checksum}"), LIST).await.expect(200);
    assert_eq!(input(&admin).await, json!(2));
    assert_eq!(admin.get("/api/prices?origin=update").await.items("model"), ["gpt-4o", "gpt-9"]);
    // Priced anew, what ran before costs what it did; a correction of what was known is another matter.
    admin.settle().await;
    assert_eq!(admin.post("/api/usage/reprice", "").await.expect(200).json()["corrected"], 0);
    admin.post("/api/prices/update?effective=always", &LIST.replace(r#""2""#, r#""4""#)).await.expect(200);
    assert_eq!(admin.post("/api/usage/reprice?dry_run=true", "").await.expect(200).json()["corrected"], 1);
}

#[tokio::test]
async fn a_list_with_a_fault_changes_nothing() {
    let admin = TestAdmin::new().await;
    let zeros = "0".repeat(64);
    for (query, body, fields) in [
        ("", LIST.replace(r#""8""#, r#""dear""#), &["models[0].price.output"][..]),
        ("", LIST.replace(r#""8""#, r#""8000""#), &["openai/gpt-4o: price.output"]),
        ("", "[1]".to_owned(), &["list"]),
        ("?checksum=md5:1", LIST.to_owned(), &["checksum"]),
        (&format!("?checksum=sha256:{zeros}"), LIST.to_owned(), &["checksum"]),
        ("?effective=soon", LIST.to_owned(), &["effective"]),
        ("?url=https://models.example/api.json", LIST.to_owned(), &["url"]),
    ] {
        admin.post(&format!("/api/prices/update{query}"), &body).await.is_refused(422, "validation_error", fields);
    }
    assert_eq!(admin.post("/api/prices/update", "").await.status, 400);
    // Nobody makes Baton ask its own machine.
    let inside = admin.post("/api/prices/update?url=http://127.0.0.1:1/api.json", "").await;
    assert_eq!(inside.status, 502, "{}", inside.text);
    assert_eq!(admin.get("/api/prices?origin=update").await.json()["total"], 0);
}

#[tokio::test]
async fn corrections_are_written_once_and_records_stay() {
    let admin = TestAdmin::new().await;
    admin.register("m", r#", "price": {"input": 1}"#).await;
    // Its output has no rate, so it is unpriced.
    let (key, _) = admin.make_key("caller", "").await;
    let reply = admin.with(&key).chat("m", "one two three").await;
    let id = reply.header("x-request-id").to_owned();
    admin.settle().await;
    let record = admin.get(&format!("/api/requests/{id}")).await.json();
    assert_eq!(record["attempts"][0]["unpriced"], "the price has no rate for `output`");
    admin.put("/api/models/m", r#"{"price": {"input": 1, "output": 2}}"#).await.expect(200);
    let totals = async |admin: &TestAdmin| {
        admin.get("/api/usage?from=2026-11-01&to=2027-01-01").await.json()["items"][0].clone()
    };
    assert_eq!(totals(&admin).await["unpriced"], 1);
    let done = admin.post("/api/usage/reprice?model=m", "").await.expect(200).json();
    assert_eq!(
        (&done["attempts"], &done["corrected"], &done["items"][0]["unpriced_before"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let row = totals(&admin).await;
    assert_eq!(row["unpriced"], 0);
    assert_eq!(row["cost"], done["items"][0]["after"]);
    // The second time nothing is left to correct, and another price corrects the correction.
    assert_eq!(admin.post("/api/usage/reprice", "").await.json()["corrected"], 0);
    admin.put("/api/models/m", r#"{"price": {"input": 2, "output": 4}}"#).await.expect(200);
    let again = admin.post("/api/usage/reprice", "").await.json();
    assert_eq!(again["items"][0]["before"], row["cost"]);
    assert_eq!(totals(&admin).await["cost"], again["items"][0]["after"]);
    let shown = admin.get(&format!("/api/requests/{id}")).await.json();
    assert_eq!(shown["corrections"], json!([{ "attempt": 0, "cost": again["items"][0]["after"] }]));
    assert_eq!(admin.get(&format!("/api/requests/{id}")).await.json()["attempts"][0], record["attempts"][0]);
    admin.post("/api/usage/reprice?from=2027-01-01&to=2026-01-01", "").await.is_refused(
        422,
        "validation_error",
        &["from"],
    );
}
