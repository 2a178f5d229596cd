//! Responses over a WebSocket: what `POST /v1/responses` does, a message for each event.

use crate::running::KEY;
use crate::serving::{Serving, head};
use baton_sim::{Kind, Sim, SimOptions};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

/// A Baton with a model `gpt` at OpenAI's simulation and `claude` at Anthropic's.
async fn start() -> (Serving, Sim, Sim) {
    let openai = Sim::start(Kind::OpenAi, SimOptions::of(Kind::OpenAi)).await.unwrap();
    let anthropic = Sim::start(Kind::Anthropic, SimOptions::of(Kind::Anthropic)).await.unwrap();
    let mut more = String::new();
    for (name, kind, sim, upstream) in
        [("gpt", "openai", &openai, "gpt-4o-mini"), ("claude", "anthropic", &anthropic, "claude-haiku-4-5")]
    {
        let url = sim.base_url();
        more.push_str(&format!(
            "[providers.{kind}]\nkind = \"{kind}\"\nbase_url = \"{url}\"\napi_key = \"sim\"\n\
             [[models]]\nmodel_id = \"{name}\"\nprovider = \"{kind}\"\nupstream = \"{upstream}\"\ncapabilities = [\"CHAT\"]\n"
        ));
    }
    (Serving::start(&more).await, openai, anthropic)
}

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn connect(baton: &Serving, key: &str) -> Result<Self, Error> {
        let mut request = format!("ws://{}/v1/responses", baton.address).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        let (socket, _) = tokio_tungstenite::client_async(request, baton.connect().await).await?;
        Ok(Self(socket))
    }

    async fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// A `response.create` for a model, with more members.
    async fn create(&mut self, model: &str, input: Value, more: Value) {
        let mut message = json!({ "type": "response.create", "model": model, "input": input, "store": false });
        if let (Some(message), Value::Object(more)) = (message.as_object_mut(), more) {
            message.extend(more);
        }
        self.send(&message).await;
    }

    /// The next event.
    async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The response of the event that ends the next one.
    async fn completed(&mut self) -> Value {
        loop {
            let event = self.next().await;
            match event["type"].as_str().unwrap() {
                "response.completed" => return event["response"].clone(),
                "error" | "response.failed" => panic!("{event}"),
                _ => {}
            }
        }
    }
}

fn said(response: &Value) -> &str {
    let items = response["output"].as_array().unwrap();
    let message = items.iter().find(|item| item["type"] == "message").unwrap();
    message.pointer("/content/0/text").and_then(Value::as_str).unwrap()
}

#[tokio::test]
async fn a_conversation_goes_on_although_nothing_is_stored() {
    let (baton, openai, anthropic) = start().await;
    let mut client = Client::connect(&baton, KEY).await.unwrap();
    for (model, sim, path) in [("gpt", &openai, "/input"), ("claude", &anthropic, "/messages")] {
        client.create(model, json!("Say hello"), json!({})).await;
        let created = client.next().await;
        assert_eq!((&created["type"], created.get("stream_id")), (&json!("response.created"), None), "{model}");
        let first = client.completed().await;
        assert!(said(&first).contains("Say hello"), "{model}: {first}");
        let more = json!({ "previous_response_id": first["id"] });
        client.create(model, json!([{ "role": "user", "content": "Say more" }]), more).await;
        let second = client.completed().await;
        assert!(said(&second).contains("Say more"), "{model}: {second}");
        // No service knows the first one: all of it is said again.
        let sent = sim.requests().last().unwrap().json();
        let turns = sent.pointer(path).unwrap().as_array().unwrap();
        assert_eq!(turns.len(), 3, "{model}: {sent}");
        assert_eq!(sent.get("previous_response_id"), None, "{model}");
        assert!(turns[1].to_string().contains("Say hello"), "{model}: {sent}");
        // Nor does another connection.
        let mut other = Client::connect(&baton, KEY).await.unwrap();
        other.create("claude", json!("Go on"), json!({ "previous_response_id": first["id"] })).await;
        let refused = other.next().await;
        assert_eq!((&refused["type"], &refused["status"]), (&json!("error"), &json!(404)), "{refused}");
        assert_eq!(refused.pointer("/error/param"), Some(&json!("previous_response_id")), "{refused}");
    }
    baton.end().await;
}

#[tokio::test]
async fn what_is_only_prepared_asks_no_model() {
    let (baton, openai, _anthropic) = start().await;
    let mut client = Client::connect(&baton, KEY).await.unwrap();
    let instructions = json!([{ "role": "developer", "content": "Be brief." }]);
    client.create("gpt", instructions, json!({ "generate": false })).await;
    let prepared = client.completed().await;
    assert_eq!((&prepared["output"], &prepared["status"]), (&json!([]), &json!("completed")));
    assert!(openai.requests().is_empty());
    client.create("gpt", json!("Say hello"), json!({ "previous_response_id": prepared["id"] })).await;
    client.completed().await;
    let sent = openai.requests().last().unwrap().json();
    assert_eq!(sent.pointer("/input/0/content/0/text"), Some(&json!("Be brief.")), "{sent}");
    assert_eq!((sent.get("generate"), sent.get("type")), (None, None), "{sent}");
    client.create("none", json!("Hi"), json!({ "generate": false })).await;
    assert_eq!(client.next().await["status"], 404);
    baton.end().await;
}

#[tokio::test]
async fn lanes_run_side_by_side_and_their_events_say_whose_they_are() {
    let (baton, _openai, _anthropic) = start().await;
    let mut client = Client::connect(&baton, KEY).await.unwrap();
    for lane in ["a", "b", "a"] {
        client.create("gpt", json!("Say hello"), json!({ "stream_id": lane })).await;
    }
    let (mut open, mut completed) = (Vec::new(), Vec::new());
    while completed.len() < 3 {
        let event = client.next().await;
        let lane = event["stream_id"].as_str().unwrap().to_owned();
        match event["type"].as_str().unwrap() {
            "response.created" => {
                assert!(!open.contains(&lane), "two of one lane at once");
                open.push(lane);
            }
            "response.completed" => {
                open.retain(|other| *other != lane);
                completed.push(lane);
            }
            _ => assert!(open.contains(&lane)),
        }
    }
    completed.sort();
    assert_eq!(completed, ["a", "a", "b"]);
    baton.end().await;
}

#[tokio::test]
async fn what_is_no_request_is_told_and_the_connection_goes_on() {
    let (baton, _openai, _anthropic) = start().await;
    let mut client = Client::connect(&baton, KEY).await.unwrap();
    let mut ids = std::collections::HashSet::new();
    for (message, param) in [
        (json!({ "type": "response.steer" }), json!("type")),
        (json!({ "model": "gpt", "input": "Hi" }), json!("type")),
        (json!({ "type": "response.create", "stream_id": 5 }), json!("stream_id")),
        (json!({ "type": "response.create", "generate": "no" }), json!("generate")),
        (json!({ "type": "response.create", "background": true }), json!("background")),
        (json!({ "type": "response.create", "model": "gpt" }), json!("input")),
        (json!({ "type": "response.create", "model": "gpt", "input": 5 }), json!("input")),
        (json!(["response.create"]), Value::Null),
    ] {
        client.send(&message).await;
        let told = client.next().await;
        assert_eq!((&told["type"], &told["status"]), (&json!("error"), &json!(400)), "{message}: {told}");
        assert_eq!(told.pointer("/error/param"), Some(&param), "{message}: {told}");
        // What the provider refused is told in its own words, as over HTTP.
        if param != "input" {
            let id = told.pointer("/error/request_id").and_then(Value::as_str).unwrap();
            assert!(!id.is_empty() && ids.insert(id.to_owned()), "{message}: {told}");
        }
    }
    client.create("gpt", json!("Say hello"), json!({})).await;
    assert!(said(&client.completed().await).contains("Say hello"));
    baton.end().await;
}

#[tokio::test]
async fn who_may_not_ask_opens_no_connection() {
    let (baton, _openai, _anthropic) = start().await;
    let Err(Error::Http(refused)) = Client::connect(&baton, "bt-wrong").await else { panic!("it was let in") };
    assert_eq!(refused.status(), 401);
    // A plain GET asks for nothing that is here.
    let reply = baton.ask("GET", "/v1/responses", head("GET", "/").split_once("\r\n").unwrap().1, "").await;
    assert!(reply.starts_with("HTTP/1.1 405"), "{reply}");
    baton.end().await;
}

#[tokio::test]
async fn a_node_that_stops_says_so_and_waits_for_no_silent_client() {
    let (baton, _openai, _anthropic) = start().await;
    let mut client = Client::connect(&baton, KEY).await.unwrap();
    client.create("gpt", json!("Say hello"), json!({})).await;
    client.completed().await;
    baton.stop.cancel();
    let closed = loop {
        match client.0.next().await.unwrap().unwrap() {
            Message::Close(frame) => break frame.unwrap(),
            _ => continue,
        }
    };
    assert_eq!(u16::from(closed.code), 1001);
    baton.end().await;
}
