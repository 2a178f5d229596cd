//! The client APIs beside chat completions: Anthropic's, Ollama's and responses, each with every engine behind it.

use super::case::{Case, add, number_at, ok, shortened, text_at};
use super::http::{Reply, Request};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

const QUESTION: &str = "What is the capital of France?";

/// The cases of one engine's model.
pub fn cases(cases: &mut Vec<Case>, engine: &str, model: &str) {
    let named = |what: &str| format!("{engine}-{what}");
    let messages = json!([{ "role": "user", "content": QUESTION }]);

    let body = |more: Value| {
        let mut body =
            json!({ "model": model, "max_tokens": 16, "system": "You are a helpful assistant.", "messages": messages });
        merge(&mut body, more);
        Request::post("/v1/messages", &body)
    };
    add(cases, &named("anthropic-api"), body(json!({})), message);
    add(cases, &named("anthropic-api-stream"), body(json!({ "stream": true })), message_streamed);
    let count = Request::post("/v1/messages/count_tokens", &json!({ "model": model, "messages": messages }));
    add(cases, &named("anthropic-api-count"), count, counted);

    let body = |more: Value| {
        let mut body =
            json!({ "model": model, "messages": messages, "options": { "num_predict": 16, "temperature": 0.1 } });
        merge(&mut body, more);
        Request::post("/api/chat", &body)
    };
    add(cases, &named("ollama-api"), body(json!({ "stream": false })), chatted);
    add(cases, &named("ollama-api-stream"), body(json!({})), chatted_in_lines);
    let generate = json!({ "model": model, "prompt": QUESTION, "stream": false, "options": { "num_predict": 8 } });
    add(cases, &named("ollama-api-generate"), Request::post("/api/generate", &generate), generated);

    let body = |more: Value| {
        let mut body = json!({ "model": model, "input": QUESTION, "max_output_tokens": 16 });
        merge(&mut body, more);
        Request::post("/v1/responses", &body)
    };
    add(cases, &named("responses-api"), body(json!({})), responded);
    add(cases, &named("responses-api-stream"), body(json!({ "stream": true })), responded_in_events);
}

fn merge(body: &mut Value, more: Value) {
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
}

fn message(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    ensure!(text_at(&body, "/type")? == "message" && text_at(&body, "/role")? == "assistant", "no message");
    let (read, written) = (number_at(&body, "/usage/input_tokens")?, number_at(&body, "/usage/output_tokens")?);
    ensure!(read > 0 && written > 0, "no tokens");
    let text = text_at(&body, "/content/0/text")?;
    Ok(format!("{}, {read}+{written} tokens: {}", text_at(&body, "/stop_reason")?, shortened(&text)))
}

fn message_streamed(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let events = reply.events();
    let kinds: Vec<_> = events.iter().filter_map(|event| event.get("type")?.as_str()).collect();
    ensure!(kinds.first() == Some(&"message_start") && kinds.last() == Some(&"message_stop"), "{kinds:?}");
    let text: String = events.iter().filter_map(|event| event.pointer("/delta/text")?.as_str()).collect();
    ensure!(!text.is_empty(), "no text");
    let end = events.iter().find(|event| event.get("type").is_some_and(|kind| kind == "message_delta"));
    let end = end.context("no message_delta")?;
    let (stop, written) = (text_at(end, "/delta/stop_reason")?, number_at(end, "/usage/output_tokens")?);
    Ok(format!("{stop}, {written} tokens: {}", shortened(&text)))
}

fn counted(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let tokens = number_at(&reply.json()?, "/input_tokens")?;
    // Each engine has a tokenizer of its own; far outside of this, something else was counted.
    ensure!((5..60).contains(&tokens), "{tokens} tokens");
    Ok(format!("{tokens} tokens"))
}

/// The fields that Ollama ends a reply with.
fn ended(last: &Value) -> anyhow::Result<String> {
    ensure!(last.get("done") == Some(&Value::Bool(true)), "it is not done");
    for field in ["/total_duration", "/eval_duration", "/prompt_eval_count", "/eval_count"] {
        number_at(last, field)?;
    }
    Ok(format!("{}, {} tokens", text_at(last, "/done_reason")?, number_at(last, "/eval_count")?))
}

fn chatted(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    Ok(format!("{}: {}", ended(&body)?, shortened(&text_at(&body, "/message/content")?)))
}

fn chatted_in_lines(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let text = reply.text();
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let said: String = lines.iter().filter_map(|line| line.pointer("/message/content")?.as_str()).collect();
    ensure!(!said.is_empty() && lines.len() > 2, "{} lines", lines.len());
    Ok(format!("{} lines, {}: {}", lines.len(), ended(lines.last().context("no line")?)?, shortened(&said)))
}

fn generated(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let body = reply.json()?;
    Ok(format!("{}: {}", ended(&body)?, shortened(&text_at(&body, "/response")?)))
}

fn response(body: &Value) -> anyhow::Result<String> {
    let output = body.get("output").and_then(Value::as_array).context("no output")?;
    let text = output.iter().find_map(|item| item.pointer("/content/0/text")?.as_str()).context("no text")?;
    let (read, written) = (number_at(body, "/usage/input_tokens")?, number_at(body, "/usage/output_tokens")?);
    ensure!(read > 0 && written > 0, "no tokens");
    Ok(format!("{}, {read}+{written} tokens: {}", text_at(body, "/status")?, shortened(text)))
}

fn responded(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    response(&reply.json()?)
}

fn responded_in_events(reply: &Reply) -> anyhow::Result<String> {
    ok(reply)?;
    let events = reply.events();
    let deltas =
        events.iter().filter(|event| event.get("type").is_some_and(|kind| kind == "response.output_text.delta"));
    ensure!(deltas.count() > 1, "no deltas");
    response(events.last().and_then(|event| event.get("response")).context("no response at the end")?)
}
