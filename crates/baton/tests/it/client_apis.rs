//! What the client APIs have beside requests for models: counts, lists, and what providers keep for their callers.

use crate::baton::{Baton, ClientReply, chat_body};
use baton_model::{Capability, Cost, Nanos, UsageClass};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");
const ANTHROPIC: (&str, &str) = ("anthropic-version", "2023-06-01");

/// A key with these fields.
pub(crate) async fn key(baton: &Baton, fields: Value) -> String {
    baton.post("/api/keys", &fields).await.expect(201).json()["key"].as_str().unwrap().to_owned()
}

/// Asks with a key.
pub(crate) async fn with(baton: &Baton, key: &str, method: Method, path: &str, body: impl Into<Bytes>) -> ClientReply {
    baton.send(method, path, &[("x-api-key", key), JSON, ANTHROPIC], body).await
}

fn count(model: &str) -> Value {
    chat_body(model, "Say hello", json!({}))
}

#[tokio::test]
async fn tokens_are_counted_by_anthropic_or_here() {
    let baton = Baton::start().await;
    let body = r#"{ "messages":[{"role":"user","content":"Say hello"}],"model" : "claude" }"#;
    let path = "/v1/messages/count_tokens?beta=true";
    let told = baton.send(Method::POST, path, &[JSON, ANTHROPIC, ("anthropic-beta", "b")], body).await.expect(200);
    let seen = baton.anthropic.requests().pop().unwrap();
    let expected = body.replace("\"claude\"", "\"claude-haiku-4-5\"");
    assert_eq!(String::from_utf8_lossy(&seen.body), expected);
    assert_eq!((seen.path.as_str(), seen.query.as_deref()), ("/v1/messages/count_tokens", Some("beta=true")));
    assert_eq!(seen.header("anthropic-beta"), Some("b"));
    assert!(told.json()["input_tokens"].as_u64() > Some(0), "{}", told.text());
    assert_eq!(told.header("request-id"), told.header("x-request-id"));
    assert_eq!(told.header("llm_provider-request-id"), Some("req_sim_1"));
    assert_eq!(told.header("x-baton-cost"), Some("0"));

    // The provider judges the body, not Baton: a field that is new at Anthropic works at once.
    let wrong = chat_body("claude", "Say hello", json!({ "new": 1 }));
    let wrong = baton.post("/v1/messages/count_tokens", &wrong).await.expect(400);
    assert!(wrong.text().contains("Extra inputs are not permitted"), "{}", wrong.text());

    let here = baton.post("/v1/messages/count_tokens", &count("gpt")).await.expect(200).json();
    assert!(here["input_tokens"].as_u64() > Some(3), "{here}");
    assert!(baton.openai.requests().is_empty());
    let missing = baton.post("/v1/messages/count_tokens", &count("gtp")).await.expect(404);
    assert_eq!(missing.json()["error"]["type"], "not_found_error");
    let empty = json!({ "model": "gpt", "messages": [] });
    assert_eq!(baton.post("/v1/messages/count_tokens", &empty).await.expect(400).json()["type"], "error");
}

#[tokio::test]
async fn models_have_the_shape_of_their_client() {
    let baton = Baton::start().await;
    let ask = async |path: &str| baton.send(Method::GET, path, &[ANTHROPIC], Bytes::new()).await;
    let all = ask("/v1/models?limit=1000").await.expect(200).json();
    let ids: Vec<&str> = all["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"claude") && all["has_more"] == false, "{all}");
    let first = ask("/v1/models?limit=2").await.expect(200).json();
    assert_eq!((&first["has_more"], &first["last_id"]), (&json!(true), &json!(ids[1])));
    let second = ask(&format!("/v1/models?limit=2&after_id={}", ids[1])).await.expect(200).json();
    assert_eq!(second["first_id"], ids[2]);
    let back = ask(&format!("/v1/models?limit=2&before_id={}", ids[2])).await.expect(200).json();
    assert_eq!((&back["first_id"], &back["has_more"]), (&json!(ids[0]), &json!(false)));
    let one = ask("/v1/models/claude").await.expect(200).json();
    assert_eq!((&one["type"], &one["max_tokens"]), (&json!("model"), &json!(64000)));
    assert_eq!(ask("/v1/models/none").await.expect(404).json()["type"], "error");
    assert_eq!(baton.get("/v1/models/claude").await.expect(200).json()["object"], "model");
}

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
        let told = with(&baton, &eve, method, &path, "").await.expect(404);
        assert_eq!(told.json()["error"]["type"], "not_found_error", "{path}");
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
        let told = baton.post(path, &body).await.expect(200).json();
        assert_eq!((&told["done"], &told["done_reason"]), (&json!(true), &json!(reason)), "{body}");
    }
    assert!(baton.anthropic.requests().is_empty() && baton.openai.requests().is_empty());
    let body = json!({ "model": "llama", "messages": [], "keep_alive": "10m" });
    let told = baton.post("/api/chat", &body).await.expect(200).json();
    assert_eq!(told["done_reason"], "load");
    assert_eq!(baton.ollama.requests().pop().unwrap().json()["keep_alive"], "10m");
}

#[tokio::test]
async fn ollamas_clients_talk_to_every_vendor() {
    let baton = Baton::start().await;
    for model in ["gpt", "claude", "llama"] {
        let told = baton.post("/api/chat", &chat_body(model, "Say hello", json!({}))).await.expect(200);
        let lines: Vec<Value> = told.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.last().unwrap();
        assert_eq!((&last["done"], &last["done_reason"]), (&json!(true), &json!("stop")), "{model}");
        // Clients divide by these to show tokens per second.
        for field in ["total_duration", "eval_duration", "prompt_eval_count", "eval_count"] {
            assert!(last[field].as_u64() > Some(0), "{model}: {field}: {last}");
        }
        let whole = json!({ "model": model, "prompt": "Say hello", "stream": false });
        let told = baton.post("/api/generate", &whole).await.expect(200).json();
        assert!(told["response"].as_str().unwrap().contains("Say hello"), "{model}: {told}");
        assert!(told["total_duration"].as_u64() > Some(0), "{model}: {told}");
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
    let told = with(&baton, &eve, Method::POST, "/api/pull", r#"{"model":"qwen3:8b"}"#).await.expect(403);
    assert!(told.text().contains("registered by `POST /api/models`"), "{}", told.text());
    // What is there needs no pull, and a model of another vendor has none.
    for model in ["llama", "claude:latest"] {
        let body = json!({ "name": model, "stream": false }).to_string();
        let told = with(&baton, &eve, Method::POST, "/api/pull", body).await.expect(200).json();
        assert_eq!(told, json!({ "status": "success" }), "{model}");
    }
    assert!(baton.ollama.requests().is_empty());
    let told = baton.post("/api/pull", &json!({ "model": "qwen3:8b" })).await.expect(200);
    assert!(told.text().ends_with("{\"status\":\"success\"}\n"), "{}", told.text());
    let paths: Vec<String> = baton.ollama.requests().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths[..2], ["/api/pull", "/api/tags"]);
    // What was pulled is there now.
    baton.get("/v1/models/qwen3:8b").await.expect(200);
    baton.send(Method::DELETE, "/api/delete", &[JSON], r#"{"model":"x"}"#).await.expect(200);
    // By the name that Baton has for it; the server has another.
    baton.send(Method::DELETE, "/api/delete", &[JSON], r#"{"model":"","name":"llama"}"#).await.expect(200);
    let deleted = baton.ollama.requests().into_iter().rfind(|seen| seen.path == "/api/delete").unwrap();
    assert_eq!(deleted.json(), json!({ "model": "", "name": "llama3.2:latest" }));
    let told = baton.send(Method::DELETE, "/api/delete", &[JSON], r#"{"model":"gpt"}"#).await.expect(400);
    assert!(told.text().contains("served by `openai`, which is no Ollama"), "{}", told.text());
    let wrong = baton.send(Method::POST, "/api/pull", &[JSON, ("x-baton-provider", "openai")], "{}").await.expect(400);
    assert!(wrong.text().contains("ollama"), "{}", wrong.text());
}

/// A form with a file.
pub(crate) fn form(purpose: &str, file: &str) -> String {
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--b\r\nContent-Disposition: \
         form-data; name=\"file\"; filename=\"f.jsonl\"\r\nContent-Type: text/plain\r\n\r\n{file}\r\n--b--\r\n"
    )
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

#[tokio::test]
async fn waits_are_told_as_the_sdks_read_them() {
    let baton = Baton::start().await;
    let told = baton.post("/v1/messages", &chat_body("none", "x", json!({ "max_tokens": 5 }))).await.expect(404);
    assert_eq!(told.header("request-id"), told.header("x-request-id"));
    let told =
        baton.post("/v1/messages", &chat_body("gpt", "Say hello", json!({ "max_tokens": 50 }))).await.expect(200);
    assert_eq!(told.header("request-id"), told.header("x-request-id"));
    let path = "/v1/messages?beta=true";
    let body = chat_body("gpt", "Say hello", json!({ "max_tokens": 50 })).to_string();
    baton.send(Method::POST, path, &[JSON, ANTHROPIC], body).await.expect(200);
    let seen = baton.openai.requests().pop().unwrap();
    // Translated: what is Anthropic's own in a request means nothing to OpenAI.
    assert_eq!((seen.query.as_deref(), seen.header("anthropic-version")), (None, None));
}

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
        let told = baton.send(Method::POST, path, &[JSON], body).await.expect(200);
        let seen = baton.openai.requests().pop().unwrap();
        assert_eq!(String::from_utf8_lossy(&seen.body), body.replace("\"order\"", "\"gpt-4o-mini\""));
        assert_eq!(seen.path, "/v1/rerank");
        let reply = told.json();
        assert_eq!(reply["results"][0]["index"], 1, "{reply}");
        // A thousand dollars a million tokens: a tenth of a cent each.
        let cost: f64 = told.header("x-baton-cost").unwrap().parse().unwrap();
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
            let told = baton.post("/v1/moderations", &body).await.expect(200);
            assert_eq!(told.json()["results"][0]["flagged"], flagged, "{body}");
            assert_eq!(told.header("x-baton-cost"), Some("0"));
        }
    }
}

/// The start of a PNG, and bytes that are neither text nor a boundary's business.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff\xfe\r\n--\r\n--baton-\"%22 \r\n";

/// A part of a form: its name, the rest of its head, its content.
type Part<'p> = (&'p str, &'p str, &'p [u8]);

fn image<'p>(name: &'p str) -> Part<'p> {
    (name, "; filename=\"a cat.png\"\r\nContent-Type: image/png", PNG)
}

fn parts(boundary: &str, parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, head, content) in parts {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{head}\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    body
}

/// Sends a form, and checks that it arrives with the same parts in the same order, but for the model, which comes first.
async fn ask_form(baton: &Baton, path: &str, sent: &[Part<'_>], upstream: &str) -> ClientReply {
    let kind = ("content-type", "multipart/form-data; boundary=b0");
    let told = baton.send(Method::POST, path, &[kind], parts("b0", sent)).await.expect(200);
    let seen = baton.openai.requests().pop().unwrap();
    assert_eq!(seen.path, path);
    let boundary = seen.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let others = sent.iter().copied().filter(|(name, _, _)| *name != "model");
    let expected: Vec<Part<'_>> = [("model", "", upstream.as_bytes())].into_iter().chain(others).collect();
    assert_eq!(seen.body.escape_ascii().to_string(), parts(boundary, &expected).escape_ascii().to_string());
    told
}

#[tokio::test]
async fn images_are_changed_by_forms_whose_bytes_arrive() {
    let baton = Baton::start().await;
    let path = "/v1/images/edits";
    let several = [
        ("prompt", "", &b"a hat"[..]),
        image("image[]"),
        ("model", "", b"paint"),
        image("image[]"),
        ("size", "", b"auto"),
        image("mask"),
        ("n", "", b"2"),
    ];
    let told = ask_form(&baton, path, &several, "gpt-image-1").await;
    assert_eq!(told.json()["data"].as_array().unwrap().len(), 2, "{}", told.text());
    let record = baton.record(&told).await;
    assert_eq!(record.capability, Capability::ImageEdit);
    let read = record.usage().get(UsageClass::Input) + record.usage().get(UsageClass::ImageInput);
    assert_eq!(record.usage().get(UsageClass::ImageInput), 3 * 272);
    assert_eq!(record.usage().get(UsageClass::ImageOutput), 2 * 272);
    // A dollar a million tokens read, forty a million made.
    let nanos = i64::try_from(read * 1_000 + 2 * 272 * 40_000).unwrap();
    assert_eq!(record.cost(), Cost::Known(Nanos(nanos)));
}

#[tokio::test]
async fn images_that_are_changed_are_streamed() {
    let baton = Baton::start().await;
    // The only model that paints is the one that is meant without a name.
    let streamed = [image("image"), ("prompt", "", b"a hat"), ("stream", "", b"true")];
    let told = ask_form(&baton, "/v1/images/edits", &streamed, "gpt-image-1").await;
    let events = told.events();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["image_edit.partial_image", "image_edit.completed"], "{}", told.text());
    assert!(matches!(baton.record(&told).await.cost(), Cost::Known(nanos) if nanos > Nanos::ZERO));
}

#[tokio::test]
async fn images_are_changed_by_json_as_it_came() {
    let baton = Baton::start().await;
    let body = r#"{ "images":[{"file_id":"file-1"}, {"image_url":"https://pictures.example/1.png"}],"prompt":"a hat" , "model":"paint", "new_field":1.0 }"#;
    let told = baton.send(Method::POST, "/v1/images/edits", &[JSON], body).await.expect(200);
    let seen = baton.openai.requests().pop().unwrap();
    assert_eq!(seen.path, "/v1/images/edits");
    assert_eq!(String::from_utf8_lossy(&seen.body), body.replace("\"paint\"", "\"gpt-image-1\""));
    assert_eq!(baton.record(&told).await.usage().get(UsageClass::ImageInput), 2 * 272);
}

#[tokio::test]
async fn variations_of_an_image_are_paid_by_the_piece() {
    let baton = Baton::start().await;
    let model = json!({
        "model_id": "vary", "provider": "openai", "upstream": "dall-e-2", "capabilities": ["IMAGE_GENERATION"],
        "price": { "images": "20000" },
    });
    baton.post("/api/models", &model).await.expect(201);
    let sent = [("model", "", &b"vary"[..]), image("image"), ("n", "", b"3"), ("response_format", "", b"b64_json")];
    let told = ask_form(&baton, "/v1/images/variations", &sent, "dall-e-2").await;
    assert!(told.json().pointer("/data/2/b64_json").is_some(), "{}", told.text());
    let record = baton.record(&told).await;
    assert_eq!((record.capability, record.usage().get(UsageClass::Images)), (Capability::ImageVariation, 3));
    // Two cents each.
    assert_eq!(record.cost(), Cost::Known(Nanos(60_000_000)));
}

#[tokio::test]
async fn forms_without_images_are_refused() {
    let baton = Baton::start().await;
    let kind = ("content-type", "multipart/form-data; boundary=b0");
    let form = |model: &'static str| parts("b0", &[("model", "", model.as_bytes()), ("prompt", "", b"a hat")]);
    for path in ["/v1/images/edits", "/v1/images/variations"] {
        let told = baton.send(Method::POST, path, &[kind], form("paint")).await.expect(400).json();
        assert_eq!(told["error"]["param"], "image", "{told}");
    }
    let told = baton.send(Method::POST, "/v1/images/variations", &[JSON], "{}").await.expect(400);
    assert!(told.text().contains("multipart/form-data"), "{}", told.text());
    let wrong = parts("b0", &[("model", "", b"gpt"), image("image"), ("prompt", "", b"a hat")]);
    let told = baton.send(Method::POST, "/v1/images/edits", &[kind], wrong).await.expect(400);
    assert!(told.text().contains("IMAGE_EDIT; these models do: paint"), "{}", told.text());
    assert!(baton.openai.requests().is_empty());
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
