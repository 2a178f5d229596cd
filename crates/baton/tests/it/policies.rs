//! What callers see of budgets and limits: errors in the shape of each API, headers, and what is left.

use crate::baton::{Baton, ClientReply, chat_body};
use http::Method;
use serde_json::{Value, json};

/// The paths of every API, with a model of the vendor and of another.
const PATHS: [&str; 5] = ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat", "/api/models/chat"];

fn body(path: &str) -> Value {
    match path {
        "/v1/responses" => json!({ "model": "gpt", "input": "Say hello", "max_output_tokens": 50 }),
        "/api/models/chat" => {
            json!({ "model_id": "gpt", "messages": [{ "role": "user", "content": "Say hello" }], "max_tokens": 50 })
        }
        _ => chat_body("gpt", "Say hello", json!({ "max_tokens": 50, "stream": false })),
    }
}

/// A key with these fields; its id and its secret.
async fn key(baton: &Baton, fields: Value) -> (String, String) {
    let mut body = json!({ "name": "limited", "role": "caller" });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = baton.post("/api/keys", &body).await.expect(201).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&made[name], value);
    }
    (text("id"), text("key"))
}

async fn ask(baton: &Baton, path: &str, key: &str, more: &[(&str, &str)]) -> ClientReply {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("content-type", "application/json"), ("authorization", &bearer)];
    headers.extend(more);
    baton.send(Method::POST, path, &headers, body(path).to_string()).await
}

#[tokio::test]
async fn a_limit_is_told_in_the_shape_of_each_api() {
    let baton = Baton::start().await;
    for path in PATHS {
        let (id, secret) = key(&baton, json!({ "limits": { "rpm": 1 } })).await;
        ask(&baton, path, &secret, &[]).await.expect(200);
        let told = ask(&baton, path, &secret, &[]).await.expect(429);
        assert_eq!(told.header("x-should-retry"), Some("true"), "{path}");
        let after: u64 = told.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=61).contains(&after), "{path}: {after}");
        assert_eq!(told.header("x-baton-error"), Some("rate_limit_exceeded"), "{path}");
        let error = told.json();
        let kind = match path {
            "/v1/messages" => error["error"]["type"].as_str(),
            "/api/chat" => error["error"].as_str().map(|_| "rate_limit_exceeded"),
            _ => error["error"]["code"].as_str(),
        };
        let expected = if path == "/v1/messages" { "rate_limit_error" } else { "rate_limit_exceeded" };
        assert_eq!(kind, Some(expected), "{path}: {error}");
        if path == "/api/models/chat" {
            let details = &error["error"]["details"];
            assert_eq!(details["policy"], format!("key:{id}:rpm"), "{error}");
            assert_eq!((&details["amount"], &details["remaining"]), (&json!(1), &json!(0)), "{error}");
        }
    }
}

#[tokio::test]
async fn a_budget_is_told_in_the_shape_of_each_api_and_nobody_need_try_again() {
    let baton = Baton::start().await;
    for path in PATHS {
        let fields = json!({ "budget": { "amount": 0.000001, "period": "month" } });
        let (_, secret) = key(&baton, fields).await;
        // OpenAI says so of an account without money, with a code of its own that its SDKs don't try again.
        let of_openai = path.starts_with("/v1/chat") || path.starts_with("/v1/responses");
        let status = if of_openai || path == "/api/chat" { 429 } else { 402 };
        let told = ask(&baton, path, &secret, &[]).await.expect(status);
        if of_openai {
            assert_eq!(told.json()["error"]["code"], "insufficient_quota", "{path}");
        }
        assert_eq!((told.header("x-should-retry"), told.header("retry-after")), (Some("false"), None), "{path}");
        assert_eq!(told.header("x-baton-error"), Some("budget_exceeded"), "{path}");
        assert!(told.text().contains("budget"), "{path}: {}", told.text());
    }
    assert_eq!(baton.openai.requests().len(), 0);
}

#[tokio::test]
async fn replies_say_what_is_left() {
    let baton = Baton::start().await;
    let (_, secret) = key(&baton, json!({ "limits": { "rpm": 10, "tpm": 5000 } })).await;
    let reply = ask(&baton, "/v1/chat/completions", &secret, &[]).await.expect(200);
    let header = |name: &str| reply.header(name);
    assert_eq!(header("x-ratelimit-limit-requests"), Some("10"));
    assert_eq!(header("x-ratelimit-remaining-requests"), Some("9"));
    assert_eq!(header("x-ratelimit-reset-requests"), Some("60s"));
    assert_eq!(header("x-ratelimit-limit-tokens"), Some("5000"));
    assert!(header("x-ratelimit-remaining-tokens").is_some());
    let reply = ask(&baton, "/v1/messages", &secret, &[]).await.expect(200);
    assert_eq!(reply.header("anthropic-ratelimit-requests-remaining"), Some("8"));
    assert!(reply.header("anthropic-ratelimit-requests-reset").unwrap().ends_with('Z'));
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), None);
}

#[tokio::test]
async fn a_caller_sees_who_it_is_and_what_is_left() {
    let baton = Baton::start().await;
    let fields = json!({ "budget": { "amount": 5, "period": "month" }, "limits": { "rpm": 10, "concurrency": 3 } });
    let (id, secret) = key(&baton, fields).await;
    ask(&baton, "/v1/chat/completions", &secret, &[]).await.expect(200);
    let bearer = format!("Bearer {secret}");
    let me = baton.send(Method::GET, "/api/me", &[("authorization", &bearer)], String::new()).await.expect(200).json();
    assert_eq!((&me["key_id"], &me["role"]), (&json!(id), &json!("caller")));
    let policies = me["policies"].as_array().unwrap();
    let of = |name: &str| policies.iter().find(|policy| policy["policy"] == format!("key:{id}:{name}")).unwrap();
    assert_eq!((&of("budget")["amount"], &of("budget")["reserved"]), (&json!(5), &json!(0)));
    assert!(of("budget")["spent"].as_f64().unwrap() > 0.0 && of("budget")["resets_at"].is_string(), "{me}");
    assert_eq!((&of("rpm")["spent"], &of("rpm")["remaining"]), (&json!(1), &json!(9)));
    assert_eq!((&of("concurrency")["reserved"], &of("concurrency")["remaining"]), (&json!(0), &json!(3)));
    // Of nobody else.
    let other = key(&baton, json!({})).await.1;
    let bearer = format!("Bearer {other}");
    let me = baton.send(Method::GET, "/api/me", &[("authorization", &bearer)], String::new()).await.expect(200).json();
    assert_eq!((&me["policies"], &me["today"]["requests"]), (&json!([]), &json!(0)));
    baton.send(Method::GET, "/api/me", &[("authorization", "Bearer bt-wrong")], String::new()).await.expect(401);
}

#[tokio::test]
async fn a_request_says_what_it_may_cost() {
    let baton = Baton::start().await;
    let (_, secret) = key(&baton, json!({})).await;
    let path = "/api/models/chat";
    ask(&baton, path, &secret, &[("x-baton-max-cost", "1")]).await.expect(200);
    let told = ask(&baton, path, &secret, &[("x-baton-max-cost", "0.000000001")]).await.expect(402);
    assert!(told.text().contains("x-baton-max-cost"), "{}", told.text());
    for wrong in ["-1", "a lot", "1e3", "0.0000000001"] {
        let told = ask(&baton, path, &secret, &[("x-baton-max-cost", wrong)]).await.expect(400);
        assert!(told.text().contains("x-baton-max-cost"), "{}", told.text());
    }
}

#[tokio::test]
async fn what_is_no_budget_is_named() {
    let baton = Baton::start().await;
    for (fields, name) in [
        (json!({ "budget": { "amount": "much", "period": "month" } }), "budget"),
        (json!({ "budget": { "amount": 5, "period": "year" } }), "budget"),
        (json!({ "budget": { "amount": 5, "period": "month", "mode": "soft" } }), "budget"),
        (json!({ "limits": { "rps": 5 } }), "limits"),
        (json!({ "limits": { "rpm": -5 } }), "limits"),
    ] {
        let mut body = json!({ "name": "limited", "role": "caller" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let told = baton.post("/api/keys", &body).await.expect(422);
        assert_eq!(told.json()["error"]["details"]["errors"][0]["field"], name, "{}", told.text());
    }
}

/// A run is what the client names, else its trace; a budget needs one of them.
#[tokio::test]
async fn a_request_gives_its_run_a_budget() {
    let baton = Baton::start().await;
    let (_, secret) = key(&baton, json!({})).await;
    let once = ("x-baton-run-budget", "requests=1");
    let trace = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    for path in PATHS {
        for run in [("x-baton-run", path), trace] {
            // Each API with a key of its own, whose runs are other runs.
            let secret = key(&baton, json!({})).await.1;
            ask(&baton, path, &secret, &[run, once]).await.expect(200);
            let refusal = ask(&baton, path, &secret, &[run, once]).await;
            let is_openai = matches!(path, "/v1/chat/completions" | "/v1/responses" | "/api/chat");
            assert_eq!(refusal.status.as_u16(), if is_openai { 429 } else { 402 }, "{path}: {}", refusal.text());
            assert!(refusal.text().contains("`run`"), "{path}: {}", refusal.text());
        }
    }
    let path = "/api/models/chat";
    let refusal = ask(&baton, path, &secret, &[once]).await.expect(400);
    assert!(refusal.text().contains("x-baton-run-budget: needs a run"), "{}", refusal.text());
    for wrong in ["-1", "requests=x", "dollars=5", "cost=1,cost=2"] {
        let headers = [("x-baton-run", "r"), ("x-baton-run-budget", wrong)];
        let refusal = ask(&baton, path, &secret, &headers).await.expect(400);
        assert!(refusal.text().contains("x-baton-run-budget"), "{}", refusal.text());
    }
}

/// Where policies count runs, the trace of a request is its run; else nobody's trace is kept.
#[tokio::test]
async fn a_trace_is_a_run_where_runs_are_counted() {
    let baton = Baton::start().await;
    let (_, secret) = key(&baton, json!({})).await;
    let trace = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
    let path = "/api/models/chat";
    ask(&baton, path, &secret, &trace).await.expect(200);
    let limit = json!({ "limit_id": "runs", "scope": { "run": "*" }, "requests": 1, "per": "day" });
    baton.post("/api/limits", &limit).await.expect(201);
    ask(&baton, path, &secret, &trace).await.expect(200);
    ask(&baton, path, &secret, &trace).await.expect(429);
    ask(&baton, path, &secret, &[]).await.expect(200);
}
