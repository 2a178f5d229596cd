//! The simulated vendors, asked without any of Baton's codecs.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use axum::body::Bytes;
use baton_sim::{BilledTokens, Kind, Sim, SimFault, SimOptions};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

async fn sim(kind: Kind) -> Sim {
    Sim::start(kind, SimOptions::of(kind)).await.unwrap()
}

/// Status and text of the reply.
async fn post(sim: &Sim, path: &str, body: &Value) -> (u16, String) {
    let request = axum::http::Request::post(format!("http://{}{path}", sim.address()))
        .header("anthropic-version", "2023-06-01")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let reply = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
    let status = reply.status().as_u16();
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn refuses(kind: Kind, path: &str, cases: &[(Value, &str)]) {
    let sim = sim(kind).await;
    for (body, word) in cases {
        let (status, text) = post(&sim, path, body).await;
        assert!((400..500).contains(&status), "{status} for {body}: {text}");
        assert!(text.contains(word), "{body}: {text}");
    }
}

#[tokio::test]
async fn openai_refuses_what_openai_refuses() {
    let chat = |more: Value| {
        let mut body = json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "Hi" }] });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let call = json!({ "id": "a", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    refuses(
        Kind::OpenAi,
        "/v1/chat/completions",
        &[
            (chat(json!({ "model": "nope" })), "model_not_found"),
            (chat(json!({ "messages": [] })), "empty array"),
            (chat(json!({ "top_k": 3 })), "Unrecognized request argument"),
            (chat(json!({ "temperature": 3 })), "temperature"),
            (chat(json!({ "stream_options": {} })), "stream_options"),
            (chat(json!({ "tool_choice": "auto" })), "tool_choice"),
            (chat(json!({ "model": "gpt-5", "max_tokens": 3 })), "unsupported_parameter"),
            (chat(json!({ "response_format": { "type": "json_object" } })), "must contain the word 'json'"),
            (chat(json!({ "messages": [{ "role": "tool", "tool_call_id": "a", "content": "x" }] })), "preceeding"),
            (chat(json!({ "messages": [{ "role": "assistant", "tool_calls": [call] }] })), "did not have response"),
        ],
    )
    .await;
}

#[tokio::test]
async fn anthropic_refuses_what_anthropic_refuses() {
    let ask = json!({ "role": "user", "content": "Hi" });
    let messages = |more: Value| {
        let mut body = json!({ "model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [ask] });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let block = |block: Value| json!({ "role": "assistant", "content": [block] });
    let call = block(json!({ "type": "tool_use", "id": "a", "name": "f", "input": {} }));
    let result = json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "b", "content": "x" }] });
    let result_of_a =
        json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "a", "content": "x" }] });
    let reasoning =
        |text: &str, signature: &str| block(json!({ "type": "thinking", "thinking": text, "signature": signature }));
    let think = json!({ "type": "enabled", "budget_tokens": 1024 });
    let open = json!({ "type": "json_schema", "schema": { "type": "object", "properties": {} } });
    refuses(
        Kind::Anthropic,
        "/v1/messages",
        &[
            (messages(json!({ "max_tokens": null })), "max_tokens: Field required"),
            (messages(json!({ "seed": 1 })), "seed: Extra inputs are not permitted"),
            (messages(json!({ "temperature": 1.5 })), "temperature"),
            (messages(json!({ "tools": "hammer" })), "tools: Input should be a valid array"),
            (messages(json!({ "messages": [ask, ask] })), "roles must alternate"),
            (messages(json!({ "messages": [block(json!({ "type": "text", "text": "x" }))] })), "first message"),
            (messages(json!({ "messages": [ask, call, ask] })), "were found without `tool_result`"),
            (messages(json!({ "messages": [ask, call, result] })), "unexpected `tool_use_id`"),
            (
                messages(json!({ "messages": [ask, block(json!({ "type": "thinking", "thinking": "x" }))] })),
                "signature",
            ),
            (messages(json!({ "messages": [ask, reasoning("x", "y"), ask] })), "Invalid `signature`"),
            (
                messages(json!({ "thinking": think, "max_tokens": 2000, "messages": [ask, call, result_of_a] })),
                "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
            ),
            (messages(json!({ "thinking": { "type": "adaptive" } })), "adaptive thinking is not supported"),
            (messages(json!({ "thinking": think, "max_tokens": 2000, "temperature": 0.5 })), "temperature"),
            (messages(json!({ "output_config": { "format": open } })), "'additionalProperties' must be explicitly"),
            (
                messages(json!({ "model": "claude-opus-4-6", "messages": [ask, block(json!({ "type": "text", "text": "x" }))] })),
                "prefill",
            ),
            (messages(json!({ "messages": [{ "role": "user", "content": "" }] })), "non-empty"),
            (messages(json!({ "thinking": { "type": "enabled", "budget_tokens": 99 } })), "1024"),
        ],
    )
    .await;
}

#[tokio::test]
async fn ollama_refuses_what_ollama_refuses() {
    let chat = |message: Value| json!({ "model": "llama3.2", "messages": [message] });
    let call = json!({ "function": { "name": "f", "arguments": "{}" } });
    refuses(
        Kind::Ollama,
        "/api/chat",
        &[
            (json!({ "model": "nope:1b", "messages": [] }), "model 'nope:1b' not found"),
            (json!({ "messages": [] }), "model is required"),
            (chat(json!({ "role": "developer", "content": "x" })), "invalid role: developer"),
            (chat(json!({ "role": "user", "content": [] })), "cannot unmarshal array"),
            (chat(json!({ "role": "user", "images": ["data:image/png;base64,AA"] })), "illegal base64"),
            (chat(json!({ "role": "assistant", "tool_calls": [call] })), "arguments"),
            (json!({ "model": "llama3.2", "think": true, "messages": [] }), "does not support thinking"),
        ],
    )
    .await;
}

#[tokio::test]
async fn calls_of_ollamas_replies_can_be_told_apart() {
    let sim = sim(Kind::Ollama).await;
    let tool = json!({ "type": "function", "function": { "name": "get_weather", "parameters": { "type": "object" } } });
    let messages = json!([{ "role": "user", "content": "Weather in Paris?" }]);
    let body = json!({ "model": "qwen3:8b", "stream": false, "messages": messages, "tools": [tool] });
    let (first, second) = (chat_reply(&sim, "/api/chat", &body).await, chat_reply(&sim, "/api/chat", &body).await);
    assert!(first["message"]["tool_calls"][0].is_object(), "{first}");
    let given = json!([{ "role": "user", "content": "Call get_weather with {\"days\": [1]}, please" }]);
    let body = json!({ "model": "qwen3:8b", "stream": false, "messages": given, "tools": body["tools"] });
    let told = chat_reply(&sim, "/api/chat", &body).await;
    assert_eq!(told["message"]["tool_calls"][0]["function"]["arguments"], json!({ "days": [1] }));
    // They have no ids, so their time is all that names them.
    assert_ne!(first["created_at"], second["created_at"]);
}

#[tokio::test]
async fn openai_takes_what_its_own_agent_sends() {
    let sim = sim(Kind::OpenAi).await;
    let body = json!({ "model": "gpt-5", "input": "Hi", "client_metadata": { "x-codex-installation-id": "1" } });
    let (status, text) = post(&sim, "/v1/responses", &body).await;
    assert_eq!(status, 200, "{text}");
}

#[tokio::test]
async fn long_prompts_are_cached() {
    let system = vec!["word"; 1100].join(" ");
    let sim_openai = sim(Kind::OpenAi).await;
    let messages = json!([{ "role": "system", "content": system }, { "role": "user", "content": "Hi" }]);
    for _ in 0..2 {
        post(&sim_openai, "/v1/chat/completions", &json!({ "model": "gpt-4o", "messages": messages })).await;
    }
    let read: Vec<_> = sim_openai.billed_tokens().iter().map(|billed| (billed.input, billed.cache_read)).collect();
    // From 1,024 tokens on, and only what stands before the last message.
    assert_eq!(read, [(1109, 0), (5, 1104)]);

    let sim_anthropic = sim(Kind::Anthropic).await;
    let marked = json!([{ "type": "text", "text": system, "cache_control": { "type": "ephemeral" } }]);
    let body = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 1,
        "system": marked,
        "messages": [{ "role": "user", "content": "Hi" }],
    });
    for _ in 0..2 {
        post(&sim_anthropic, "/v1/messages", &body).await;
    }
    // Anthropic bills the writing too, and only up to a mark.
    let written = BilledTokens { input: 5, cache_write: 1100, output: 1, ..BilledTokens::default() };
    let read = BilledTokens { input: 5, cache_read: 1100, output: 1, ..BilledTokens::default() };
    assert_eq!(sim_anthropic.billed_tokens(), [written, read]);
}

#[tokio::test]
async fn faults_come_in_the_order_of_the_script() {
    let sim = sim(Kind::OpenAi).await;
    sim.script([Some(SimFault::Status(503)), None]);
    // The script comes first; what is always so holds when it is used up.
    sim.always(Some(SimFault::Status(500)));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let body = json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": "Hi" }] });
        statuses.push(post(&sim, "/v1/chat/completions", &body).await.0);
    }
    assert_eq!(statuses, [503, 200, 500]);
}

#[tokio::test]
async fn a_stream_without_its_end_is_billed_for_what_left() {
    let sim = sim(Kind::OpenAi).await;
    let body = json!({ "model": "no-end", "stream": true, "messages": [{ "role": "user", "content": "Hi" }] });
    let (status, text) = post(&sim, "/v1/chat/completions", &body).await;
    assert_eq!(status, 200);
    assert!(text.contains("\"You\"") && text.contains("\" said:\"") && !text.contains("[DONE]"), "{text}");
    assert_eq!(sim.billed_tokens()[0].output, 2);
}

/// The reply as JSON.
async fn chat_reply(sim: &Sim, path: &str, body: &Value) -> Value {
    let (status, text) = post(sim, path, body).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_signed_thought_comes_back_unchanged_or_not_at_all() {
    let sim = sim(Kind::Anthropic).await;
    let tool = json!({ "name": "weather", "input_schema": { "type": "object", "properties": { "city": { "type": "string" } } } });
    let mut body = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 2000,
        "thinking": { "type": "enabled", "budget_tokens": 1024 },
        "tools": [tool],
        "messages": [{ "role": "user", "content": "The weather in Paris then Rome" }],
    });
    for city in ["Paris", "Rome"] {
        let reply = chat_reply(&sim, "/v1/messages", &body).await;
        let content = &reply["content"];
        assert_eq!((&content[0]["type"], &content[1]["input"]["city"]), (&json!("thinking"), &json!(city)));
        let result =
            json!({ "type": "tool_result", "tool_use_id": content[1]["id"], "content": format!("sun in {city}") });
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(json!({ "role": "assistant", "content": content }));
        messages.push(json!({ "role": "user", "content": [result] }));
    }
    let reply = chat_reply(&sim, "/v1/messages", &body).await;
    assert_eq!(reply["content"][1]["text"], "Here is what I found: sun in Paris; sun in Rome");
    body["messages"][1]["content"][0]["thinking"] = json!("something else");
    let (status, text) = post(&sim, "/v1/messages", &body).await;
    // This is what a gateway looks like that rewrites reasoning on the way.
    assert!(status == 400 && text.contains("Invalid `signature`"), "{text}");
}

#[tokio::test]
async fn sealed_reasoning_is_verified() {
    let sim = sim(Kind::OpenAi).await;
    let tool = json!({ "type": "function", "name": "weather", "parameters": { "type": "object", "properties": {} } });
    let ask = json!({ "role": "user", "content": "The weather in Paris" });
    let mut body = json!({
        "model": "gpt-5",
        "store": false,
        "include": ["reasoning.encrypted_content"],
        "tools": [tool],
        "input": [ask],
    });
    let output = chat_reply(&sim, "/v1/responses", &body).await["output"].clone();
    let result = json!({ "type": "function_call_output", "call_id": output[1]["call_id"], "output": "sun" });
    body["input"] = json!([ask, output[0], output[1], result]);
    let reply = chat_reply(&sim, "/v1/responses", &body).await;
    assert_eq!(reply["output"][1]["content"][0]["text"], "Here is what I found: sun");
    body["input"] = json!([ask, output[1], result]);
    let (_, text) = post(&sim, "/v1/responses", &body).await;
    assert!(text.contains("without its required 'reasoning' item"), "{text}");
    let mut forged = output[0].clone();
    forged["encrypted_content"] = json!("forged");
    body["input"] = json!([ask, forged, output[1], result]);
    let (_, text) = post(&sim, "/v1/responses", &body).await;
    assert!(text.contains("could not be verified"), "{text}");
}

#[tokio::test]
async fn a_response_goes_on_from_a_stored_one() {
    let sim = sim(Kind::OpenAi).await;
    let first = chat_reply(&sim, "/v1/responses", &json!({ "model": "gpt-4o", "input": "One" })).await;
    let body = json!({ "model": "gpt-4o", "input": "Two", "previous_response_id": first["id"] });
    let second = chat_reply(&sim, "/v1/responses", &body).await;
    assert!(second["usage"]["input_tokens"].as_u64().unwrap() > first["usage"]["input_tokens"].as_u64().unwrap() + 4);
    let body = json!({ "model": "gpt-4o", "input": "Two", "previous_response_id": "resp_other" });
    let (status, text) = post(&sim, "/v1/responses", &body).await;
    assert!(status == 400 && text.contains("previous_response_not_found"), "{text}");
}
