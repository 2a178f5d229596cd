//! A chat through each client API, on each provider.

use crate::baton::{Baton, chat_body};
use baton_model::record::Outcome;
use baton_model::usage::UsageOrigin;
use baton_model::{Cost, Nanos};
use serde_json::{Value, json};

const EVERY: [&str; 3] = ["gpt", "claude", "llama"];

#[tokio::test]
async fn every_provider_replies_at_openais_api_and_is_billed_by_its_own_numbers() {
    for model in EVERY {
        let baton = Baton::start().await;
        let told = baton.chat(model, json!({})).await.expect(200);
        let body = told.json();
        let text = body.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap();
        assert!(text.contains("Say hello"), "{model}: {text}");
        assert_eq!(body["object"], "chat.completion", "{model}");
        assert_eq!(body.pointer("/choices/0/finish_reason"), Some(&json!("stop")), "{model}");
        assert_eq!(told.header("x-baton-model"), Some(model));
        assert_eq!(told.header("x-baton-attempts"), Some("1"));
        let (read, written) = (body["usage"]["prompt_tokens"].as_i64(), body["usage"]["completion_tokens"].as_i64());
        let cost = Nanos(1000 * read.unwrap() + 2000 * written.unwrap());
        assert_eq!(told.header("x-baton-cost"), Some(cost.to_string().as_str()), "{model}");
        let record = baton.record(&told).await;
        assert_eq!((record.outcome, record.cost()), (Outcome::Completed, Cost::Known(cost)), "{model}");
        assert_eq!(record.attempts[0].origin, UsageOrigin::Reported, "{model}");
    }
}

#[tokio::test]
async fn passthrough_changes_the_name_and_nothing_else() {
    let baton = Baton::start().await;
    let body = "{ \"model\" : \"gpt\",\n  \"messages\":[ {\"content\":\"Say \\u0068ello\",\"role\":\"user\"} ],\"temperature\":0.70, \"metadata\":{\"b\":\"1\",\"a\":\"2\"} }";
    let told = baton.send(http::Method::POST, "/v1/chat/completions", &[], body).await.expect(200);
    assert_eq!(told.json()["model"], "gpt-4o-mini");
    let seen = baton.openai.requests();
    let sent = seen.last().unwrap();
    assert_eq!(String::from_utf8_lossy(&sent.body), body.replace("\"gpt\"", "\"gpt-4o-mini\""));
}

#[tokio::test]
async fn batons_own_api_wraps_the_reply_and_books_it() {
    let baton = Baton::start().await;
    for model in EVERY {
        let body = json!({
            "model_id": model, "messages": [{ "role": "user", "content": "Say hello" }],
            "user_id": "u1", "project_id": "p1", "task_id": "t1",
        });
        let told = baton.post("/api/models/chat", &body).await.expect(200);
        let body = told.json();
        assert_eq!(body["model_id"], *model);
        assert!(body.pointer("/response/choices/0/message/content").is_some(), "{body}");
        assert_eq!((&body["cached"], &body["attempts"]), (&json!(false), &json!(1)));
        assert!(body["cost"].is_number() && body["latency_ms"].is_number(), "{body}");
        assert_eq!(Some(body["request_id"].as_str().unwrap()), told.header("x-request-id"));
        if model == EVERY[2] {
            let attribution = baton.record(&told).await.attribution;
            assert_eq!(attribution.user.as_deref(), Some("u1"));
            assert_eq!(attribution.project.as_deref(), Some("p1"));
            assert_eq!(attribution.task.as_deref(), Some("t1"));
        }
    }
}

#[tokio::test]
async fn tools_are_called_in_parallel_on_every_provider_and_their_results_go_back() {
    let baton = Baton::start().await;
    let tools = json!([{ "type": "function", "function": {
        "name": "get_weather", "description": "The weather of a city",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] },
    } }]);
    for model in EVERY {
        let question = "What is the weather in Paris and Rome?";
        let told = baton
            .post("/v1/chat/completions", &chat_body(model, question, json!({ "tools": tools })))
            .await
            .expect(200)
            .json();
        let message = told.pointer("/choices/0/message").unwrap();
        let calls = message["tool_calls"].as_array().unwrap();
        assert_eq!(calls.len(), 2, "{model}: {told}");
        assert_eq!(told.pointer("/choices/0/finish_reason"), Some(&json!("tool_calls")), "{model}");
        let mut messages = vec![json!({ "role": "user", "content": question }), message.clone()];
        for call in calls {
            serde_json::from_str::<Value>(call.pointer("/function/arguments").unwrap().as_str().unwrap()).unwrap();
            messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "sunny, 21 degrees" }));
        }
        let body = json!({ "model": model, "messages": messages, "tools": tools });
        let told = baton.post("/v1/chat/completions", &body).await.expect(200).json();
        let text = told.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap();
        assert!(text.contains("sunny"), "{model}: {text}");
    }
}

#[tokio::test]
async fn a_schema_shapes_the_reply_on_every_provider() {
    let baton = Baton::start().await;
    let form = json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "capital", "strict": true, "schema": {
        "type": "object", "additionalProperties": false, "required": ["city"], "properties": { "city": { "type": "string" } },
    } } } });
    for model in EVERY {
        let told = baton.chat(model, form.clone()).await.expect(200).json();
        let text = told.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap();
        let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{model}: {error}: {text}"));
        assert!(value["city"].is_string(), "{model}: {value}");
    }
}

#[tokio::test]
async fn images_reach_every_provider() {
    let baton = Baton::start().await;
    let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    for model in EVERY {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": [
            { "type": "text", "text": "What is this?" },
            { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{pixel}") } },
        ] }] });
        baton.post("/v1/chat/completions", &body).await.expect(200);
    }
    for sim in [&baton.openai, &baton.anthropic, &baton.ollama] {
        let seen = sim.requests();
        let sent = String::from_utf8_lossy(&seen.last().unwrap().body).into_owned();
        assert!(sent.contains(pixel), "{}: {sent}", sim.kind().name());
    }
}

#[tokio::test]
async fn a_fallback_of_another_vendor_replies_in_the_clients_format() {
    let baton = Baton::with(
        "[[models]]\nmodel_id = \"chain\"\nprovider = \"openai\"\nupstream = \"fail-503\"\nfallbacks = [\"broken\", \"claude\"]\n\
         [[models]]\nmodel_id = \"broken\"\nprovider = \"ollama\"\nupstream = \"html\"\n",
    )
    .await;
    let told = baton.chat("chain", json!({})).await.expect(200);
    assert_eq!(told.header("x-baton-model"), Some("claude"));
    assert_eq!(told.header("x-baton-attempts"), Some("3"));
    assert_eq!(told.json()["object"], "chat.completion");
    let record = baton.record(&told).await;
    let models: Vec<&str> = record.attempts.iter().map(|attempt| attempt.model.as_str()).collect();
    assert_eq!(models, ["chain", "broken", "claude"]);
    assert!(record.attempts[..2].iter().all(|attempt| attempt.error.is_some()));
}

#[tokio::test]
async fn what_a_target_cannot_say_is_named_in_a_header() {
    let baton = Baton::start().await;
    let told = baton.chat("claude", json!({ "seed": 7, "frequency_penalty": 0.5 })).await.expect(200);
    let warnings: Vec<_> =
        told.headers.get_all("x-baton-warning").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(warnings.iter().any(|warning| warning.starts_with("seed")), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.starts_with("frequency_penalty")), "{warnings:?}");
}

#[tokio::test]
async fn ollama_is_told_how_large_a_window_the_prompt_needs() {
    let baton = Baton::start().await;
    baton.post("/v1/chat/completions", &chat_body("llama", &"word ".repeat(9000), json!({}))).await.expect(200);
    let seen = baton.ollama.requests();
    let body: Value = serde_json::from_slice(&seen.last().unwrap().body).unwrap();
    let window = body.pointer("/options/num_ctx").and_then(Value::as_u64).unwrap();
    assert!(window >= 9000 + 2048, "{window}");
    baton.chat("llama", json!({})).await.expect(200);
    let seen = baton.ollama.requests();
    let body: Value = serde_json::from_slice(&seen.last().unwrap().body).unwrap();
    assert_eq!(body.pointer("/options/num_ctx"), Some(&json!(4096)));
}
