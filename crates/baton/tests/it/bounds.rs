//! How much a request may say of itself, and what of it goes on to a provider.

use crate::baton::{Baton, ClientReply, chat_body};
use crate::client_apis::{form, key};
use crate::running::KEY;
use baton_model::bounds;
use http::Method;
use serde_json::{Map, Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

fn members(number: usize) -> Value {
    (0..number).map(|index| (index.to_string(), json!(1))).collect::<Map<_, _>>().into()
}

/// The sentence of an error, in whichever format.
fn message(told: &ClientReply) -> String {
    let json = told.json();
    let error = json.pointer("/error/message").or(json.get("error")).unwrap();
    error.as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
}

/// In each format the field is named, with what was expected, and what was sent does not come back.
#[tokio::test]
async fn what_is_kept_of_a_request_is_bounded() {
    let baton = Baton::start().await;
    let long = "x".repeat(257);
    let ids = ["user_id", "project_id", "task_id"].map(|field| (field, json!(long), "must be at most 256 bytes"));
    let metadata = [
        ("metadata", json!({ "a": "x".repeat(16 << 10) }), "must be at most 16384 bytes"),
        ("metadata", members(65), "must have at most 64 keys"),
    ];
    for (field, value, expected) in ids.into_iter().chain(metadata) {
        let body = chat_body("claude", "hi", json!({ "input": "hi", "prompt": "hi", field: value }));
        for path in ["/api/models/chat", "/api/models/completion", "/api/models/embedding", "/api/models/image"] {
            let told = baton.post(path, &body).await.expect(400);
            let said = message(&told);
            // Short: the value that was too long must not come back in the message.
            assert!(said.starts_with(&format!("{field}: {expected}")) && said.len() < 200, "{path}: {said}");
        }
    }
    let body = chat_body("llama", "hi", json!({ "max_tokens": 9 })).to_string();
    for path in ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat", "/api/models/chat"] {
        for (header, value, expected) in [
            ("x-baton-user", long.clone(), "must be at most 256 bytes"),
            ("x-baton-project", long.clone(), "must be at most 256 bytes"),
            ("x-baton-tags", long.clone(), "must be at most 256 bytes"),
            ("x-baton-tags", vec!["a"; 33].join(","), "must have at most 32 entries"),
        ] {
            let told = baton.send(Method::POST, path, &[JSON, (header, &value)], body.clone()).await.expect(400);
            let said = message(&told);
            assert!(said.starts_with(header) && said.contains(expected) && said.len() < 200, "{path}: {said}");
        }
    }
    let body = json!({ "model_id": "listen", "file_url": format!("https://example.com/{}", "x".repeat(2_048)) });
    let told = baton.post("/api/models/audio/transcription", &body).await.expect(400);
    assert!(message(&told).starts_with("file_url: must be at most 2048 bytes"), "{}", told.text());
    let sent = [&baton.openai, &baton.anthropic, &baton.ollama].map(|sim| sim.requests().len());
    assert_eq!(sent, [0, 0, 0]);
    // What is just within the bounds is kept whole.
    let body = json!({ "model_id": "gpt", "messages": [{ "role": "user", "content": "hi" }], "metadata": members(64), "task_id": "x".repeat(256) });
    let told = baton.post("/api/models/chat", &body).await.expect(200);
    let kept = baton.record(&told).await.attribution;
    assert_eq!((kept.task.map(|task| task.len()), kept.metadata.is_some()), (Some(256), true));
}

#[tokio::test]
async fn only_known_parameters_of_a_query_reach_a_provider() {
    let baton = Baton::start().await;
    // Azure is told its version, and Google its key, in the query: a client's parameter of that name must not take
    // their place, however it is escaped.
    let evil = "api-version=evil&api%2Dversion=evil&key=stolen";
    let chat = |model: &str| chat_body(model, "hi", json!({ "max_tokens": 9 })).to_string();
    let response = r#"{"model":"gpt","input":"hi"}"#.to_owned();
    for (path, body) in [
        ("/v1/chat/completions", chat("gpt")),
        ("/v1/embeddings", json!({ "model": "embed", "input": "hi" }).to_string()),
        ("/v1/responses", response),
        ("/v1/messages", chat("claude")),
        ("/v1/messages/count_tokens", chat_body("claude", "hi", json!({})).to_string()),
        ("/api/chat", chat("llama")),
        ("/api/pull", r#"{"model":"llama3.2:latest"}"#.into()),
    ] {
        baton.send(Method::POST, &format!("{path}?{evil}&beta=true"), &[JSON], body).await.expect(200);
    }
    let multipart = [("content-type", "multipart/form-data; boundary=b")];
    let made = baton.send(Method::POST, &format!("/v1/files?{evil}"), &multipart, form("assistants", "text")).await;
    let file = made.expect(200).json()["id"].as_str().unwrap().to_owned();
    baton.get(&format!("/v1/files/{file}?{evil}")).await.expect(200);
    baton.get(&format!("/v1/files/{file}/content?{evil}")).await.expect(200);
    for (sim, beta) in [(&baton.openai, None), (&baton.anthropic, Some("beta=true")), (&baton.ollama, None)] {
        let requests = sim.requests();
        assert!(requests.len() > 1);
        for request in requests {
            // Some of them are Baton's own, as of what there is.
            let query = request.query.as_deref().filter(|query| !query.is_empty());
            assert!(query.is_none() || query == beta, "{}: {query:?}", request.path);
        }
    }
}

#[tokio::test]
async fn guesses_of_keys_are_slowed() {
    let baton =
        Baton::with(&format!("[auth]\nadmin_key = \"{KEY}\"\nfailures = {{ per_second = 1, burst = 3 }}\n")).await;
    let show = async |key: &str| baton.send(Method::GET, "/v1/models", &[("x-api-key", key)], "").await;
    show(KEY).await.expect(200);
    for number in 0..3 {
        show(&format!("bt-guess-{number}")).await.expect(401);
    }
    // One count for all APIs, so that a guesser does not get three times as many tries.
    for path in ["/v1/models", "/api/models", "/api/tags"] {
        let told = baton.send(Method::GET, path, &[("x-api-key", "bt-another")], "").await.expect(429);
        assert_eq!(told.header("retry-after"), Some("1"), "{}", told.text());
        assert!(message(&told).contains("too many invalid credentials"), "{}", told.text());
    }
    // The right key from the same address goes on: users behind one proxy share it.
    show(KEY).await.expect(200);
    let metrics = baton.get("/metrics").await.text();
    for line in
        ["baton_refused_credentials_total{reason=\"wrong\"} 3", "baton_refused_credentials_total{reason=\"limited\"} 3"]
    {
        assert!(metrics.contains(line), "{metrics}");
    }
}

/// The oldest responses of a key go, files are refused before a provider has them.
#[tokio::test]
async fn a_key_keeps_so_much() {
    let baton = Baton::with("[quotas]\nresponses = 2\nprovider_responses = 2\nfiles = 1\n").await;
    let ada = key(&baton, json!({ "name": "ada" })).await;
    let post = async |path: &str, kind: &str, body: String| {
        baton.send(Method::POST, path, &[("content-type", kind), ("x-api-key", &ada)], body).await
    };
    let mut ids = Vec::new();
    for _ in 0..3 {
        let body = json!({ "model": "claude", "input": "hi" }).to_string();
        let told = post("/v1/responses", JSON.1, body).await.expect(200).json();
        ids.push(told["id"].as_str().unwrap().to_owned());
    }
    for (id, status) in ids.iter().zip([404, 200, 200]) {
        let path = format!("/v1/responses/{id}");
        baton.send(Method::GET, &path, &[("x-api-key", &ada)], "").await.expect(status);
    }
    let kind = "multipart/form-data; boundary=b";
    post("/v1/files", kind, form("assistants", "text")).await.expect(200);
    let sent = baton.openai.requests().len();
    let refused = post("/v1/files", kind, form("assistants", "text")).await.expect(400);
    assert!(message(&refused).contains("quotas.files"), "{}", refused.text());
    assert_eq!(baton.openai.requests().len(), sent, "no provider has it");
}

/// What a provider shows of each file may be long: the page ends earlier, and goes on where it ended, in both directions.
#[tokio::test]
async fn a_page_of_files_ends_before_it_is_too_large() {
    let baton = Baton::start().await;
    let multipart = [("content-type", "multipart/form-data; boundary=b")];
    let mut made = Vec::new();
    for _ in 0..10 {
        // The simulated vendor shows it as it was sent.
        let purpose = "p".repeat(1_020 << 10);
        let told = baton.send(Method::POST, "/v1/files", &multipart, form(&purpose, "text")).await.expect(200).json();
        made.push(told["id"].as_str().unwrap().to_owned());
    }
    made.reverse();
    let page = async |query: &str| {
        let told = baton.get(&format!("/v1/files?limit=100{query}")).await.expect(200);
        assert!(told.body.len() <= bounds::PAGE, "{}", told.body.len());
        let json = told.json();
        let ids = json["data"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), json["has_more"] == true)
    };
    assert_eq!(page("").await, (made[..8].to_vec(), true));
    assert_eq!(page(&format!("&after={}", made[7])).await, (made[8..].to_vec(), false));
    assert_eq!(page(&format!("&before_id={}", made[9])).await, (made[1..9].to_vec(), true));
}
