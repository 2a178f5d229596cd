//! Web pages of other origins: what a browser is told before, and after, it sends their requests.

use crate::baton::{Baton, ClientReply, chat_body};
use baton_http::EXPOSED;
use http::Method;
use serde_json::json;

const ADMIN: &str = "bt-the-admin-key-of-these-tests-000000000000000";
const PAGE: &str = "https://app.example.com";

/// The client APIs that a page may call, and a method of each.
const CLIENT_PATHS: [(&str, &str); 10] = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/responses"),
    ("DELETE", "/v1/responses/resp_1"),
    ("POST", "/v1/messages"),
    ("GET", "/v1/models"),
    ("POST", "/rerank"),
    ("POST", "/api/chat"),
    ("POST", "/api/generate"),
    ("GET", "/api/tags"),
    ("POST", "/api/show"),
];

/// Baton's own paths, and those that change an Ollama.
const OTHER_PATHS: [(&str, &str); 9] = [
    ("POST", "/api/models/chat"),
    ("POST", "/api/models"),
    ("GET", "/api/keys"),
    ("POST", "/api/keys"),
    ("DELETE", "/api/cache"),
    ("POST", "/api/pull"),
    ("DELETE", "/api/delete"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
];

/// What a browser asks before it sends a page's request.
async fn preflight(baton: &Baton, origin: &str, method: &str, path: &str) -> ClientReply {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "authorization,content-type,x-stainless-lang"),
    ];
    baton.send(Method::OPTIONS, path, &headers, "").await
}

async fn closed(more: &str) -> Baton {
    Baton::with(&format!("{more}\n[auth]\nadmin_key = \"{ADMIN}\"\n")).await
}

/// The paths at which models are asked are served without the router, which has the layers. With a slash at their end they are
/// served by it.
#[tokio::test]
async fn what_is_served_without_layers_looks_the_same() {
    let listed = format!("[server.cors]\norigins = [\"{PAGE}\"]");
    for cors in ["", "[server.cors]\norigins = [\"*\"]", listed.as_str()] {
        let baton = closed(cors).await;
        let key = format!("Bearer {ADMIN}");
        let long = "x".repeat(100_000);
        for path in ["/v1/chat/completions", "/v1/messages", "/api/embed", "/rerank"] {
            for (key, model) in [(key.as_str(), "gpt"), (key.as_str(), "nobody"), ("Bearer wrong", long.as_str())] {
                let body = chat_body(model, "Say hello", json!({ "max_tokens": 5 })).to_string();
                let headers = [("authorization", key), ("content-type", "application/json")];
                let mut replies = Vec::new();
                for path in [path.to_owned(), format!("{path}/")] {
                    let reply = baton.send(Method::POST, &path, &headers, body.clone()).await;
                    // What is another in every reply, and whose length may differ by it.
                    let own = ["x-request-id", "request-id", "traceparent", "date", "content-length"];
                    let mut headers: Vec<(String, String)> = reply
                        .headers
                        .iter()
                        .filter(|(name, _)| !own.contains(&name.as_str()) && !name.as_str().starts_with("llm_provider"))
                        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                        .collect();
                    headers.sort();
                    assert!(reply.header("x-request-id").is_some() && reply.header("traceparent").is_some());
                    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
                    replies.push((reply.status, headers));
                }
                assert_eq!(replies[0], replies[1], "{path} {cors}");
            }
        }
    }
}

#[tokio::test]
async fn a_listed_page_may_call_the_client_apis_and_nothing_else() {
    let baton = closed(&format!("[server.cors]\norigins = [\"{PAGE}\"]")).await;
    for (method, path) in CLIENT_PATHS {
        // Without a key: browsers send none along.
        let told = preflight(&baton, PAGE, method, path).await.expect(200);
        assert_eq!(told.header("access-control-allow-origin"), Some(PAGE), "{path}");
        assert!(told.header("access-control-allow-methods").unwrap().contains(method), "{path}");
        let named = told.header("access-control-allow-headers").unwrap();
        assert!(named.contains("authorization") && named.contains("x-stainless-lang"), "{path}: {named}");
        assert_eq!(told.header("access-control-allow-credentials"), None);
        let other = preflight(&baton, "https://evil.example", method, path).await;
        assert_eq!(other.header("access-control-allow-origin"), None, "{path}");
    }
    for (method, path) in OTHER_PATHS {
        let told = preflight(&baton, PAGE, method, path).await;
        assert_eq!(told.header("access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn a_page_reads_the_headers_of_replies_and_errors() {
    let baton = closed(&format!("[server.cors]\norigins = [\"{PAGE}\"]")).await;
    let bearer = format!("Bearer {ADMIN}");
    let body = chat_body("claude", "Say hello", json!({ "seed": 3 })).to_string();
    let good = [("origin", PAGE), ("authorization", bearer.as_str())];
    let told = baton.send(Method::POST, "/v1/chat/completions", &good, body.clone()).await.expect(200);
    // Refused before a handler sees it; a page has to be able to say so.
    let refused = baton.send(Method::POST, "/v1/chat/completions", &good[..1], body).await.expect(401);
    for told in [told, refused] {
        assert_eq!(told.header("access-control-allow-origin"), Some(PAGE));
        assert!(told.header("vary").unwrap().contains("origin"), "a cache must tell origins apart");
        let exposed = told.header("access-control-expose-headers").unwrap();
        for name in told.headers.keys().filter(|name| name.as_str().starts_with("x-")) {
            let hidden = ["x-content-type-options", "x-accel-buffering"].contains(&name.as_str());
            assert!(hidden || exposed.split(',').any(|shown| shown.trim() == name.as_str()), "{name} is not exposed");
        }
    }
    assert!(EXPOSED.contains(&"retry-after"));
    let program = baton.send(Method::GET, "/v1/models", &good[1..], "").await.expect(200);
    assert_eq!(program.header("access-control-expose-headers"), None);
}

#[tokio::test]
async fn without_a_setting_pages_of_this_machine_may_call_in_development_alone() {
    let path = "/v1/chat/completions";
    for (more, here) in [("", true), ("environment = \"production\"", false), ("[server.cors]\norigins = []", false)] {
        let baton = closed(more).await;
        for (origin, allowed) in
            [("http://localhost:3000", here), ("http://127.0.0.1:5173", here), ("http://[::1]:80", here), (PAGE, false)]
        {
            let told = preflight(&baton, origin, "POST", path).await;
            let expected = allowed.then_some(origin);
            assert_eq!(told.header("access-control-allow-origin"), expected, "{more}: {origin}");
        }
    }
}
