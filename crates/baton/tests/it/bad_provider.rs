//! Providers that misbehave: each fault becomes the error that the contract names.

use crate::baton::{Baton, chat_body};
use baton_model::record::Outcome;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn each_fault_of_each_provider_has_its_error() {
    for (fault, status, code) in [
        ("html", 502, "provider_error"),
        ("truncated", 502, "provider_error"),
        ("empty-204", 502, "provider_error"),
        ("redirect", 502, "provider_error"),
        ("error-200", 502, "provider_error"),
        ("wrong-type", 502, "provider_error"),
        ("fail-401", 502, "provider_authentication_error"),
        ("fail-403", 502, "provider_authentication_error"),
        ("fail-429", 429, "rate_limit_exceeded"),
        ("fail-500", 502, "provider_error"),
        ("fail-503", 503, "overloaded"),
    ] {
        let models: String = ["openai", "anthropic", "ollama"]
            .map(|name| {
                format!("[[models]]\nmodel_id = \"bad-{name}\"\nprovider = \"{name}\"\nupstream = \"{fault}\"\n")
            })
            .concat();
        let baton = Baton::with(&models).await;
        for name in ["openai", "anthropic", "ollama"] {
            let told = baton.post("/api/models/chat", &chat_body(&format!("bad-{name}"), "hi", json!({}))).await;
            assert_eq!(told.status.as_u16(), status, "{fault} {name}: {}", told.text());
            assert_eq!(told.json()["error"]["code"], code, "{fault} {name}: {}", told.text());
            // An error page of a provider's load balancer may name its machines, and is of no use to a client.
            assert!(!told.text().contains("<html"), "{fault} {name}: {}", told.text());
        }
    }
}

#[tokio::test]
async fn an_error_with_status_200_has_the_status_of_an_error() {
    for (name, path) in [("openai", "/v1/chat/completions"), ("anthropic", "/v1/messages"), ("ollama", "/api/chat")] {
        let model = format!("[[models]]\nmodel_id = \"bad\"\nprovider = \"{name}\"\nupstream = \"error-200\"\n");
        let baton = Baton::with(&model).await;
        let messages = json!([{ "role": "user", "content": "hi" }]);
        // In the provider's own format, so that its body is what the client gets.
        let body = json!({ "model": "bad", "messages": messages, "max_tokens": 5, "stream": false });
        let reply = baton.post(path, &body).await;
        assert_eq!(reply.status.as_u16(), 502, "{name}: {}", reply.text());
        assert!(!reply.json()["error"].is_null(), "{name}: {}", reply.text());
    }
}

#[tokio::test]
async fn an_endless_line_ends() {
    let baton =
        Baton::with("[[models]]\nmodel_id = \"endless\"\nprovider = \"openai\"\nupstream = \"endless-line\"\n").await;
    // Without a bound, the line would be gathered until memory ends.
    let told = baton.chat("endless", json!({ "stream": true })).await;
    assert_eq!(told.status.as_u16(), 502, "{}", told.text());
}

#[tokio::test]
async fn an_unreachable_provider_is_named_without_its_address_and_key() {
    let baton = Baton::with(
        "[providers.gone]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\napi_key = \"sk-a-secret-of-ours\"\nretries = 0\n\
         [[models]]\nmodel_id = \"gone\"\nprovider = \"gone\"\n",
    )
    .await;
    let told = baton.post("/api/models/chat", &chat_body("gone", "hi", json!({}))).await.expect(503);
    assert_eq!(told.json()["error"]["code"], "provider_not_available");
    let message = "provider `gone` can't be reached: the connection was refused";
    assert_eq!(told.json()["error"]["message"], message);
    // The address and the key are for the operator.
    assert!(!told.text().contains("127.0.0.1") && !told.text().contains("sk-a-secret"), "{}", told.text());
}

#[tokio::test]
async fn a_provider_that_never_replies_is_given_up() {
    let baton = Baton::with("[[models]]\nmodel_id = \"hangs\"\nprovider = \"openai\"\nupstream = \"hang\"\n").await;
    let body = chat_body("hangs", "hi", json!({})).to_string();
    let told = baton.send(Method::POST, "/api/models/chat", &[("x-baton-timeout", "200ms")], body).await.expect(504);
    assert_eq!(told.json()["error"]["code"], "request_timeout");
    assert_eq!(baton.record(&told).await.outcome, Outcome::Failed);
}

#[tokio::test]
async fn a_provider_of_the_clients_format_speaks_for_itself() {
    let baton =
        Baton::with("[[models]]\nmodel_id = \"limited\"\nprovider = \"openai\"\nupstream = \"fail-429\"\n[[models]]\nmodel_id = \"broken\"\nprovider = \"openai\"\nupstream = \"fail-500\"\n").await;
    let told = baton.chat("limited", json!({})).await.expect(429);
    // Passthrough: the provider's own error body, into which no id of Baton's is put.
    let own: Value = told.json();
    assert!(own["error"]["message"].is_string() && own.get("request_id").is_none(), "{own}");
    assert_eq!((told.header("x-should-retry"), told.header("retry-after").is_some()), (Some("true"), true));
    // What the ledger keeps is what the client saw, whoever worded it.
    let told = baton.chat("broken", json!({})).await.expect(500);
    assert_eq!(told.header("x-should-retry"), Some("false"));
    assert_eq!(baton.record(&told).await.status, 500);
}
