//! The stream of events: in order, resumed where it was cut.

use crate::setup::TestAdmin;
use axum::body::BodyDataStream;
use axum::http::Method;
use axum::response::Response;
use futures::StreamExt;
use serde_json::Value;
use std::time::Duration;

/// A stream, read event by event.
struct Listening {
    body: BodyDataStream,
    text: String,
}

/// One server-sent event.
#[derive(Debug)]
struct ReceivedEvents {
    id: String,
    kind: String,
    data: Value,
}

impl Listening {
    fn to(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<ReceivedEvents> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if !block.starts_with(':') {
                    return Some(read(&block));
                }
            }
            let piece = tokio::time::timeout(Duration::from_secs(60), self.body.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }
}

fn read(block: &str) -> ReceivedEvents {
    let field = |name: &str| -> Vec<&str> { block.lines().filter_map(|line| line.strip_prefix(name)).collect() };
    ReceivedEvents {
        id: field("id: ").concat(),
        kind: field("event: ").concat(),
        data: serde_json::from_str(&field("data: ").join("\n")).unwrap(),
    }
}

async fn listen(admin: &TestAdmin, path: &str, headers: &[(&str, &str)]) -> Listening {
    let (viewer, _) = admin.make_key("viewer", "").await;
    admin.relay().await;
    Listening::to(admin.with(&viewer).open(Method::GET, path, headers, "").await)
}

#[tokio::test]
async fn what_happens_is_streamed_as_it_happens() {
    let admin = TestAdmin::new().await;
    admin.register("before", "").await;
    let mut stream = listen(&admin, "/api/events?types=model.registered,%20model.deleted", &[]).await;
    // Metadata is kept as it was written, with line breaks, which end a field of an event stream.
    let metadata = ", \"metadata\": {\n\"a\":\r\n 1}";
    admin.register("fast", metadata).await;
    admin.put("/api/models/fast", r#"{"display_name": "Fast"}"#).await;
    admin.delete("/api/models/fast").await;
    admin.relay().await;
    let registered = stream.next().await.unwrap();
    assert_eq!((registered.kind.as_str(), &registered.data["type"]), ("model.registered", &"model.registered".into()));
    assert_eq!(registered.data["id"], registered.id.as_str());
    assert_eq!(registered.data["specversion"], "1.0");
    assert_eq!(registered.data["subject"], "fast");
    assert_eq!(registered.data["data"]["metadata"]["a"], 1);
    assert_eq!(stream.next().await.unwrap().kind, "model.deleted");
    admin.draining.begin();
    assert!(stream.next().await.is_none(), "it ends when the node stops");
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_cut() {
    let admin = TestAdmin::new().await;
    for id in ["a", "b", "c"] {
        admin.register(id, "").await;
    }
    let mut all = listen(&admin, "/api/events?after=oldest&types=model.registered", &[]).await;
    let mut ids = Vec::new();
    for id in ["a", "b", "c"] {
        let heard = all.next().await.unwrap();
        assert_eq!(heard.data["subject"], id);
        ids.push(heard.id);
    }
    // What a browser sends by itself outranks the address it first asked for.
    let header = [("last-event-id", ids[1].as_str())];
    let path = format!("/api/events?after={}&types=model.registered", ids[0]);
    for (path, headers, expected) in [(path.as_str(), &[][..], "b"), (path.as_str(), &header[..], "c")] {
        let mut rest = listen(&admin, path, headers).await;
        assert_eq!(rest.next().await.unwrap().data["subject"], expected);
    }
}

#[tokio::test]
async fn nobody_goes_on_from_an_event_that_is_not_kept() {
    let admin = TestAdmin::new().await;
    let reply = admin.get("/api/events?after=0193").await;
    reply.is_refused(400, "invalid_request", &[]);
    assert!(reply.text.contains("?after=oldest"), "{}", reply.text);
    admin.send(Method::GET, "/api/events", &[("last-event-id", "0193")], "").await.is_refused(
        400,
        "invalid_request",
        &[],
    );
    let reply = admin.get("/api/events?types=model.exploded&since=1").await;
    reply.is_refused(422, "validation_error", &["types", "since"]);
    assert!(reply.text.contains("model.registered"), "{}", reply.text);
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_revoked() {
    let admin = TestAdmin::new().await;
    let (viewer, id) = admin.make_key("viewer", "").await;
    let path = "/api/events?types=model.registered";
    let mut stream = Listening::to(admin.with(&viewer).open(Method::GET, path, &[], "").await);
    admin.delete(&format!("/api/keys/{id}")).await;
    assert!(stream.next().await.is_none());
}

/// The first events that a key gets there: each one's type and subject.
pub(crate) async fn receive_events(admin: &TestAdmin, key: &str, path: &str, number: usize) -> Vec<(String, String)> {
    let mut stream = Listening::to(admin.with(key).open(Method::GET, path, &[], "").await);
    let mut heard = Vec::new();
    while heard.len() < number {
        let event = stream.next().await.unwrap();
        heard.push((event.kind, event.data["subject"].as_str().unwrap().to_owned()));
    }
    heard
}
