//! Clients that ask through a load balancer and remember what they saw.

use super::cluster::Balancer;
use crate::running::KEY;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a client saw of one request.
#[derive(Debug)]
pub struct ClientView {
    /// The mark that is in its prompt and in its tags.
    pub mark: String,
    /// How it ended.
    pub end: RequestEnd,
}

/// How a request ended for its client.
#[derive(Debug)]
pub enum RequestEnd {
    /// With a complete reply.
    Finished,
    /// The connection broke, and its node was killed meanwhile.
    Killed,
    /// In any other way.
    #[expect(dead_code, reason = "shown where a test fails")]
    Failed(String),
}

/// Asks one request after another until `until`; client `number` of many.
pub async fn client(number: usize, balancer: Balancer, until: Instant) -> Vec<ClientView> {
    let http = reqwest::Client::new();
    let mut seen = Vec::new();
    for turn in 0.. {
        if Instant::now() >= until {
            break;
        }
        let mark = format!("mark-{number}-{turn}-end");
        let end = ask(&http, &balancer, number + turn, &mark).await;
        seen.push(ClientView { mark, end });
        // Not a wait for anything: the rate of one user.
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    seen
}

async fn ask(http: &reqwest::Client, balancer: &Balancer, turn: usize, mark: &str) -> RequestEnd {
    loop {
        // A balancer tries the next node where nobody listens.
        for node in balancer.nodes(turn) {
            let begun = Instant::now();
            match send(http, &balancer.addresses[node], turn, mark).await {
                Ok(end) => return end,
                Err(error) if error.is_connect() => {}
                Err(_) if balancer.was_killed(node, begun, Instant::now()) => return RequestEnd::Killed,
                // The kill is noted when it is over, which may be a moment after the connection broke.
                Err(error) => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    if balancer.was_killed(node, begun, Instant::now()) {
                        return RequestEnd::Killed;
                    }
                    return RequestEnd::Failed(format!("node {node}: {error:?}"));
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn send(http: &reqwest::Client, address: &str, turn: usize, mark: &str) -> Result<RequestEnd, reqwest::Error> {
    let (path, body) = request(turn, mark);
    let stream = body.get("stream").is_some();
    let reply = http
        .post(format!("http://{address}{path}"))
        .bearer_auth(KEY)
        .header("x-baton-tags", mark)
        .json(&body)
        .send()
        .await?;
    let status = reply.status();
    let text = reply.text().await?;
    let complete = if stream { text.contains("[DONE]") } else { serde_json::from_str::<Value>(&text).is_ok() };
    Ok(match (status.is_success(), complete) {
        (true, true) => RequestEnd::Finished,
        _ => RequestEnd::Failed(format!("{status}: {text}")),
    })
}

/// A mix of what is asked: whole, streamed, in the provider's own format and translated, embeddings.
fn request(turn: usize, mark: &str) -> (&'static str, Value) {
    let chat = |model: &str, more: Value| {
        let mut body =
            json!({ "model": model, "messages": [{ "role": "user", "content": format!("{mark} 12 words") }] });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        body
    };
    match turn % 5 {
        0 => ("/v1/chat/completions", chat("gpt", json!({}))),
        1 => ("/v1/chat/completions", chat("claude", json!({ "stream": true }))),
        2 => ("/v1/chat/completions", chat("gpt", json!({ "stream": true }))),
        3 => ("/api/models/chat", chat("llama", json!({}))),
        _ => ("/v1/embeddings", json!({ "model": "embed", "input": mark })),
    }
}
