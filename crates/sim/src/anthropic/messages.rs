//! `POST /v1/messages` and `/v1/messages/count_tokens`.

use super::reply::{call_id, id, redacted_block, stop, usage, with_output};
use super::{check, invalid, plan_json, stream};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::image;
use crate::journal::BilledTokens;
use crate::reply::{SimPrompt, SimReply, SimTool, SimToolChoice, reply_to};
use crate::seal::seal;
use crate::tokens;
use serde_json::{Value, json};

pub(super) fn plan(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    check::messages(call.json, &model, call.options.strict)?;
    let sim_reply = reply_to(&read_prompt(call.json, &model));
    // Once for each request, because it also writes the prompt to the cache.
    let billed = bill_request(call);
    if call.json["stream"].as_bool() == Some(true) {
        return Ok(SimPlan::Stream { script: stream::script(call, &model, &sim_reply, billed), billed });
    }
    let billed = with_output(billed, &sim_reply);
    let (reason, sequence) = stop(&sim_reply.end);
    let body = json!({
        "id": id(call),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks(call, &sim_reply),
        "stop_reason": reason,
        "stop_sequence": sequence,
        "usage": usage(billed),
    });
    Ok(plan_json(&body, billed))
}

/// `POST /v1/messages/count_tokens`.
pub(super) fn count(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    model(call)?;
    check::count(call.json, call.options.strict)?;
    // Not looked up in the cache: counting must not make the next message cheaper.
    let BilledTokens { input, cache_read, cache_write, .. } = cost(call.json, |_| false);
    Ok(plan_json(&json!({ "input_tokens": input + cache_read + cache_write }), BilledTokens::default()))
}

fn model(call: &SimRequest<'_>) -> Result<String, SimRefusal> {
    let name = call.json["model"].as_str().ok_or_else(|| invalid("model: Field required"))?;
    if call.has_model(name) {
        Ok(name.to_owned())
    } else {
        Err(SimRefusal::new(404, "not_found_error", format!("model: {name}")))
    }
}

// === The question ===

fn read_prompt(json: &Value, model: &str) -> SimPrompt {
    let messages = json["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    // A turn of tools' results alone asks nothing: the question stands further up.
    let asks = |message: &Value| message["role"] == "user" && !text(&message["content"]).is_empty();
    let asked = messages.iter().rposition(asks).unwrap_or_default();
    let content = messages.get(asked).map(|message| &message["content"]).unwrap_or(&Value::Null);
    let since = messages.get(asked..).unwrap_or_default().iter().map(|message| &message["content"]);
    let results = since.clone().flat_map(|content| parts(content, "tool_result"));
    // A last turn of the model's own is a prefill: the reply goes on from it.
    let prefix = messages.last().filter(|message| message["role"] == "assistant");
    let (choice, parallel) = choice(&json["tool_choice"]);
    SimPrompt {
        model: model.to_owned(),
        text: text(content),
        results: results.map(|block| text(&block["content"])).collect(),
        rounds: since.filter(|content| parts(content, "tool_use").next().is_some()).count(),
        prefix: prefix.map(|message| text(&message["content"])).unwrap_or_default(),
        images: parts(content, "image").map(|block| describe_image(&block["source"])).collect(),
        tools: json["tools"].as_array().into_iter().flatten().filter_map(tool).collect(),
        choice,
        parallel,
        schema: json["output_config"]["format"].get("schema").cloned(),
        // This vendor has no JSON without a schema.
        json: false,
        reasons: matches!(json["thinking"]["type"].as_str(), Some("enabled" | "adaptive")),
        stops: json["stop_sequences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        max_tokens: json["max_tokens"].as_u64(),
    }
}

fn parts<'a>(content: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    content.as_array().into_iter().flatten().filter(move |block| block["type"] == kind)
}

fn describe_image(source: &Value) -> String {
    match source["data"].as_str() {
        Some(data) => image::of_base64(data, source["media_type"].as_str().unwrap_or_default()),
        None => source["url"].as_str().unwrap_or_default().to_owned(),
    }
}

fn tool(tool: &Value) -> Option<SimTool> {
    Some(SimTool { name: tool["name"].as_str()?.to_owned(), parameters: tool["input_schema"].clone() })
}

fn choice(choice: &Value) -> (SimToolChoice, bool) {
    let said = match choice["type"].as_str() {
        Some("none") => SimToolChoice::None,
        Some("any") => SimToolChoice::Any,
        Some("tool") => SimToolChoice::Named(choice["name"].as_str().unwrap_or_default().to_owned()),
        _ => SimToolChoice::Auto,
    };
    (said, choice["disable_parallel_tool_use"].as_bool() != Some(true))
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(_) => {
            parts(content, "text").filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

// === The bill ===

fn bill_request(call: &SimRequest<'_>) -> BilledTokens {
    cost(call.json, |prefix| call.journal.cache(prefix))
}

/// What stands before the last `cache_control` is written to the cache, and read from it the next time.
fn cost(json: &Value, cached: impl Fn(&str) -> bool) -> BilledTokens {
    let mut pieces: Vec<(u64, &Value)> = Vec::new();
    pieces.extend(json["tools"].as_array().into_iter().flatten().map(|tool| (tokens::count(&tool.to_string()), tool)));
    match &json["system"] {
        Value::String(text) => pieces.push((tokens::PER_MESSAGE + tokens::count(text), &json["system"])),
        Value::Array(blocks) => pieces.extend(blocks.iter().map(|block| (block_cost(block), block))),
        _ => {}
    }
    for message in json["messages"].as_array().into_iter().flatten() {
        pieces.push((tokens::PER_MESSAGE, &message["role"]));
        match &message["content"] {
            Value::String(text) => pieces.push((tokens::count(text), &message["content"])),
            content => pieces.extend(content.as_array().into_iter().flatten().map(|block| (block_cost(block), block))),
        }
    }
    let sum = |pieces: &[(u64, &Value)]| pieces.iter().map(|(tokens, _)| tokens).sum::<u64>();
    let mark = pieces.iter().rposition(|(_, piece)| piece.get("cache_control").is_some_and(|mark| !mark.is_null()));
    let Some((before, after)) = mark.map(|place| pieces.split_at(place + 1)) else {
        return BilledTokens { input: sum(&pieces), ..BilledTokens::default() };
    };
    // Each model has a cache of its own.
    let key = json!([json["model"], before.iter().map(|(_, piece)| piece).collect::<Vec<_>>()]).to_string();
    let (read, write) = if cached(&key) { (sum(before), 0) } else { (0, sum(before)) };
    // Apart, as this vendor reports them: `input_tokens` does not include what came from the cache.
    BilledTokens { input: sum(after), cache_read: read, cache_write: write, ..BilledTokens::default() }
}

fn block_cost(block: &Value) -> u64 {
    match block["type"].as_str() {
        Some("text") => tokens::count(block["text"].as_str().unwrap_or_default()),
        Some("image") => tokens::PER_IMAGE,
        Some("tool_result") => match &block["content"] {
            Value::Array(blocks) => blocks.iter().map(block_cost).sum(),
            content => tokens::count(content.as_str().unwrap_or_default()),
        },
        Some("thinking") => tokens::count(block["thinking"].as_str().unwrap_or_default()),
        _ => tokens::count(&block.to_string()),
    }
}

// === The reply ===

fn blocks(call: &SimRequest<'_>, sim_reply: &SimReply) -> Vec<Value> {
    let mut blocks = Vec::new();
    if let Some(block) = redacted_block(sim_reply) {
        blocks.push(block);
    } else if !sim_reply.reasoning.is_empty() {
        blocks.push(
            json!({ "type": "thinking", "thinking": sim_reply.reasoning, "signature": seal(&sim_reply.reasoning) }),
        );
    }
    if !sim_reply.text.is_empty() {
        blocks.push(json!({ "type": "text", "text": sim_reply.text }));
    }
    for (place, (name, input)) in sim_reply.calls.iter().enumerate() {
        blocks.push(json!({ "type": "tool_use", "id": call_id(call, place), "name": name, "input": input }));
    }
    blocks
}
