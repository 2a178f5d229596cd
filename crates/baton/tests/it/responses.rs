//! Responses: at every provider, and what a provider keeps.

use crate::baton::{Baton, asking};
use http::Method;
use serde_json::{Value, json};

/// A request at the door of responses.
async fn respond(baton: &Baton, model: &str, more: Value) -> crate::baton::Told {
    let mut body = json!({ "model": model, "input": "Say hello" });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    baton.post("/v1/responses", &body).await
}

fn text(response: &Value) -> &str {
    let items = response["output"].as_array().unwrap();
    let message = items.iter().find(|item| item["type"] == "message").unwrap();
    message.pointer("/content/0/text").and_then(Value::as_str).unwrap()
}

#[tokio::test]
async fn every_provider_answers_whole_and_streamed() {
    let baton = Baton::start().await;
    for (model, keeps) in [("gpt", true), ("claude", false), ("llama", false)] {
        let told = respond(&baton, model, json!({})).await.expect(200);
        let response = told.json();
        assert!(text(&response).contains("Say hello"), "{model}: {response}");
        assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")), "{model}");
        // Only what a provider keeps can be asked for.
        assert_eq!(response["store"] != json!(false), keeps, "{model}: {response}");

        let streamed = respond(&baton, model, json!({ "stream": true })).await.expect(200);
        let events = streamed.events();
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.completed", "{model}");
        assert_eq!(text(&last["response"]), text(&response), "{model}");
        let deltas = events.iter().filter(|event| event["type"] == "response.output_text.delta");
        let said: String = deltas.map(|event| event["delta"].as_str().unwrap()).collect();
        assert_eq!(said, text(&response), "{model}");
    }
}

#[tokio::test]
async fn the_exact_lane_changes_the_name_and_nothing_else() {
    let baton = Baton::start().await;
    let body = "{ \"model\" : \"gpt\",\n  \"input\":[ {\"content\":\"Say \\u0068ello\",\"role\":\"user\"} ],\"temperature\":0.70 }";
    baton.send(Method::POST, "/v1/responses", &[], body).await.expect(200);
    let seen = baton.openai.requests();
    let sent = seen.last().unwrap();
    assert_eq!(sent.path, "/v1/responses");
    assert_eq!(String::from_utf8_lossy(&sent.body), body.replace("\"gpt\"", "\"gpt-4o-mini\""));
}

#[tokio::test]
async fn what_a_provider_keeps_is_asked_for_there() {
    let baton = Baton::start().await;
    for more in [json!({}), json!({ "stream": true })] {
        let told = respond(&baton, "gpt", more.clone()).await.expect(200);
        let first = if more == json!({}) { told.json() } else { told.events().last().unwrap()["response"].clone() };
        let path = format!("/v1/responses/{}", first["id"].as_str().unwrap());
        assert_eq!(baton.get(&path).await.expect(200).json()["output"], first["output"]);
        let items = baton.get(&format!("{path}/input_items?limit=5")).await.expect(200).json();
        assert_eq!(items.pointer("/data/0/content"), Some(&json!("Say hello")));
        assert_eq!(baton.openai.requests().last().unwrap().query.as_deref(), Some("limit=5"));
        respond(&baton, "gpt", json!({ "previous_response_id": first["id"] })).await.expect(200);
        let refused =
            respond(&baton, "claude", json!({ "previous_response_id": first["id"] })).await.expect(400).json();
        assert_eq!(refused.pointer("/error/param"), Some(&json!("previous_response_id")), "{refused}");
        let deleted = baton.send(Method::DELETE, &path, &[], "").await.expect(200).json();
        assert_eq!(deleted["deleted"], true);
        baton.get(&path).await.expect(404);
    }
    let kept = respond(&baton, "gpt", json!({ "store": false })).await.expect(200).json();
    baton.get(&format!("/v1/responses/{}", kept["id"].as_str().unwrap())).await.expect(404);
}

#[tokio::test]
async fn what_nobody_keeps_is_refused_before_anyone_is_asked() {
    let baton = Baton::start().await;
    for (field, value) in [
        ("previous_response_id", json!("resp_none")),
        ("background", json!(true)),
        ("conversation", json!("conv_1")),
        ("prompt", json!({ "id": "p" })),
    ] {
        let refused = respond(&baton, "llama", json!({ field: value })).await.expect(400).json();
        assert_eq!(refused.pointer("/error/param"), Some(&json!(field)), "{refused}");
    }
    assert!(baton.openai.requests().is_empty() && baton.ollama.requests().is_empty());
}

#[tokio::test]
async fn a_model_of_responses_alone_serves_clients_of_chats() {
    let more = "[[models]]\nmodel_id = \"pro\"\nprovider = \"openai\"\nupstream = \"gpt-5\"\ncapabilities = [\"CHAT\"]\n\
                quirks = { api = \"responses\" }\n";
    let baton = Baton::with(more).await;
    for stream in [false, true] {
        let body = asking("pro", "Say hello", json!({ "stream": stream }));
        let told = baton.post("/v1/chat/completions", &body).await.expect(200);
        let said = if stream {
            told.streamed_text()
        } else {
            told.json().pointer("/choices/0/message/content").and_then(Value::as_str).unwrap().to_owned()
        };
        assert!(said.contains("Say hello"), "{said}");
        assert_eq!(baton.openai.requests().last().unwrap().path, "/v1/responses");
    }
}

#[tokio::test]
async fn a_response_from_before_baton_is_asked_of_the_provider_that_may_have_it() {
    let baton = Baton::start().await;
    let theirs = respond(&baton, "gpt", json!({ "previous_response_id": "resp_older" })).await.expect(400).json();
    assert_eq!(theirs.pointer("/error/code"), Some(&json!("previous_response_not_found")), "the provider's own words");
}
