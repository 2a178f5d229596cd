//! Keys that SDKs insist on where none is needed.

use crate::baton::{Baton, chat_body};
use http::Method;
use serde_json::json;

const PLACEHOLDERS: [&str; 5] = ["sk-xxx", "dummy", "ollama", "EMPTY", "sk-proj-1234567890abcdef"];

async fn chat(baton: &Baton, headers: &[(&str, &str)]) -> u16 {
    let body = chat_body("claude", "Say hello", json!({ "max_tokens": 50 })).to_string();
    baton.send(Method::POST, "/v1/messages", headers, body).await.status.as_u16()
}

#[tokio::test]
async fn a_placeholder_is_no_key_where_none_is_needed() {
    let baton = Baton::start().await;
    for placeholder in PLACEHOLDERS {
        let bearer = format!("Bearer {placeholder}");
        assert_eq!(chat(&baton, &[("authorization", &bearer)]).await, 200, "{placeholder}");
        assert_eq!(chat(&baton, &[("x-api-key", placeholder)]).await, 200, "{placeholder}");
        // It opens nothing that is closed without a key.
        let page = [("x-api-key", placeholder), ("origin", "https://evil.example")];
        assert_eq!(chat(&baton, &page).await, 401, "{placeholder}");
        let proxied = [("x-api-key", placeholder), ("x-forwarded-for", "10.0.0.1")];
        assert_eq!(chat(&baton, &proxied).await, 401, "{placeholder}");
    }
    // Whoever sends what looks like a key means somebody.
    for key in ["bt-0000000000000000000000000000000000000000000", "bt-", "eyJhbGciOiJIUzI1NiJ9.e30.x"] {
        assert_eq!(chat(&baton, &[("x-api-key", key)]).await, 401, "{key}");
    }
    // The audit log says how the change was made.
    let made = json!({ "name": "ci" }).to_string();
    baton.send(Method::POST, "/api/keys", &[("x-api-key", "dummy")], made).await.expect(201);
    let log = baton.get("/api/audit").await.expect(200).json();
    assert_eq!(log["items"][0]["actor"], "loopback", "{log}");
}

#[tokio::test]
async fn where_a_key_is_needed_a_placeholder_is_a_wrong_one() {
    for more in [
        "[auth]\nadmin_key = \"bt-the-admin-key-of-these-tests-000\"\n",
        "[auth]\njwt = { secret = \"a secret of thirty-two characters\" }\n",
    ] {
        let baton = Baton::with(more).await;
        for placeholder in PLACEHOLDERS {
            assert_eq!(chat(&baton, &[("x-api-key", placeholder)]).await, 401, "{more} {placeholder}");
        }
    }
}
