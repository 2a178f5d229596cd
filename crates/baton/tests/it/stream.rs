//! Streams: first bytes at once, errors inside, clients that leave, silence.

use crate::baton::{Baton, chat_body};
use baton_model::record::Outcome;
use baton_model::usage::UsageOrigin;
use baton_sim::SimFault;
use serde_json::{Value, json};

const EVERY: [&str; 3] = ["gpt", "claude", "llama"];

#[tokio::test]
async fn every_provider_streams_at_openais_api() {
    for model in EVERY {
        let baton = Baton::start().await;
        let told = baton.chat(model, json!({ "stream": true })).await.expect(200);
        assert_eq!(told.header("content-type").map(|kind| kind.starts_with("text/event-stream")), Some(true));
        assert!(told.streamed_text().contains("Say hello"), "{model}: {}", told.text());
        assert!(told.text().trim_end().ends_with("data: [DONE]"), "{model}");
        let events = told.events();
        assert!(events.iter().all(|event| event["usage"].is_null()), "{model}: usage that nobody asked for");
        let finish = events.iter().filter_map(|event| event.pointer("/choices/0/finish_reason")?.as_str()).next();
        assert_eq!(finish, Some("stop"), "{model}");
        // The provider's own numbers, though the client did not ask for them.
        let record = baton.record(&told).await;
        assert_eq!(record.attempts[0].origin, UsageOrigin::Reported, "{model}");
        assert!(record.usage().output_tokens() > 0 && record.usage().input_tokens() > 0, "{model}");
        assert!(record.first_content.is_some());
    }
}

#[tokio::test]
async fn usage_comes_when_asked_for() {
    let baton = Baton::start().await;
    for model in EVERY {
        let wish = json!({ "stream": true, "stream_options": { "include_usage": true } });
        let told = baton.chat(model, wish).await.expect(200);
        let last = told.events().pop().unwrap();
        assert_eq!(last["choices"], json!([]), "{model}");
        assert!(last["usage"]["completion_tokens"].as_u64() > Some(0), "{model}: {last}");
    }
}

#[tokio::test]
async fn batons_own_stream_ends_with_a_summary() {
    let baton = Baton::start().await;
    for model in EVERY {
        let body =
            json!({ "model_id": model, "stream": true, "messages": [{ "role": "user", "content": "Say hello" }] });
        let told = baton.post("/api/models/chat", &body).await.expect(200);
        let summary = told.events().pop().unwrap();
        assert_eq!(summary["model_id"], *model, "{}", told.text());
        assert!(summary["cost"].as_f64() > Some(0.0), "{summary}");
        let text = told.text();
        assert!(text.contains("event: summary") && text.trim_end().ends_with("data: [DONE]"), "{text}");
    }
}

#[tokio::test]
async fn parallel_tool_calls_arrive_in_a_stream() {
    let baton = Baton::start().await;
    let tools = json!([{ "type": "function", "function": {
        "name": "get_weather", "parameters": { "type": "object", "properties": { "city": { "type": "string" } } },
    } }]);
    for model in EVERY {
        let body =
            chat_body(model, "What is the weather in Paris and Rome?", json!({ "tools": tools, "stream": true }));
        let told = baton.post("/v1/chat/completions", &body).await.expect(200);
        let mut arguments = [String::new(), String::new()];
        for event in told.events() {
            for call in event.pointer("/choices/0/delta/tool_calls").and_then(Value::as_array).into_iter().flatten() {
                let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
                arguments[index].push_str(call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or(""));
            }
        }
        for text in arguments {
            let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{model}: {error}: {text}"));
            assert!(value["city"].is_string(), "{model}: {value}");
        }
    }
}

#[tokio::test]
async fn an_error_in_the_middle_is_told_and_never_a_silent_end() {
    for model in EVERY {
        for fault in [SimFault::ErrorMidStream, SimFault::CutMidStream] {
            let baton = Baton::start().await;
            for sim in [&baton.openai, &baton.anthropic, &baton.ollama] {
                sim.script([Some(fault)]);
            }
            let told = baton.chat(model, json!({ "stream": true })).await.expect(200);
            let last = told.events().pop().unwrap();
            assert!(last["error"]["message"].is_string(), "{model} {fault:?}: {}", told.text());
            // With it, an SDK would take the half of a reply for the whole.
            assert!(!told.text().contains("[DONE]"), "{model} {fault:?}");
            let record = baton.record(&told).await;
            assert_eq!((record.outcome, record.status), (Outcome::Failed, 200), "{model} {fault:?}");
            assert!(record.usage().output_tokens() > 0, "{model} {fault:?}: what was produced is metered");
        }
    }
}

#[tokio::test]
async fn an_error_before_the_first_content_falls_back_unseen() {
    let baton =
        Baton::with("[[models]]\nmodel_id = \"shaky\"\nprovider = \"openai\"\nupstream = \"error-before-content\"\nfallbacks = [\"claude\"]\n")
            .await;
    let told = baton.chat("shaky", json!({ "stream": true })).await.expect(200);
    assert_eq!(told.header("x-baton-model"), Some("claude"));
    assert!(told.streamed_text().contains("Say hello"), "{}", told.text());
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_upstream_call_and_is_billed_by_estimate() {
    let baton = Baton::start().await;
    baton.openai.script([Some(SimFault::Hang)]);
    let hung = baton.open(
        http::Method::POST,
        "/v1/chat/completions",
        &[("x-baton-user", "leaves")],
        chat_body("gpt", "Say hello", json!({ "stream": true })).to_string(),
    );
    // The call reaches the provider, which never replies; then the client leaves.
    let reached = async {
        while baton.openai.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = hung => panic!("the provider never answers"),
        () = reached => {}
    }
    while !baton.openai.requests().iter().any(|seen| seen.disconnected) {
        tokio::task::yield_now().await;
    }
    baton.app.engine.close().await;
    let page = baton.app.store.ledger().list(&baton_store::ledger::RequestFilter::default(), None, 10).await.unwrap();
    let record = page.items.first().unwrap();
    assert_eq!((record.outcome, record.status), (Outcome::Cancelled, 499));
    assert_eq!(record.attempts[0].origin, UsageOrigin::Estimated);
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let baton = Baton::with("[server]\nkeep_alive = \"20ms\"\n").await;
    let body = chat_body("slowly", "Say hello", json!({ "stream": true }));
    let mut body = body;
    body["model"] = json!("gpt");
    baton.openai.script([Some(SimFault::Slow)]);
    let told = baton.post("/v1/chat/completions", &body).await.expect(200);
    assert!(told.text().contains(": keep-alive\n\n"), "{}", told.text());
    assert!(told.streamed_text().contains("Say hello"));
}
