//! Documents that are ordered, and moderations.

use super::JSON;
use crate::baton::Baton;
use http::Method;
use serde_json::json;

/// A registered model at a provider that is registered too: the simulated one, taken for one of many.
async fn house(baton: &Baton, model: &str, upstream: &str, capability: &str) {
    let house = json!({ "name": "house", "kind": "openai-compatible", "base_url": baton.openai.base_url() });
    baton.post("/api/providers", &house).await;
    let model = json!({
        "model_id": model, "provider": "house", "upstream": upstream, "capabilities": [capability],
        "price": { "input": "1000" },
    });
    baton.post("/api/models", &model).await.expect(201);
}

#[tokio::test]
async fn documents_are_ordered_and_paid_by_their_tokens() {
    let baton = Baton::start().await;
    house(&baton, "order", "gpt-4o-mini", "RERANK").await;
    for path in ["/v1/rerank", "/rerank"] {
        let body = r#"{ "query":"cat", "documents":["a dog","a cat"] , "model":"order", "top_n":2.0 }"#;
        let answer = baton.send(Method::POST, path, &[JSON], body).await.expect(200);
        let seen = baton.openai.requests().pop().unwrap();
        assert_eq!(String::from_utf8_lossy(&seen.body), body.replace("\"order\"", "\"gpt-4o-mini\""));
        assert_eq!(seen.path, "/v1/rerank");
        let reply = answer.json();
        assert_eq!(reply["results"][0]["index"], 1, "{reply}");
        // A thousand dollars a million tokens: a tenth of a cent each.
        let cost: f64 = answer.header("x-baton-cost").unwrap().parse().unwrap();
        let tokens = reply["usage"]["total_tokens"].as_f64().unwrap();
        assert!(tokens > 0.0 && (cost - tokens / 1000.0).abs() < 1e-9, "{cost}: {reply}");
    }
    let wrong = json!({ "model": "gpt", "query": "cat", "documents": [] });
    assert!(baton.post("/v1/rerank", &wrong).await.expect(400).text().contains("RERANK"));
    let unasked = json!({ "model": "order", "documents": [] });
    assert!(baton.post("/v1/rerank", &unasked).await.expect(400).text().contains("'query'"));
}

#[tokio::test]
async fn moderations_cost_nothing() {
    let baton = Baton::start().await;
    house(&baton, "judge", "gpt-4o-mini", "MODERATION").await;
    for (input, flagged) in [("all is well", false), ("I will harm you", true)] {
        // The only model that judges is the one that is meant without a name.
        for body in [json!({ "model": "judge", "input": input }), json!({ "input": input })] {
            let answer = baton.post("/v1/moderations", &body).await.expect(200);
            assert_eq!(answer.json()["results"][0]["flagged"], flagged, "{body}");
            assert_eq!(answer.header("x-baton-cost"), Some("0"));
        }
    }
}
