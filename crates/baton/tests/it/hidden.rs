//! What a key may not see is to it as what is not there: the same status, in the same words, in every API.

use crate::baton::{Baton, ClientReply};
use crate::client_apis::{form, key};
use http::Method;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");
const ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");

/// What a reply says, without what differs between any two.
fn words(told: &ClientReply, name: &str) -> (u16, String) {
    let id = told.header("x-request-id").unwrap();
    (told.status.as_u16(), told.text().replace(id, "ID").replace(name, "NAME"))
}

async fn ask(baton: &Baton, key: &str, method: &Method, path: &str, body: &str) -> ClientReply {
    let mut headers = vec![JSON, ("x-api-key", key)];
    // This path has the shape of the client that asks.
    headers.extend(path.starts_with("/v1/messages").then_some(ANTHROPIC));
    baton.send(method.clone(), path, &headers, body.to_owned()).await
}

#[tokio::test]
async fn a_model_that_a_key_may_not_use_is_unknown() {
    let baton = Baton::start().await;
    let ada = key(&baton, json!({ "name": "ada", "models": ["gpt"] })).await;
    let chat =
        |field: &str| format!(r#"{{"{field}":"NAME","max_tokens":9,"messages":[{{"role":"user","content":"hi"}}]}}"#);
    let input = |field: &str| format!(r#"{{"{field}":"NAME","input":"hi"}}"#);
    let prompt = |field: &str| format!(r#"{{"{field}":"NAME","prompt":"hi"}}"#);
    let batch = format!(r#"{{"requests":[{{"custom_id":"a","params":{}}}]}}"#, chat("model"));
    for (path, forbidden, body) in [
        ("/v1/chat/completions", "claude", chat("model")),
        ("/v1/responses", "claude", input("model")),
        ("/v1/completions", "instruct", prompt("model")),
        ("/v1/embeddings", "embed", input("model")),
        ("/v1/images/generations", "paint", prompt("model")),
        ("/v1/audio/speech", "speak", r#"{"model":"NAME","input":"hi","voice":"alloy"}"#.into()),
        ("/v1/messages", "claude", chat("model")),
        ("/v1/messages/count_tokens", "claude", chat("model")),
        ("/v1/messages/batches", "claude", batch),
        ("/api/chat", "llama", chat("model")),
        ("/api/chat", "llama", r#"{"model":"NAME"}"#.into()),
        ("/api/generate", "llama", prompt("model")),
        ("/api/embed", "nomic", input("model")),
        ("/api/show", "llama", r#"{"model":"NAME"}"#.into()),
        ("/api/models/chat", "claude", chat("model_id")),
        ("/api/models/embedding", "embed", input("model_id")),
        ("/api/models/tokens", "claude", chat("model")),
        ("/api/models/route", "claude", chat("model")),
    ] {
        let [foreign, invented] = [forbidden, "nobody"].map(|name| (name, body.replace("NAME", name)));
        let foreign = words(&ask(&baton, &ada, &Method::POST, path, &foreign.1).await, foreign.0);
        let invented = words(&ask(&baton, &ada, &Method::POST, path, &invented.1).await, invented.0);
        assert_eq!(foreign, invented, "{path}");
        assert_eq!(foreign.0, 404, "{path}: {}", foreign.1);
    }
    for path in ["/v1/models/NAME", "/api/models/NAME"] {
        let get = async |name: &str| {
            let told = baton.send(Method::GET, &path.replace("NAME", name), &[("x-api-key", &ada)], "").await;
            words(&told, name)
        };
        assert_eq!(get("claude").await, get("nobody").await, "{path}");
        assert_eq!(get("claude").await.0, 404);
    }
    let shown = async |name: &str| {
        let headers = [ANTHROPIC, ("x-api-key", ada.as_str())];
        words(&baton.send(Method::GET, &format!("/v1/models/{name}"), &headers, "").await, name)
    };
    let forbidden = shown("claude").await;
    assert_eq!(forbidden, shown("nobody").await);
    assert!(forbidden.1.contains("not_found_error"), "{}", forbidden.1);
    // Nor do hints and lists of what there is name it.
    let hint = baton
        .send(
            Method::POST,
            "/v1/chat/completions",
            &[JSON, ("x-api-key", &ada)],
            chat("model").replace("NAME", "claud"),
        )
        .await;
    assert!(!hint.expect(404).text().contains("claude`"));
    assert!(baton.anthropic.requests().is_empty() && baton.openai.requests().is_empty());
}

/// An object of one key, asked for with another.
#[tokio::test]
async fn an_object_of_another_key_is_unknown() {
    let baton = Baton::start().await;
    let ada = key(&baton, json!({ "name": "ada", "project_id": "shop" })).await;
    let eve = key(&baton, json!({ "name": "eve", "project_id": "bank" })).await;
    let post = async |path: &str, body: &str| {
        ask(&baton, &ada, &Method::POST, path, body).await.expect(200).json()["id"].as_str().unwrap().to_owned()
    };
    let theirs = post("/v1/responses", r#"{"model":"gpt","input":"hi"}"#).await;
    let own = post("/v1/responses", r#"{"model":"claude","input":"hi"}"#).await;
    let multipart = [("content-type", "multipart/form-data; boundary=b"), ("x-api-key", ada.as_str())];
    let lines = r#"{"custom_id":"a","body":{"model":"gpt"}}"#;
    let file = baton.send(Method::POST, "/v1/files", &multipart, form("batch", lines)).await.expect(200).json();
    let file = file["id"].as_str().unwrap().to_owned();
    let create = json!({ "input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h" });
    let batch = post("/v1/batches", &create.to_string()).await;
    let messages = r#"{"requests":[{"custom_id":"a","params":{"model":"claude","max_tokens":9}}]}"#;
    let messages = post("/v1/messages/batches", messages).await;
    let (get, delete, post) = (Method::GET, Method::DELETE, Method::POST);
    let goes_on = |model: &str| format!(r#"{{"model":"{model}","input":"more","previous_response_id":"NAME"}}"#);
    for (method, path, body, object) in [
        (&get, "/v1/responses/NAME", String::new(), &theirs),
        (&get, "/v1/responses/NAME/input_items", String::new(), &theirs),
        (&delete, "/v1/responses/NAME", String::new(), &theirs),
        (&post, "/v1/responses/NAME/cancel", String::new(), &theirs),
        (&post, "/v1/responses", goes_on("gpt"), &theirs),
        (&post, "/v1/responses", goes_on("claude"), &theirs),
        (&get, "/v1/responses/NAME", String::new(), &own),
        (&get, "/v1/responses/NAME/input_items", String::new(), &own),
        (&delete, "/v1/responses/NAME", String::new(), &own),
        (&post, "/v1/responses", goes_on("gpt"), &own),
        (&post, "/v1/responses", goes_on("claude"), &own),
        (&get, "/v1/files/NAME", String::new(), &file),
        (&get, "/v1/files/NAME/content", String::new(), &file),
        (&get, "/v1/files?after=NAME", String::new(), &file),
        (&delete, "/v1/files/NAME", String::new(), &file),
        (&post, "/v1/batches", create.to_string().replace(&file, "NAME"), &file),
        (&get, "/v1/batches/NAME", String::new(), &batch),
        (&post, "/v1/batches/NAME/cancel", String::new(), &batch),
        (&get, "/v1/messages/batches/NAME", String::new(), &messages),
        (&get, "/v1/messages/batches/NAME/results", String::new(), &messages),
        (&get, "/v1/messages/batches?before_id=NAME", String::new(), &messages),
        (&post, "/v1/messages/batches/NAME/cancel", String::new(), &messages),
        (&delete, "/v1/messages/batches/NAME", String::new(), &messages),
    ] {
        let said = async |name: &str| {
            let told = ask(&baton, &eve, method, &path.replace("NAME", name), &body.replace("NAME", name)).await;
            words(&told, name)
        };
        let foreign = said(object).await;
        assert_eq!(foreign, said("thing_that_nobody_made").await, "{method} {path}");
        assert_eq!(foreign.0, 404, "{method} {path}: {}", foreign.1);
    }
    // None of it was touched.
    for path in [format!("/v1/responses/{theirs}"), format!("/v1/responses/{own}"), format!("/v1/files/{file}")] {
        ask(&baton, &ada, &get, &path, "").await.expect(200);
    }
}

/// A fallback that a client names and may not use is not told apart from one that is not there.
#[tokio::test]
async fn a_fallback_that_a_key_may_not_use_is_unknown() {
    let baton = Baton::start().await;
    let ada = key(&baton, json!({ "name": "ada", "models": ["gpt"] })).await;
    let passed = async |name: &str| {
        let body = json!({ "model": "gpt", "messages": [{ "role": "user", "content": "hi" }], "fallbacks": [name] })
            .to_string();
        let told: Value = ask(&baton, &ada, &Method::POST, "/api/models/route", &body).await.expect(200).json();
        told["passed"].to_string().replace(name, "NAME")
    };
    assert_eq!(passed("claude").await, passed("nobody").await);
}
