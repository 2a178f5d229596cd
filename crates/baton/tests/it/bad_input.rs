//! Wrong requests: each gets the error that the contract names, which names the field.

use crate::baton::{Baton, chat_body};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn wrong_bodies_are_refused_with_the_field_and_what_was_expected() {
    let baton = Baton::start().await;
    // A parser that recurses would overflow its stack, which ends the process and not only the request.
    let deep = format!("{{\"model\":\"gpt\",\"messages\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    for (what, body, part) in [
        ("nothing", String::new(), "JSON"),
        ("cut JSON", "{\"model\":\"gpt\"".into(), "JSON"),
        ("no object", "[1]".into(), "object"),
        ("no messages", r#"{"model":"claude"}"#.into(), "messages: is required"),
        ("empty messages", r#"{"model":"claude","messages":[]}"#.into(), "messages: must be an array that is not empty"),
        ("messages of another type", r#"{"model":"claude","messages":"hi"}"#.into(), "messages: must be an array"),
        ("a name of another type", r#"{"model":7,"messages":[{}]}"#.into(), "model: must be a string, got 7"),
        ("a stream that is no yes or no", r#"{"model":"gpt","messages":[{}],"stream":"yes"}"#.into(), "stream: must be true or false"),
        ("a negative limit", r#"{"model":"gpt","messages":[{}],"max_tokens":-1}"#.into(), "max_tokens: must be a positive integer"),
        ("a duplicate key", r#"{"model":"gpt","model":"claude","messages":[{}]}"#.into(), "model"),
        ("too deep", deep, "deep"),
        ("an unknown role, translated", r#"{"model":"claude","messages":[{"role":"wizard","content":"hi"}]}"#.into(), "messages[0].role"),
        ("content of another type, translated", r#"{"model":"claude","messages":[{"role":"user","content":7}]}"#.into(), "messages[0].content"),
        ("a tool without a name, translated", r#"{"model":"claude","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{}}]}"#.into(), "tools[0]"),
    ] {
        // Both formats have the same checks; only the place of the code differs.
        for (path, pointer) in [("/v1/chat/completions", "/error/type"), ("/api/models/chat", "/error/code")] {
            let told = baton.send(Method::POST, path, &[], body.clone()).await;
            assert_eq!(told.status.as_u16(), 400, "{what} at {path}: {}", told.text());
            let error = told.json();
            let message = error.pointer("/error/message").and_then(|text| text.as_str()).unwrap();
            assert!(message.contains(part), "{what} at {path}: {message}");
            let kind = error.pointer(pointer).and_then(|text| text.as_str()).unwrap();
            assert!(["invalid_request_error", "invalid_request"].contains(&kind), "{what}: {kind}");
        }
    }
    assert!(baton.anthropic.requests().is_empty() && baton.openai.requests().is_empty(), "nobody was called");
}

#[tokio::test]
async fn lists_and_times_of_a_request_are_bounded() {
    let baton = Baton::start().await;
    // Routing looks at every fallback: an unbounded list made one request cost as much as many.
    let many = vec!["gpt"; 17];
    let body = chat_body("gpt", "hi", json!({})).to_string();
    for (header, value) in [
        ("x-baton-fallbacks", many.join(",")),
        ("x-baton-tags", vec!["t"; 33].join(",")),
        // Added to a moment it would overflow, and that panics.
        ("x-baton-timeout", "9300000000000000000".to_owned()),
        ("x-baton-timeout", "86401".to_owned()),
    ] {
        let told =
            baton.send(Method::POST, "/v1/chat/completions", &[(header, &value)], body.clone()).await.expect(400);
        assert!(told.text().contains(header), "{}", told.text());
    }
    let told = baton.post("/api/models/chat", &chat_body("gpt", "hi", json!({ "fallbacks": many }))).await.expect(400);
    assert_eq!(told.json()["error"]["message"], "fallbacks: must have at most 16 entries, got 17");
    let told = baton.post("/api/models/route", &chat_body("gpt", "hi", json!({ "fallbacks": many }))).await.expect(400);
    assert!(told.text().contains("fallbacks"), "{}", told.text());
    let most = chat_body("gpt", "hi", json!({ "fallbacks": &many[..16] }));
    baton.post("/api/models/chat", &most).await.expect(200);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let baton = Baton::start().await;
    let mut body = br#"{"model":"gpt","messages":[{"role":"user","content":""#.to_vec();
    body.extend_from_slice(&[0xff, 0xfe]);
    body.extend_from_slice(br#""}]}"#);
    let told = baton.send(Method::POST, "/v1/chat/completions", &[], body).await.expect(400);
    assert!(told.text().contains("UTF-8"), "{}", told.text());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let baton = Baton::with("[server]\nmax_body_bytes = 1000\n").await;
    let told = baton.post("/v1/chat/completions", &chat_body("gpt", &"x".repeat(1000), json!({}))).await.expect(413);
    assert!(told.text().contains("1000 bytes"), "{}", told.text());
    let told = baton.post("/api/models/chat", &chat_body("gpt", &"x".repeat(1000), json!({}))).await.expect(413);
    assert_eq!(told.json()["error"]["code"], "payload_too_large");
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_by_the_usual_limit() {
    let baton = Baton::start().await;
    baton.send(Method::POST, "/v1/chat/completions", &[], vec![b' '; 100 << 20]).await.expect(413);
}

#[tokio::test]
async fn unknown_things_are_named_in_the_words_of_the_api() {
    let baton = Baton::start().await;
    let told = baton.chat("gppt", json!({})).await.expect(404).json();
    assert_eq!(told["error"]["code"], "model_not_found");
    assert!(told["error"]["message"].as_str().unwrap().contains("did you mean `gpt`?"), "{told}");
    let told = baton.post("/api/models/chat", &chat_body("gppt", "hi", json!({}))).await.expect(404).json();
    assert_eq!(told["error"]["code"], "model_not_found");
    assert!(told["error"]["request_id"].is_string());
    // The model is there and can't chat: a 404 would send the user looking for a typing error.
    let told = baton.chat("embed", json!({})).await.expect(400).json();
    assert!(told["error"]["message"].as_str().unwrap().contains("these models do: claude"), "{told}");
    assert_eq!(baton.get("/v1/nothing").await.expect(404).json()["error"]["type"], "invalid_request_error");
    assert_eq!(baton.get("/v1/chat/completions").await.status.as_u16(), 405);
    baton.get("/v1/models/gpt").await.expect(200);
    baton.get("/v1/models/gppt").await.expect(404);
}

#[tokio::test]
async fn wrong_wishes_in_headers_are_named() {
    let baton = Baton::start().await;
    for (name, value) in [("x-baton-cache", "sometimes"), ("x-baton-timeout", "soon")] {
        let body = chat_body("gpt", "hi", json!({})).to_string();
        let told = baton.send(Method::POST, "/v1/chat/completions", &[(name, value)], body).await.expect(400);
        assert!(told.text().contains(name), "{}", told.text());
    }
}

#[tokio::test]
async fn keys_are_asked_for_and_never_echoed() {
    let baton = Baton::with("[auth]\nadmin_key = \"bt-the-admin-key-of-this-test\"\n").await;
    let body = chat_body("gpt", "hi", json!({})).to_string();
    let told = baton.send(Method::POST, "/v1/chat/completions", &[], body.clone()).await.expect(401);
    assert_eq!(told.header("www-authenticate"), Some("Bearer"));
    let wrong = [("authorization", "Bearer bt-a-wrong-key")];
    let told = baton.send(Method::POST, "/v1/chat/completions", &wrong, body.clone()).await.expect(401);
    assert!(!told.text().contains("bt-a-wrong-key"));
    for header in ["x-api-key", "api-key"] {
        let right = [(header, "bt-the-admin-key-of-this-test")];
        baton.send(Method::POST, "/v1/chat/completions", &right, body.clone()).await.expect(200);
    }
    let seen = baton.openai.requests();
    assert!(seen.iter().all(|seen| !format!("{seen:?}").contains("bt-the-admin-key")), "the key stays with Baton");
}

#[tokio::test]
async fn without_a_key_only_this_machine_itself_is_trusted() {
    let baton = Baton::start().await;
    let body = chat_body("gpt", "hi", json!({})).to_string();
    // What a browser sends for a page that somebody else wrote, a name that was rebound to this machine (DNS
    // rebinding), and what proxies add.
    let foreign: [&[(&str, &str)]; 8] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        // A page of another program on this machine.
        &[("origin", "http://127.0.0.1:1")],
        &[("host", "evil.example:8080")],
        &[("host", "evil.example"), ("origin", "http://evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("x-forwarded-for", "203.0.113.7")],
        &[("forwarded", "for=203.0.113.7")],
    ];
    for headers in foreign {
        let told = baton.send(Method::POST, "/v1/chat/completions", headers, body.clone()).await.expect(401).json();
        assert!(told["error"]["message"].as_str().unwrap().contains("needs an API key"), "{told}");
        baton.send(Method::GET, "/api/keys", headers, "").await.expect(401);
        baton.send(Method::GET, "/v1/models", headers, "").await.expect(401);
    }
    assert!(baton.openai.requests().is_empty(), "no provider was called");
    // Its own pages may: their origin is the host they ask.
    let own: [&[(&str, &str)]; 3] = [
        &[("host", "localhost:8080"), ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")],
        &[("host", "[::1]:8080"), ("origin", "http://[::1]:8080")],
        &[("sec-fetch-site", "none")],
    ];
    for headers in own {
        baton.send(Method::POST, "/v1/chat/completions", headers, body.clone()).await.expect(200);
    }
}

#[tokio::test]
async fn a_key_is_taken_from_wherever_it_comes() {
    let baton = Baton::with("[auth]\nadmin_key = \"bt-the-admin-key-of-this-test\"\n").await;
    let body = chat_body("gpt", "hi", json!({})).to_string();
    // With a key, none of what makes a request foreign matters.
    let headers = [
        ("authorization", "Bearer bt-the-admin-key-of-this-test"),
        ("host", "baton.example"),
        ("origin", "https://app.example"),
        ("x-forwarded-for", "203.0.113.7"),
    ];
    baton.send(Method::POST, "/v1/chat/completions", &headers, body).await.expect(200);
}

#[tokio::test]
async fn what_cannot_be_said_is_told_or_refused() {
    let baton = Baton::start().await;
    let quirks = json!({ "model_id": "picky", "provider": "anthropic", "upstream": "claude-haiku-4-5",
        "capabilities": ["CHAT"], "quirks": { "strict": true } });
    baton.post("/api/models", &quirks).await.expect(201);
    let made = baton.post("/api/keys", &json!({ "name": "exact", "strict": true })).await.expect(201).json();
    let (path, bearer) =
        (format!("/api/keys/{}", made["id"].as_str().unwrap()), format!("Bearer {}", made["key"].as_str().unwrap()));
    let key = ("authorization", bearer.as_str());
    let ask = async |model: &str, headers: &[(&str, &str)], status: u16| {
        let body = chat_body(model, "Say hello", json!({ "logit_bias": { "1": 2 } })).to_string();
        let told = baton.send(Method::POST, "/v1/chat/completions", headers, body).await.expect(status);
        let told =
            if status == 200 { told.header("x-baton-warning").unwrap_or_default().to_owned() } else { told.text() };
        assert!(told.contains("logit_bias"), "{told}");
    };
    // Anthropic has no `logit_bias`. It is dropped with a warning, unless the request, the model or the key asks for
    // strictness.
    ask("claude", &[], 200).await;
    ask("claude", &[("x-baton-strict", "true")], 400).await;
    ask("picky", &[], 400).await;
    ask("claude", &[key], 400).await;
    let changed = baton.send(Method::PUT, &path, &[], json!({ "strict": false }).to_string()).await.expect(200).json();
    assert_eq!(changed["strict"], false);
    ask("claude", &[key], 200).await;
    let refused = baton.send(Method::PUT, &path, &[], json!({ "strict": "yes" }).to_string()).await.expect(422).text();
    assert!(refused.contains("true or false"), "{refused}");
}

#[tokio::test]
async fn what_names_a_model_is_a_name() {
    let baton = Baton::start().await;
    let messages = json!([{ "role": "user", "content": "hi" }]);
    for (field, value) in
        [("model_id", json!(5)), ("model", json!(5)), ("provider", json!(5)), ("model_id", json!(["gpt"]))]
    {
        let mut body = json!({ "messages": messages });
        body[field] = value;
        let told = baton.post("/api/models/chat", &body).await.expect(400).json();
        assert_eq!(told["error"]["details"]["param"], *field, "{told}");
    }
    // Two models of a provider can chat, and none is its default: not the first by the alphabet.
    baton
        .post("/api/models", &json!({ "model_id": "aaa", "provider": "openai", "capabilities": ["CHAT"] }))
        .await
        .expect(201);
    let of_provider = |provider: &str| json!({ "provider": provider, "messages": messages });
    let told = baton.post("/api/models/chat", &of_provider("openai")).await.expect(400).json();
    assert!(told["error"]["message"].as_str().unwrap().contains("no default model of the provider `openai`"), "{told}");
    assert_eq!(
        baton.post("/api/models/chat", &of_provider("anthropic")).await.expect(200).json()["model_id"],
        "claude"
    );
}

/// Every operation with a body, given what is no JSON, or JSON of other kinds: no reply has the words of a library.
#[tokio::test]
async fn no_reply_has_the_words_of_a_library() {
    let baton = Baton::start().await;
    let description = baton.get("/openapi.json").await.expect(200).json();
    let bodies = [
        "nope",
        "{\"a\": tru}",
        "{\"model\": nul, \"name\": nul}",
        "[",
        "{\"a\": 1} x",
        "7",
        "[]",
        "{\"requests\": [1], \"events\": 5, \"input_file_id\": {}}",
    ];
    let words = [
        "expected ident",
        "expected value",
        "EOF while",
        "trailing characters",
        "Delivery {",
        "struct ",
        "serde",
        "key must be a string",
    ];
    for (path, methods) in description["paths"].as_object().unwrap() {
        let methods =
            methods.as_object().unwrap().keys().filter(|method| ["post", "put", "delete"].contains(&method.as_str()));
        for method in methods.map(|method| Method::from_bytes(method.to_uppercase().as_bytes()).unwrap()) {
            for body in bodies {
                let at = path.replace(['{', '}'], "");
                let told = baton.send(method.clone(), &at, &[("content-type", "application/json")], body).await.text();
                let found = words.iter().find(|word| told.contains(**word));
                assert_eq!(found, None, "{method} {path} {body}: {told}");
            }
        }
    }
}
