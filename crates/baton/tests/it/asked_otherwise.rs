//! What a model can't be asked in the client's words, and is asked in others.

use crate::baton::{Baton, chat_body};
use serde_json::json;

#[tokio::test]
async fn token_ids_are_sent_as_text_to_vendors_that_take_texts() {
    let baton = Baton::start().await;
    // "Hello world" and " again" in cl100k, as LangChain sends them.
    let ids = json!({ "model": "nomic", "input": [[9906, 1917], [1578]] });
    let told = baton.post("/v1/embeddings", &ids).await.expect(200);
    assert!(told.header("x-baton-warning").unwrap().contains("input: token ids"), "{:?}", told.headers);
    assert_eq!(told.json()["data"].as_array().unwrap().len(), 2);
    assert_eq!(baton.ollama.requests().pop().unwrap().json()["input"], json!(["Hello world", " again"]));
    let unknown = json!({ "model": "nomic", "input": [4_000_000_000_u32] });
    let told = baton.post("/v1/embeddings", &unknown).await.expect(400).json();
    assert_eq!(told["error"]["param"], "input", "{told}");
    // OpenAI takes them as they are.
    baton.post("/v1/embeddings", &json!({ "model": "embed", "input": [9906, 1917] })).await.expect(200);
    assert_eq!(baton.openai.requests().pop().unwrap().json()["input"], json!([9906, 1917]));
}

#[tokio::test]
async fn the_word_that_openai_demands_for_json_is_added_for_others() {
    let baton = Baton::start().await;
    let body = json!({ "model": "gpt", "messages": [{ "role": "user", "content": "Hi" }], "format": "json" });
    let told = baton.post("/api/chat", &body).await.expect(200);
    assert!(told.header("x-baton-warning").unwrap().contains("Reply in JSON."), "{:?}", told.headers);
    let sent = baton.openai.requests().pop().unwrap().json();
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "Reply in JSON." }));
    // A client of OpenAI's format is told what OpenAI says.
    let own = json!({ "response_format": { "type": "json_object" } });
    assert!(baton.chat("gpt", own).await.expect(400).text().contains("must contain the word 'json'"));
}

#[tokio::test]
async fn an_ollama_is_made_to_call_a_tool() {
    let baton = Baton::start().await;
    let tool = |name: &str| {
        let parameters = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
        json!({ "type": "function", "function": { "name": name, "parameters": parameters } })
    };
    let one = json!({ "type": "function", "function": { "name": "second" } });
    for (choice, called) in [(json!("required"), "first"), (one, "second")] {
        for stream in [false, true] {
            // Nothing in the prompt asks for a call.
            let more = json!({ "tools": [tool("first"), tool("second")], "tool_choice": choice, "stream": stream });
            let told = baton.chat("llama", more).await.expect(200);
            assert_eq!(told.header("x-baton-warning"), None);
            let (call, reason, text) = match stream {
                false => {
                    let choice = told.json()["choices"][0].clone();
                    let message = &choice["message"];
                    (message["tool_calls"][0].clone(), choice["finish_reason"].clone(), message["content"].to_string())
                }
                true => {
                    let find = |path: &str| {
                        let events = told.events();
                        events.iter().filter_map(|event| event.pointer(path)).find(|found| !found.is_null()).cloned()
                    };
                    let call = find("/choices/0/delta/tool_calls/0").unwrap();
                    let text = told.streamed_text();
                    (
                        call,
                        find("/choices/0/finish_reason").unwrap(),
                        if text.is_empty() { "null".into() } else { text },
                    )
                }
            };
            assert_eq!(
                (&call["function"]["name"], &reason),
                (&json!(called), &json!("tool_calls")),
                "{stream}: {call}"
            );
            assert!(matches!(text.as_str(), "null" | "\"\""), "{text}");
            assert!(call["id"].as_str().is_some_and(|id| id.starts_with("call_")), "{call}");
        }
        let sent = baton.ollama.requests().pop().unwrap().json();
        assert_eq!(sent["tools"].as_array().unwrap().len(), 2);
        assert!(sent["format"].is_object(), "{sent}");
    }
    // A reply of the cache is read from its recording, which has the call in its place.
    let more = json!({ "tools": [tool("first")], "tool_choice": "required", "temperature": 0 });
    let first = baton.chat("llama", more.clone()).await.expect(200);
    let again = baton.chat("llama", more).await.expect(200);
    assert_eq!((first.header("x-baton-cache"), again.header("x-baton-cache")), (Some("miss"), Some("hit")));
    assert_eq!(again.json()["choices"], first.json()["choices"]);
    // In Anthropic's words.
    let tools = json!([{ "name": "first", "input_schema": { "type": "object", "properties": {} } }]);
    let body = json!({ "model": "llama", "max_tokens": 99, "messages": [{ "role": "user", "content": "Hi" }],
        "tools": tools, "tool_choice": { "type": "any" } });
    let told = baton.post("/v1/messages", &body).await.expect(200).json();
    assert_eq!((&told["stop_reason"], &told["content"][0]["name"]), (&json!("tool_use"), &json!("first")), "{told}");
}

#[tokio::test]
async fn reasoning_is_not_asked_of_a_model_of_ollamas_that_has_none() {
    let baton = Baton::start().await;
    let asked = [
        ("/api/chat", json!({ "think": true })),
        ("/v1/chat/completions", json!({ "reasoning_effort": "high" })),
        ("/v1/messages", json!({ "max_tokens": 2000, "thinking": { "type": "enabled", "budget_tokens": 1024 } })),
    ];
    // The server refuses it, and nobody has said yet that the model can't.
    baton.post("/api/chat", &chat_body("llama", "Hi", json!({ "think": true }))).await.expect(400);
    baton.post("/api/models/discover", &json!({ "provider": "ollama" })).await.expect(200);
    for (path, more) in asked {
        let told = baton.post(path, &chat_body("llama", "Hi", more.clone())).await.expect(200);
        assert!(
            told.header("x-baton-warning").is_some_and(|warning| warning.contains("refused by the model")),
            "{path}"
        );
        assert!(baton.ollama.requests().pop().unwrap().json()["think"].is_null(), "{path}");
        let told = baton.post(path, &chat_body("qwen3:8b", "Hi", more)).await.expect(200);
        assert_eq!(baton.ollama.requests().pop().unwrap().json()["think"], true, "{path}: {:?}", told.headers);
    }
}
