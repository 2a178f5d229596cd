//! Files and batches, which providers keep for their callers.

use super::{JSON, form, key, with};
use crate::baton::Baton;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn message_batches_belong_to_who_made_them() {
    let baton = Baton::start().await;
    let ada = key(&baton, json!({ "name": "ada", "models": ["claude"] })).await;
    let eve = key(&baton, json!({ "name": "eve" })).await;
    // `1e1` and the blanks have to arrive: only the names of models are replaced in a batch.
    let request = |model: &str| format!(r#"{{"custom_id":"a","params":{{ "max_tokens":1e1,"model":"{model}"}} }}"#);
    let body = |models: &[&str]| {
        let requests: Vec<String> = models.iter().map(|model| request(model)).collect();
        format!(r#"{{"requests" : [{}], "new":1.0}}"#, requests.join(" , "))
    };
    let path = "/v1/messages/batches";
    with(&baton, &ada, Method::POST, path, body(&["gpt"])).await.expect(404);
    // All models of a batch have to be at the provider that gets it.
    with(&baton, &eve, Method::POST, path, body(&["claude", "gpt"])).await.expect(400);
    with(&baton, &eve, Method::POST, path, body(&["gpt"])).await.expect(400);
    let made = with(&baton, &ada, Method::POST, path, body(&["claude", "claude"])).await.expect(200).json();
    let seen = baton.anthropic.requests().pop().unwrap();
    assert_eq!(String::from_utf8_lossy(&seen.body), body(&["claude-haiku-4-5", "claude-haiku-4-5"]));

    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let shown = with(&baton, &ada, Method::GET, &one, "").await.expect(200).json();
    assert_eq!(
        (&shown["processing_status"], &shown["results_url"]),
        (&json!("ended"), &json!(format!("{one}/results")))
    );
    let results = with(&baton, &ada, Method::GET, &format!("{one}/results"), "").await.expect(200);
    assert_eq!(results.text().matches("claude-haiku-4-5").count(), 2, "{}", results.text());
    for (method, path) in
        [(Method::GET, one.clone()), (Method::GET, format!("{one}/results")), (Method::DELETE, one.clone())]
    {
        // Not 403, which would say that it is there.
        let answer = with(&baton, &eve, method, &path, "").await.expect(404);
        assert_eq!(answer.json()["error"]["type"], "not_found_error", "{path}");
    }
    let listed = async |key: &str| with(&baton, key, Method::GET, path, "").await.expect(200).json();
    assert_eq!(listed(&ada).await["data"][0]["id"], made["id"]);
    assert_eq!(listed(&eve).await["data"], json!([]));
    assert_eq!(baton.get(path).await.expect(200).json()["data"][0]["id"], made["id"]);
    let cancelled = with(&baton, &ada, Method::POST, &format!("{one}/cancel"), "").await.expect(200).json();
    assert_eq!(cancelled["processing_status"], "canceling");
    with(&baton, &ada, Method::DELETE, &one, "").await.expect(200);
    with(&baton, &ada, Method::GET, &one, "").await.expect(404);
}

#[tokio::test]
async fn files_and_batches_belong_to_who_made_them() {
    let baton = Baton::start().await;
    let ada = key(&baton, json!({ "name": "ada", "models": ["gpt"] })).await;
    let eve = key(&baton, json!({ "name": "eve" })).await;
    let multipart = ("content-type", "multipart/form-data; boundary=b");
    let upload = async |key: &str, body: String| {
        baton.send(Method::POST, "/v1/files", &[multipart, ("x-api-key", key)], body).await
    };
    let ask = async |key: &str, method: Method, path: &str, body: &str| {
        baton.send(method, path, &[JSON, ("authorization", &format!("Bearer {key}"))], body.to_owned()).await
    };
    let line = |model: &str| format!(r#"{{"custom_id":"a", "body":{{"x":1.0,"model": "{model}"}} }}"#);
    let lines = |model: &str| format!("{}\n{}\n", line(model), line(model));

    let refused = upload(&ada, form("batch", &lines("claude"))).await.expect(404).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("line 1"), "{refused}");
    upload(&eve, form("batch", &format!("{}\n{}", line("gpt"), line("claude")))).await.expect(400);
    upload(&eve, form("batch", &lines("claude"))).await.expect(400);
    upload(&eve, form("batch", "no json")).await.expect(400);
    let file = upload(&ada, form("batch", &lines("gpt"))).await.expect(200).json();
    let seen = baton.openai.requests().pop().unwrap();
    assert_eq!(String::from_utf8_lossy(&seen.body), form("batch", &lines("gpt-4o-mini")));

    let file = file["id"].as_str().unwrap();
    let create = json!({ "input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h" });
    ask(&eve, Method::POST, "/v1/batches", &create.to_string()).await.expect(404);
    let batch = ask(&ada, Method::POST, "/v1/batches", &create.to_string()).await.expect(200).json();
    let one = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    ask(&eve, Method::GET, &one, "").await.expect(404);
    let batch = ask(&ada, Method::GET, &one, "").await.expect(200).json();
    let output = format!("/v1/files/{}/content", batch["output_file_id"].as_str().unwrap());
    ask(&eve, Method::GET, &output, "").await.expect(404);
    assert_eq!(ask(&ada, Method::GET, &output, "").await.expect(200).text().matches("gpt-4o-mini").count(), 2);
    let ids = async |key: &str, path: &str| -> usize {
        ask(key, Method::GET, path, "").await.expect(200).json()["data"].as_array().unwrap().len()
    };
    assert_eq!((ids(&ada, "/v1/files").await, ids(&ada, "/v1/batches").await), (2, 1));
    assert_eq!((ids(&eve, "/v1/files").await, ids(&eve, "/v1/batches").await), (0, 0));
    let page = ask(&ada, Method::GET, "/v1/files?limit=1", "").await.expect(200).json();
    let rest = format!("/v1/files?limit=1&after={}", page["last_id"].as_str().unwrap());
    let rest = ask(&ada, Method::GET, &rest, "").await.expect(200).json();
    assert_eq!(
        (&page["has_more"], &rest["has_more"], &rest["data"][0]["id"]),
        (&json!(true), &json!(false), &json!(file))
    );
    ask(&ada, Method::POST, &format!("{one}/cancel"), "").await.expect(200);
    ask(&ada, Method::DELETE, &format!("/v1/files/{file}"), "").await.expect(200);
    ask(&ada, Method::GET, &format!("/v1/files/{file}"), "").await.expect(404);
}

/// What batches used is in the ledger once, at the price for batches, when somebody has read the results.
#[tokio::test]
async fn results_of_batches_are_billed_once() {
    let baton = Baton::start().await;
    let ada = key(&baton, json!({ "name": "ada" })).await;
    // Without prices of their own, so that the vendors' hold, which have one for batches.
    for (id, provider, upstream) in [("haiku", "anthropic", "claude-haiku-4-5"), ("mini", "openai", "gpt-4o-mini")] {
        let model = json!({ "model_id": id, "provider": provider, "upstream": upstream });
        baton.post("/api/models", &model).await.expect(201);
    }
    let path = "/v1/messages/batches";
    let request = |id: &str| json!({ "custom_id": id, "params": { "max_tokens": 10, "model": "haiku" } });
    let body = json!({ "requests": [request("a"), request("b")] }).to_string();
    let made = with(&baton, &ada, Method::POST, path, body).await.expect(200).json();
    let results = format!("{path}/{}/results", made["id"].as_str().unwrap());
    for _ in 0..2 {
        with(&baton, &ada, Method::GET, &results, "").await.expect(200);
    }
    let upload = form("batch", r#"{"custom_id":"c","body":{"model":"mini"}}"#);
    let multipart = [("content-type", "multipart/form-data; boundary=b"), ("x-api-key", ada.as_str())];
    let file = baton.send(Method::POST, "/v1/files", &multipart, upload).await.expect(200).json();
    let create = json!({ "input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h" });
    let batch = with(&baton, &ada, Method::POST, "/v1/batches", create.to_string()).await.expect(200).json();
    let batch = with(&baton, &ada, Method::GET, &format!("/v1/batches/{}", batch["id"].as_str().unwrap()), "").await;
    let output = format!("/v1/files/{}/content", batch.json()["output_file_id"].as_str().unwrap());
    with(&baton, &ada, Method::GET, &output, "").await.expect(200);
    // The uploaded file is no result, whatever stands in it.
    with(&baton, &ada, Method::GET, &format!("/v1/files/{}/content", file["id"].as_str().unwrap()), "").await;
    // Moves the journal into the database now, which otherwise happens in the background.
    baton.app.engine.close().await;
    let requests = baton.get("/api/requests?limit=100").await.expect(200).json();
    let records = requests["items"].as_array().unwrap();
    let billed: Vec<_> = records.iter().filter(|record| record["api"] == "batch").collect();
    let one = |record: &&Value| {
        let attempt = &record["attempts"][0];
        let model = attempt["model"].as_str().unwrap().to_owned();
        assert_eq!((&attempt["service_tier"], &attempt["unpriced"]), (&json!("batch"), &Value::Null));
        (model, attempt["cost"].clone())
    };
    let mut found: Vec<_> = billed.iter().map(one).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    // Half of 10 × $1 + 5 × $5, and of 10 × $0.15 + 5 × $0.60, each per million.
    let haiku = ("haiku".to_owned(), json!(0.000_017_5));
    assert_eq!(found, [haiku.clone(), haiku, ("mini".to_owned(), json!(0.000_002_25))]);
}
