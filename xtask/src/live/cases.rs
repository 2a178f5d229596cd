//! What is asked, and what must be so.

use super::case::{Case, add, number_at, ok, shortened, text_at};
use super::client_apis;
use super::engines::Engines;
use super::http::{Reply, Request};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// The cases for the engines that there are.
pub fn all(engines: &Engines) -> Vec<Case> {
    let mut cases = Vec::new();
    if engines.ollama.is_some() {
        chats(&mut cases, "ollama", "smollm2:135m", Some("smollm2-tools:135m"));
        client_apis::cases(&mut cases, "ollama", "smollm2:135m");
        embeddings(&mut cases, "ollama", "vectors");
        add(
            &mut cases,
            "ollama-thinking",
            chat("smollm2-think:135m", "What is the capital of France?", 48, json!({ "reasoning_effort": "low" })),
            thinking,
        );
        add(&mut cases, "ollama-overflow", chat("smollm2:135m", &"word ".repeat(20_000), 8, json!({})), too_long);
        add(&mut cases, "ollama-discovered", Request::get("/v1/models/smollm2:135m"), listed);
        add(&mut cases, "ollama-completion", completion("smollm2:135m"), completed);
    }
    if engines.openai.is_some() {
        chats(&mut cases, "openai", "chat", None);
        client_apis::cases(&mut cases, "openai", "chat");
        embeddings(&mut cases, "openai", "chat");
        add(&mut cases, "openai-two-answers", chat("chat", "Say a word.", 8, json!({ "n": 2 })), two_answers);
        add(&mut cases, "openai-overflow", chat("chat", &"word ".repeat(20_000), 8, json!({})), too_long);
        add(&mut cases, "openai-completion", completion("chat"), completed);
    }
    if engines.anthropic.is_some() {
        chats(&mut cases, "anthropic", "messages", None);
        client_apis::cases(&mut cases, "anthropic", "messages");
        add(&mut cases, "anthropic-overflow", chat("messages", &"word ".repeat(20_000), 8, json!({})), too_long);
    }
    if engines.audio.is_some() {
        embeddings(&mut cases, "audio", "minilm");
        if let Some(speech) = &engines.speech {
            let audio = std::fs::read(speech).unwrap_or_default();
            for format in ["json", "text", "verbose_json", "srt"] {
                add(&mut cases, &format!("audio-transcription-{format}"), transcription(&audio, format), heard);
            }
        }
    }
    add(&mut cases, "errors-unknown-model", chat("nobody", "Hello", 8, json!({})), unknown_model);
    add(
        &mut cases,
        "errors-bad-json",
        Request { body: b"{\"model\":".to_vec(), ..chat("x", "", 1, json!({})) },
        bad_json,
    );
    add(&mut cases, "records-usage", Request::get("/api/usage?group_by=model"), usage_recorded);
    cases
}

fn chat(model: &str, text: &str, most: u32, more: Value) -> Request {
    let mut body = json!({
        "model": model,
        "max_tokens": most,
        // Little models wander at a higher one.
        "temperature": 0.1,
        "messages": [{ "role": "system", "content": "You are a helpful assistant." }, { "role": "user", "content": text }],
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    Request::post("/v1/chat/completions", &body)
}

fn chats(cases: &mut Vec<Case>, engine: &str, model: &str, tools: Option<&str>) {
    let question = "What is the capital of France?";
    let named = |what: &str| format!("{engine}-{what}");
    add(cases, &named("chat"), chat(model, question, 24, json!({})), answered);
    add(cases, &named("stream"), chat(model, question, 24, json!({ "stream": true })), streamed);
    let usage = json!({ "stream": true, "stream_options": { "include_usage": true } });
    add(cases, &named("stream-usage"), chat(model, question, 12, usage), streamed_with_usage);
    let native = json!({
        "model_id": model, "max_tokens": 12, "user_id": "live",
        "messages": [{ "role": "user", "content": question }],
    });
    add(cases, &named("native"), Request::post("/api/models/chat", &native), native_answered);
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["city"],
        "properties": { "city": { "type": "string", "enum": ["Paris", "Rome"] } },
    });
    if engine != "anthropic" {
        let form = json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "capital", "schema": schema, "strict": true } } });
        add(cases, &named("json-schema"), chat(model, question, 40, form), fits_schema);
    }
    add(cases, &named("stop"), chat(model, "Count: 1, 2, 3, 4, 5, 6", 40, json!({ "stop": ["3"] })), answered);
    let mut leaves = chat(model, "Tell a long story.", 200, json!({ "stream": true }));
    leaves.leaves = true;
    add(cases, &named("leaves"), leaves, began);
    if let Some(tools) = tools {
        let call = json!({
            "tools": [{ "type": "function", "function": { "name": "get_weather", "description": "The weather of a city",
                "parameters": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } } }],
            "response_format": { "type": "json_schema", "json_schema": { "name": "call", "schema": {
                "type": "object", "required": ["name", "arguments"],
                "properties": { "name": { "type": "string", "enum": ["get_weather"] },
                    "arguments": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string", "enum": ["Paris"] } } } },
            } } },
        });
        let forced = json!({ "tools": call["tools"], "tool_choice": "required" });
        add(cases, &named("tools"), chat(tools, "What is the weather in Paris?", 60, call), called);
        // Of a model whose template has other words for a call than the schema that it is given.
        add(cases, &named("tools-forced"), chat(model, "What is the weather in Paris?", 100, forced), called);
    }
}

fn embeddings(cases: &mut Vec<Case>, engine: &str, model: &str) {
    let body = |more: Value| {
        let mut body = json!({ "model": model, "input": ["a cat", "a kitten"] });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        Request::post("/v1/embeddings", &body)
    };
    add(cases, &format!("{engine}-embeddings"), body(json!({})), vectors);
    if engine != "audio" {
        add(
            cases,
            &format!("{engine}-embeddings-base64"),
            body(json!({ "encoding_format": "base64" })),
            base64_vectors,
        );
    }
    // The same question again: it has to come from the cache, so the order of these cases matters.
    add(cases, &format!("{engine}-embeddings-again"), body(json!({})), from_cache);
}

fn completion(model: &str) -> Request {
    Request::post("/v1/completions", &json!({ "model": model, "prompt": "The capital of France is", "max_tokens": 8 }))
}

fn transcription(audio: &[u8], format: &str) -> Request {
    let boundary = "live-suite-boundary";
    let mut body = Vec::new();
    for (name, value) in [("model", "listen"), ("response_format", format)] {
        body.extend_from_slice(
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
        );
    }
    let head = "content-disposition: form-data; name=\"file\"; filename=\"speech.wav\"\r\ncontent-type: audio/wav";
    body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
    body.extend_from_slice(audio);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Request {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        body,
        ..Request::post("/v1/audio/transcriptions", &Value::Null)
    }
}

// === What must be so ===

fn answered(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    let text = text_at(&body, "/choices/0/message/content")?;
    let finish = text_at(&body, "/choices/0/finish_reason")?;
    let (read, written) = (number_at(&body, "/usage/prompt_tokens")?, number_at(&body, "/usage/completion_tokens")?);
    ensure!(read > 0, "no prompt tokens");
    Ok(format!("{finish}, {read}+{written} tokens: {}", shortened(&text)))
}

fn native_answered(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    let text = text_at(&body, "/response/choices/0/message/content")?;
    for field in ["request_id", "model_id", "provider"] {
        text_at(&body, &format!("/{field}"))?;
    }
    ensure!(body.get("cost") == Some(&Value::Null), "an unknown price must be null");
    Ok(shortened(&text))
}

fn content(events: &[Value]) -> String {
    events.iter().filter_map(|event| event.pointer("/choices/0/delta/content")?.as_str()).collect()
}

fn streamed(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let events = reply.events();
    ensure!(reply.text().trim_end().ends_with("data: [DONE]"), "no [DONE] at the end");
    let finish = events.iter().find_map(|event| event.pointer("/choices/0/finish_reason")?.as_str());
    ensure!(events.iter().all(|event| event.get("usage").is_none_or(Value::is_null)), "usage that nobody asked for");
    Ok(format!("{} events, {}: {}", events.len(), finish.context("no finish")?, shortened(&content(&events))))
}

fn streamed_with_usage(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let events = reply.events();
    let usage = events.iter().rev().find_map(|event| event.get("usage").filter(|usage| !usage.is_null()));
    let usage = usage.context("no usage")?;
    Ok(format!("{}+{} tokens", number_at(usage, "/prompt_tokens")?, number_at(usage, "/completion_tokens")?))
}

fn fits_schema(reply: &Reply) -> anyhow::Result<String> {
    let told = answered(reply)?;
    let text = text_at(&reply.json()?, "/choices/0/message/content")?;
    let value: Value = serde_json::from_str(&text).context("the content is no JSON")?;
    let city = text_at(&value, "/city")?;
    ensure!(["Paris", "Rome"].contains(&city.as_str()), "`{city}` is not in the schema");
    Ok(told)
}

fn called(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    let name = text_at(&body, "/choices/0/message/tool_calls/0/function/name")?;
    let arguments = text_at(&body, "/choices/0/message/tool_calls/0/function/arguments")?;
    text_at(&body, "/choices/0/message/tool_calls/0/id")?;
    serde_json::from_str::<Value>(&arguments).context("the arguments are no JSON")?;
    ensure!(text_at(&body, "/choices/0/finish_reason")? == "tool_calls", "it does not finish with tool_calls");
    Ok(format!("{name}({arguments})"))
}

fn thinking(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let reasoning = text_at(&reply.json()?, "/choices/0/message/reasoning_content")?;
    Ok(format!("thought {}", shortened(&reasoning)))
}

fn two_answers(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let count = reply.json()?.pointer("/choices").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(count == 2, "{count} answers");
    Ok("2 answers".into())
}

fn began(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    Ok("left after the first bytes".into())
}

fn too_long(reply: &Reply) -> anyhow::Result<String> {
    ensure!(reply.status == 400, "must be 400");
    let message = text_at(&reply.json()?, "/error/message")?;
    ensure!(message.contains("tokens"), "no numbers: {message}");
    Ok(message)
}

fn listed(reply: &Reply) -> anyhow::Result<String> {
    ensure!(reply.status == 200, "must be 200");
    let body = reply.json()?;
    Ok(format!(
        "context {}, {}",
        number_at(&body, "/context_window")?,
        body.pointer("/capabilities").unwrap_or(&Value::Null)
    ))
}

fn completed(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    ensure!(text_at(&body, "/object")? == "text_completion", "not a text_completion");
    Ok(shortened(&text_at(&body, "/choices/0/text")?))
}

fn vectors(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    let length = body.pointer("/data/1/embedding").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(length > 0, "no second vector");
    Ok(format!("2 × {length}, {} tokens", number_at(&body, "/usage/prompt_tokens")?))
}

fn base64_vectors(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    Ok(format!("{} characters", text_at(&reply.json()?, "/data/0/embedding")?.len()))
}

fn from_cache(reply: &Reply) -> anyhow::Result<String> {
    vectors(reply)?;
    ensure!(reply.header("x-baton-cache") == Some("hit"), "not from the cache");
    ensure!(reply.header("x-baton-cost") == Some("0"), "it costs {:?}", reply.header("x-baton-cost"));
    Ok("from the cache, cost 0".into())
}

fn heard(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let text = reply.text();
    ensure!(text.contains("Paris"), "Paris was not heard");
    let cost = reply.header("x-baton-cost").context("no cost")?;
    Ok(format!("{} (cost {cost})", shortened(&text)))
}

fn unknown_model(reply: &Reply) -> anyhow::Result<String> {
    ensure!(reply.status == 404, "must be 404");
    let body = reply.json()?;
    ensure!(text_at(&body, "/error/code")? == "model_not_found", "another code");
    text_at(&body, "/error/message")
}

fn bad_json(reply: &Reply) -> anyhow::Result<String> {
    ensure!(reply.status == 400, "must be 400");
    text_at(&reply.json()?, "/error/message")
}

fn usage_recorded(reply: &Reply) -> anyhow::Result<String> {
    ensure!(reply.status == 200, "must be 200");
    let body = reply.json()?;
    let rows = body.as_array().or_else(|| body.pointer("/items").and_then(Value::as_array)).map_or(0, Vec::len);
    ensure!(rows > 0, "no rows");
    Ok(format!("{rows} models"))
}
