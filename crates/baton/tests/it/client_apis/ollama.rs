//! What the clients of Ollama ask, on the models of every vendor.

use super::{JSON, key, with};
use crate::baton::{Baton, chat_body};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn ollamas_lists_name_the_models_of_every_vendor() {
    let baton = Baton::start().await;
    let tags = baton.get("/api/tags").await.expect(200).json();
    let names: Vec<&str> =
        tags["models"].as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
    // Clients of Ollama add `:latest` to a name without a tag, and look for that name in the list.
    assert!(names.contains(&"claude:latest") && names.contains(&"llama:latest"), "{names:?}");
    assert!(names.contains(&"embed:latest") && names.contains(&"instruct:latest"), "{names:?}");
    // Programs would offer them for chats.
    assert!(!["paint", "listen", "speak"].iter().any(|name| names.contains(&format!("{name}:latest").as_str())));
    for name in ["claude", "claude:latest"] {
        let shown = baton.post("/api/show", &json!({ "model": name })).await.expect(200).json();
        assert_eq!(shown["model_info"]["anthropic.context_length"], 200_000, "{shown}");
        assert!(shown["capabilities"].as_array().unwrap().contains(&json!("completion")), "{shown}");
    }
    let shown = baton.post("/api/show", &json!({ "model": "llama:latest" })).await.expect(200).json();
    assert_eq!(shown["modelfile"], "FROM llama3.2:latest\n");
    assert_eq!(baton.ollama.requests().pop().unwrap().json()["model"], "llama3.2:latest");
    let missing = baton.post("/api/show", &json!({ "model": "none" })).await.expect(404).json();
    assert!(missing["error"].is_string(), "{missing}");
    let running = baton.get("/api/ps").await.expect(200).json();
    let named = |name: &str| running["models"].as_array().unwrap().iter().any(|model| model["name"] == name);
    assert!(named("llama:latest") && named("nomic:latest"), "{running}");
    assert!(baton.get("/api/version").await.expect(200).json()["version"].is_string());
    let front = baton.send(Method::GET, "/", &[("user-agent", "ollama/0.9 (amd64 linux)")], "").await.expect(200);
    assert_eq!(front.text(), "Ollama is running");
    let front = baton.get("/").await.expect(200).json();
    assert_eq!((&front["name"], &front["links"]["docs"]), (&json!("baton"), &json!("/docs")));
    let head = baton.send(Method::HEAD, "/", &[], Bytes::new()).await.expect(200);
    assert_eq!(head.text(), "");
}

#[tokio::test]
async fn models_are_loaded_by_saying_nothing() {
    let baton = Baton::start().await;
    for (path, body, reason) in [
        // Ollama's clients warm a model up in this way. A vendor in the cloud has nothing to load, and must not be
        // paid for an empty chat.
        ("/api/chat", json!({ "model": "claude", "messages": [] }), "load"),
        ("/api/chat", json!({ "model": "claude:latest", "keep_alive": 0 }), "unload"),
        ("/api/generate", json!({ "model": "gpt", "keep_alive": "0s" }), "unload"),
        ("/api/generate", json!({ "model": "gpt" }), "load"),
    ] {
        let answer = baton.post(path, &body).await.expect(200).json();
        assert_eq!((&answer["done"], &answer["done_reason"]), (&json!(true), &json!(reason)), "{body}");
    }
    assert!(baton.anthropic.requests().is_empty() && baton.openai.requests().is_empty());
    let body = json!({ "model": "llama", "messages": [], "keep_alive": "10m" });
    let answer = baton.post("/api/chat", &body).await.expect(200).json();
    assert_eq!(answer["done_reason"], "load");
    assert_eq!(baton.ollama.requests().pop().unwrap().json()["keep_alive"], "10m");
}

#[tokio::test]
async fn ollamas_clients_talk_to_every_vendor() {
    let baton = Baton::start().await;
    for model in ["gpt", "claude", "llama"] {
        let answer = baton.post("/api/chat", &chat_body(model, "Say hello", json!({}))).await.expect(200);
        let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.last().unwrap();
        assert_eq!((&last["done"], &last["done_reason"]), (&json!(true), &json!("stop")), "{model}");
        // Clients divide by these to show tokens per second.
        for field in ["total_duration", "eval_duration", "prompt_eval_count", "eval_count"] {
            assert!(last[field].as_u64() > Some(0), "{model}: {field}: {last}");
        }
        let whole = json!({ "model": model, "prompt": "Say hello", "stream": false });
        let answer = baton.post("/api/generate", &whole).await.expect(200).json();
        assert!(answer["response"].as_str().unwrap().contains("Say hello"), "{model}: {answer}");
        assert!(answer["total_duration"].as_u64() > Some(0), "{model}: {answer}");
    }
    for model in ["embed", "nomic"] {
        let many = baton.post("/api/embed", &json!({ "model": model, "input": ["a", "b"] })).await.expect(200).json();
        assert_eq!(many["embeddings"].as_array().unwrap().len(), 2, "{model}");
        let one = baton.post("/api/embeddings", &json!({ "model": model, "prompt": "a" })).await.expect(200).json();
        assert_eq!(
            one["embedding"].as_array().map(Vec::len),
            many["embeddings"][0].as_array().map(Vec::len),
            "{model}"
        );
    }
    assert!(baton.post("/api/embeddings", &json!({ "model": "embed" })).await.expect(400).json()["error"].is_string());
}

#[tokio::test]
async fn only_admins_change_the_models_of_a_server() {
    let baton = Baton::start().await;
    let eve = key(&baton, json!({ "name": "eve" })).await;
    // A pull fills the disk of the provider's machine.
    let answer = with(&baton, &eve, Method::POST, "/api/pull", r#"{"model":"qwen3:8b"}"#).await.expect(403);
    assert!(answer.text().contains("registered by `POST /api/models`"), "{}", answer.text());
    // What is there needs no pull, and a model of another vendor has none.
    for model in ["llama", "claude:latest"] {
        let body = json!({ "name": model, "stream": false }).to_string();
        let answer = with(&baton, &eve, Method::POST, "/api/pull", body).await.expect(200).json();
        assert_eq!(answer, json!({ "status": "success" }), "{model}");
    }
    assert!(baton.ollama.requests().is_empty());
    let answer = baton.post("/api/pull", &json!({ "model": "qwen3:8b" })).await.expect(200);
    assert!(answer.text().ends_with("{\"status\":\"success\"}\n"), "{}", answer.text());
    let paths: Vec<String> = baton.ollama.requests().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths[..2], ["/api/pull", "/api/tags"]);
    // What was pulled is there now.
    baton.get("/v1/models/qwen3:8b").await.expect(200);
    baton.send(Method::DELETE, "/api/delete", &[JSON], r#"{"model":"x"}"#).await.expect(200);
    // By the name that Baton has for it; the server has another.
    baton.send(Method::DELETE, "/api/delete", &[JSON], r#"{"model":"","name":"llama"}"#).await.expect(200);
    let deleted = baton.ollama.requests().into_iter().rfind(|seen| seen.path == "/api/delete").unwrap();
    assert_eq!(deleted.json(), json!({ "model": "", "name": "llama3.2:latest" }));
    let answer = baton.send(Method::DELETE, "/api/delete", &[JSON], r#"{"model":"gpt"}"#).await.expect(400);
    assert!(answer.text().contains("served by `openai`, which is no Ollama"), "{}", answer.text());
    let wrong = baton.send(Method::POST, "/api/pull", &[JSON, ("x-baton-provider", "openai")], "{}").await.expect(400);
    assert!(wrong.text().contains("ollama"), "{}", wrong.text());
}
