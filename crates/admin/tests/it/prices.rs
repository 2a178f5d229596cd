//! Prices are read and written as exact decimals.

use crate::setup::TestAdmin;

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
