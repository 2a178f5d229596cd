//! No client can make up the value of a label: each would be kept for as long as the process runs.

use crate::baton::{Baton, chat_body};
use http::Method;
use serde_json::json;
use std::collections::BTreeSet;

/// The series that `/metrics` has: names and labels, without numbers.
async fn series(baton: &Baton) -> BTreeSet<String> {
    let text = baton.get("/metrics").await.expect(200).text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

/// Requests that name that word wherever a client can name something.
async fn ask(baton: &Baton, word: &str) {
    let chat = chat_body("gpt", "Say hello", json!({ "user": word, "metadata": { word: word } })).to_string();
    let unknown = chat_body(word, "Say hello", json!({})).to_string();
    let native =
        chat_body("gpt", "hi", json!({ "user_id": word, "task_id": word, "project_id": word, "provider": word }));
    let native = native.to_string();
    let get = |path: String| (Method::GET, path, String::new());
    for (method, path, body) in [
        (Method::POST, "/v1/chat/completions".to_owned(), chat.clone()),
        (Method::POST, format!("/v1/chat/completions?api-version={word}&{word}={word}"), chat),
        (Method::POST, "/v1/chat/completions".to_owned(), unknown.clone()),
        (Method::POST, "/api/models/chat".to_owned(), native),
        (Method::POST, "/v1/messages".to_owned(), unknown.clone()),
        (Method::POST, "/api/chat".to_owned(), unknown),
        (Method::POST, format!("/{word}"), String::new()),
        // HTTP allows methods that nobody has heard of.
        (Method::try_from(word).unwrap(), "/v1/chat/completions".to_owned(), String::new()),
        get(format!("/v1/models/{word}")),
        get(format!("/api/models/{word}/health")),
        get(format!("/api/requests?model={word}")),
        get(format!("/{word}/metrics?{word}")),
    ] {
        let headers = [
            ("user-agent", word),
            ("x-baton-user", word),
            ("x-baton-project", word),
            ("x-baton-tags", word),
            ("x-request-id", word),
            ("anthropic-version", word),
            ("content-type", "application/json"),
        ];
        baton.send(method, &path, &headers, body).await;
    }
}

#[tokio::test]
async fn labels_have_no_values_that_clients_make_up() {
    let baton = Baton::start().await;
    // Once before the comparison, so that the series of refusals and errors are there already.
    ask(&baton, "FIRST").await;
    let known = series(&baton).await;
    assert!(known.iter().any(|series| series.contains(r#"model="gpt""#)), "{known:?}");
    for word in ["Second", "third-model", "fourth.one", "fifth_"] {
        ask(&baton, word).await;
    }
    let more = series(&baton).await;
    let new: Vec<_> = more.difference(&known).collect();
    assert!(new.is_empty(), "{new:?}");
}
