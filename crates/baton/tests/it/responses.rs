//! Responses: at every provider, and what a provider keeps.

use crate::baton::{Baton, chat_body};
use baton_model::{Cost, Nanos};
use http::Method;
use serde_json::{Value, json};

/// A request of the responses API.
async fn respond(baton: &Baton, model: &str, more: Value) -> crate::baton::ClientReply {
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
async fn every_provider_replies_whole_and_streamed() {
    let baton = Baton::start().await;
    for model in ["gpt", "claude", "llama"] {
        let told = respond(&baton, model, json!({})).await.expect(200);
        let response = told.json();
        assert!(text(&response).contains("Say hello"), "{model}: {response}");
        assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")), "{model}");
        assert_ne!(response["store"], json!(false), "{model}: {response}");

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
async fn passthrough_changes_the_name_and_nothing_else() {
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
    for (field, value) in
        [("background", json!(true)), ("conversation", json!("conv_1")), ("prompt", json!({ "id": "p" }))]
    {
        let refused = respond(&baton, "llama", json!({ field: value })).await.expect(400).json();
        assert_eq!(refused.pointer("/error/param"), Some(&json!(field)), "{refused}");
    }
    let refused = respond(&baton, "llama", json!({ "previous_response_id": "resp_none" })).await.expect(404).json();
    assert_eq!(refused.pointer("/error/param"), Some(&json!("previous_response_id")), "{refused}");
    assert!(baton.openai.requests().is_empty() && baton.ollama.requests().is_empty());
}

#[tokio::test]
async fn a_model_of_responses_alone_serves_clients_of_chats() {
    let more = "[[models]]\nmodel_id = \"pro\"\nprovider = \"openai\"\nupstream = \"gpt-5\"\ncapabilities = [\"CHAT\"]\n\
                quirks = { api = \"responses\" }\n";
    let baton = Baton::with(more).await;
    for stream in [false, true] {
        let body = chat_body("pro", "Say hello", json!({ "stream": stream }));
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

/// What the provider was told last, without the model's name.
fn told_last(sim: &baton_sim::Sim) -> Value {
    sim.requests().last().unwrap().json()
}

#[tokio::test]
async fn what_a_provider_does_not_keep_baton_does() {
    let baton = Baton::start().await;
    for (model, stream) in [("claude", false), ("llama", false), ("claude", true)] {
        let told = respond(&baton, model, json!({ "stream": stream, "instructions": "Be kind." })).await.expect(200);
        let first = if stream { told.events().last().unwrap()["response"].clone() } else { told.json() };
        let id = first["id"].as_str().unwrap();
        assert_eq!((&first["store"], &first["previous_response_id"]), (&json!(true), &Value::Null), "{first}");
        let path = format!("/v1/responses/{id}");
        assert_eq!(baton.get(&path).await.expect(200).json(), first);
        let refused = baton.post(&format!("{path}/cancel"), &json!({})).await.expect(400).json();
        assert!(refused.pointer("/error/message").unwrap().as_str().unwrap().contains("background"), "{refused}");
        let refused = baton.get(&format!("{path}?stream=true")).await.expect(400).json();
        assert_eq!(refused.pointer("/error/param"), Some(&json!("stream")));

        // Another model goes on from it, with all that was said, and not with instructions that are for one turn alone.
        let more = json!({ "previous_response_id": id, "input": [{ "role": "user", "content": "And then?" }] });
        let second = respond(&baton, "llama", more).await.expect(200).json();
        assert_eq!(second["previous_response_id"], id);
        let said = told_last(&baton.ollama);
        let said: Vec<_> =
            said["messages"].as_array().unwrap().iter().map(|m| (m["role"].clone(), m["content"].clone())).collect();
        let turn = |role: &str, text: &str| (json!(role), json!(text));
        assert_eq!(said, [turn("user", "Say hello"), turn("assistant", text(&first)), turn("user", "And then?")]);

        let items = format!("/v1/responses/{}/input_items", second["id"].as_str().unwrap());
        let page = baton.get(&format!("{items}?limit=2")).await.expect(200).json();
        let texts = |page: &Value| -> Vec<Value> {
            let items = page["data"].as_array().unwrap().iter();
            items.map(|item| item.pointer("/content/0/text").unwrap().clone()).collect()
        };
        assert_eq!(texts(&page), [json!("And then?"), json!(text(&first))]);
        assert_eq!((&page["object"], &page["has_more"]), (&json!("list"), &json!(true)));
        let rest = baton.get(&format!("{items}?after={}", page["last_id"].as_str().unwrap())).await.expect(200).json();
        assert_eq!((texts(&rest), &rest["has_more"]), (vec![json!("Say hello")], &json!(false)));
        let oldest = baton.get(&format!("{items}?order=asc&limit=1")).await.expect(200).json();
        assert_eq!((texts(&oldest), &oldest["first_id"]), (texts(&rest), &rest["last_id"]));
        let refused = baton.get(&format!("{items}?order=up")).await.expect(400).json();
        assert_eq!(refused.pointer("/error/param"), Some(&json!("order")));

        let gone = json!({ "id": id, "object": "response", "deleted": true });
        assert_eq!(baton.send(Method::DELETE, &path, &[], "").await.expect(200).json(), gone);
        baton.get(&path).await.expect(404);
        // What came of it stands by itself.
        baton.get(&items).await.expect(200);
        let refused = respond(&baton, model, json!({ "previous_response_id": id })).await.expect(404).json();
        assert_eq!(refused.pointer("/error/param"), Some(&json!("previous_response_id")), "{refused}");
    }
}

#[tokio::test]
async fn a_provider_that_keeps_responses_goes_on_from_one_that_baton_keeps() {
    let baton = Baton::start().await;
    let first = respond(&baton, "claude", json!({})).await.expect(200).json();
    let second = respond(&baton, "gpt", json!({ "previous_response_id": first["id"] })).await.expect(200).json();
    let told = told_last(&baton.openai);
    assert_eq!((told["input"].as_array().unwrap().len(), told.get("previous_response_id")), (3, None), "{told}");
    // Ids that Baton made mean nothing to the provider.
    assert!(told["input"].as_array().unwrap().iter().all(|item| item.get("id").is_none()), "{told}");
    // From here on it is kept there.
    respond(&baton, "gpt", json!({ "previous_response_id": second["id"] })).await.expect(200);
    assert_eq!(told_last(&baton.openai)["previous_response_id"], second["id"]);
}

#[tokio::test]
async fn no_response_is_kept_that_shall_not_be() {
    let off = Baton::with("[responses]\nkeep = \"0s\"\n").await;
    let small = Baton::with("[responses]\nmax_bytes = 100\n").await;
    let on = Baton::start().await;
    for (baton, more) in [(&off, json!({})), (&small, json!({})), (&on, json!({ "store": false }))] {
        let response = respond(baton, "claude", more).await.expect(200).json();
        assert_eq!(response["store"], false);
        let path = format!("/v1/responses/{}", response["id"].as_str().unwrap());
        baton.get(&path).await.expect(404);
    }
}

#[tokio::test]
async fn what_others_have_kept_is_not_there() {
    let baton = Baton::start().await;
    let mut keys = Vec::new();
    for name in ["ada", "eve"] {
        let made = baton.post("/api/keys", &json!({ "name": name })).await.expect(201).json();
        keys.push(format!("Bearer {}", made["key"].as_str().unwrap()));
    }
    let (ada, eve) = ([("authorization", keys[0].as_str())], [("authorization", keys[1].as_str())]);
    let body = json!({ "model": "claude", "input": "Say hello" }).to_string();
    let first = baton.send(Method::POST, "/v1/responses", &ada, body).await.expect(200).json();
    let id = first["id"].as_str().unwrap();
    let path = format!("/v1/responses/{id}");
    baton.send(Method::GET, &path, &ada, "").await.expect(200);
    for (method, path) in
        [(Method::GET, path.clone()), (Method::GET, format!("{path}/input_items")), (Method::DELETE, path.clone())]
    {
        baton.send(method, &path, &eve, "").await.expect(404);
    }
    let body = json!({ "model": "claude", "input": "More", "previous_response_id": id }).to_string();
    let refused = baton.send(Method::POST, "/v1/responses", &eve, body).await.expect(404).json();
    assert_eq!(refused.pointer("/error/param"), Some(&json!("previous_response_id")));
    baton.send(Method::GET, &path, &ada, "").await.expect(200);
}

#[tokio::test]
async fn the_prompt_of_a_response_is_counted() {
    let baton = Baton::start().await;
    let count = |model: &'static str, more: Value| {
        let mut body = json!({ "model": model, "input": "Say hello to the sea" });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        body
    };
    for model in ["gpt", "claude", "llama"] {
        let told = baton.post("/v1/responses/input_tokens", &count(model, json!({}))).await.expect(200).json();
        assert_eq!(told["object"], "response.input_tokens", "{model}");
        assert!(told["input_tokens"].as_u64().unwrap() >= 5, "{model}: {told}");
    }
    // The vendor counts its own, and bills nothing for it.
    assert_eq!(baton.openai.requests().last().unwrap().path, "/v1/responses/input_tokens");
    assert!(baton.anthropic.requests().is_empty() && baton.ollama.requests().is_empty());
    let first = respond(&baton, "llama", json!({})).await.expect(200).json();
    let more = json!({ "previous_response_id": first["id"] });
    let all = baton.post("/v1/responses/input_tokens", &count("claude", more)).await.expect(200).json();
    let alone = baton.post("/v1/responses/input_tokens", &count("claude", json!({}))).await.expect(200).json();
    assert!(all["input_tokens"].as_u64() > alone["input_tokens"].as_u64(), "{all} {alone}");
    let wrong =
        baton.post("/v1/responses/input_tokens", &count("claude", json!({ "input": 5 }))).await.expect(400).json();
    assert_eq!(wrong.pointer("/error/param"), Some(&json!("input")), "{wrong}");
    baton.post("/v1/responses/input_tokens", &count("gtp", json!({}))).await.expect(404);
}

#[tokio::test]
async fn a_conversation_is_made_shorter_for_every_provider() {
    let baton = Baton::start().await;
    let input = json!([
        { "role": "user", "content": "Remember the number 7" },
        { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "I will.", "annotations": [] }] },
    ]);
    let mut replies = Vec::new();
    for model in ["gpt", "claude", "llama"] {
        let reply = baton.post("/v1/responses/compact", &json!({ "model": model, "input": input })).await.expect(200);
        let compacted = reply.json();
        assert_eq!(compacted["object"], "response.compaction", "{model}: {compacted}");
        let items = compacted["output"].as_array().unwrap();
        assert_eq!(items.len(), 2, "{model}: {compacted}");
        assert_eq!((&items[0]["role"], &items[1]["type"]), (&json!("user"), &json!("compaction")), "{model}");
        assert!(compacted.pointer("/usage/total_tokens").unwrap().as_u64().unwrap() > 0, "{model}");
        replies.push(reply);
        if model == "gpt" {
            continue;
        }
        // What Baton made shorter is read by every model, and by the vendor too.
        for next in ["claude", "gpt"] {
            let mut items = items.clone();
            items.push(json!({ "role": "user", "content": "Which number?" }));
            respond(&baton, next, json!({ "input": items })).await.expect(200);
            let sim = if next == "gpt" { &baton.openai } else { &baton.anthropic };
            assert!(told_last(sim).to_string().contains("Summary of the conversation so far"), "{model} {next}");
        }
    }
    for reply in replies {
        let record = baton.record(&reply).await;
        assert!(matches!(record.cost(), Cost::Known(nanos) if nanos > Nanos::ZERO), "{record:?}");
    }
}

/// In OpenAI's words, whoever replied before and is asked now.
#[tokio::test]
async fn a_turn_without_the_results_of_its_calls_is_refused_as_openai_does() {
    let baton = Baton::start().await;
    let tools = json!([{ "type": "function", "name": "get_weather", "parameters": {
        "type": "object", "properties": { "city": { "type": "string" } } } }]);
    let asked = json!({ "input": "What is the weather in Paris and Rome?", "tools": tools });
    let first = respond(&baton, "claude", asked).await.expect(200).json();
    let calls = first["output"].as_array().unwrap().iter().filter(|item| item["type"] == "function_call");
    let calls: Vec<&str> = calls.map(|call| call["call_id"].as_str().unwrap()).collect();
    let output = |call: &&str| json!({ "type": "function_call_output", "call_id": call, "output": "sunny" });
    for model in ["claude", "llama"] {
        let more = json!({ "previous_response_id": first["id"], "tools": tools, "input": [output(&calls[0])] });
        let told = respond(&baton, model, more).await.expect(400).json();
        let expected = format!("No tool output found for function call {}.", calls[1]);
        assert_eq!((&told["error"]["message"], &told["error"]["param"]), (&json!(expected), &json!("input")), "{told}");
        let outputs: Vec<Value> = calls.iter().map(output).collect();
        let more = json!({ "previous_response_id": first["id"], "tools": tools, "input": outputs });
        respond(&baton, model, more).await.expect(200);
    }
    let items = format!("/v1/responses/{}/input_items", first["id"].as_str().unwrap());
    baton.get(&format!("{items}?limit=100")).await.expect(200);
    for limit in ["101", "0", "x"] {
        let told = baton.get(&format!("{items}?limit={limit}")).await.expect(400).json();
        assert_eq!(told["error"]["param"], "limit", "{told}");
    }
}
