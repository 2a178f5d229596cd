//! `POST /v1/chat/completions`.

use super::{CREATED, check, event, forced_refusal, model};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::image;
use crate::journal::BilledTokens;
use crate::play::Script;
use crate::reply::{SimEnd, SimPrompt, SimReply, SimTool, SimToolChoice, reply_to};
use crate::tokens;
use serde_json::{Value, json};

/// The vendor caches prompts from this length on (prompt caching guide).
pub(super) const CACHED_FROM: u64 = 1024;

pub(super) fn plan(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    check::chat(call.json, &model, call.options.strict)?;
    let replies = make_replies(call.json, &model);
    // Once for each request, because it also writes the prompt to the cache.
    let billed = bill_request(call);
    if call.json["stream"].as_bool() == Some(true) {
        return Ok(SimPlan::Stream { script: stream(call, &model, &replies, billed), billed });
    }
    let billed = with_output(billed, &replies);
    let choices: Vec<_> =
        replies.iter().enumerate().map(|(index, sim_reply)| write_choice(call, index, sim_reply)).collect();
    let body = json!({
        "id": id(call),
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": choices,
        "usage": usage(billed),
        "service_tier": "default",
        "system_fingerprint": "fp_sim",
    });
    Ok(SimPlan::Whole { content_type: "application/json", body: body.to_string().into_bytes(), billed })
}

fn id(call: &SimRequest<'_>) -> String {
    format!("chatcmpl-sim-{}", call.number)
}

// === The question ===

fn make_replies(json: &Value, model: &str) -> Vec<SimReply> {
    let question = read_prompt(json, model);
    let n = json["n"].as_u64().unwrap_or(1);
    (0..n).map(|_| reply_to(&question)).collect()
}

fn read_prompt(json: &Value, model: &str) -> SimPrompt {
    let messages = json["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let last_user = messages.iter().rposition(|message| message["role"] == "user");
    let asked = last_user.and_then(|place| messages.get(place));
    let after = messages.get(last_user.map_or(0, |place| place + 1)..).unwrap_or_default();
    let results = after.iter().filter(|message| message["role"] == "tool").map(|message| text(&message["content"]));
    let format = &json["response_format"];
    SimPrompt {
        model: model.to_owned(),
        text: asked.map(|message| text(&message["content"])).unwrap_or_default(),
        results: results.collect(),
        rounds: after.iter().filter(|message| !message["tool_calls"].is_null()).count(),
        images: asked.map(|message| images(&message["content"])).unwrap_or_default(),
        tools: json["tools"].as_array().into_iter().flatten().filter_map(tool).collect(),
        choice: choice(&json["tool_choice"]),
        parallel: json["parallel_tool_calls"].as_bool().unwrap_or(true),
        schema: format["json_schema"].get("schema").cloned(),
        json: format["type"] == "json_object",
        reasons: reasons(model) && json["reasoning_effort"] != "none",
        stops: match &json["stop"] {
            Value::String(stop) => vec![stop.clone()],
            Value::Array(stops) => stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        },
        max_tokens: json["max_completion_tokens"].as_u64().or(json["max_tokens"].as_u64()),
        prefix: String::new(),
    }
}

/// Compatible services show what their models think (DeepSeek's `reasoning_content`); OpenAI only counts it.
fn shows_reasoning(model: &str) -> bool {
    model.contains("reasoner")
}

pub(super) fn reasons(model: &str) -> bool {
    shows_reasoning(model) || model.starts_with("gpt-5")
}

fn tool(tool: &Value) -> Option<SimTool> {
    let function = &tool["function"];
    Some(SimTool { name: function["name"].as_str()?.to_owned(), parameters: function["parameters"].clone() })
}

fn choice(choice: &Value) -> SimToolChoice {
    match choice {
        Value::String(word) if word == "none" => SimToolChoice::None,
        Value::String(word) if word == "required" => SimToolChoice::Any,
        Value::Object(_) => {
            choice["function"]["name"].as_str().map_or(SimToolChoice::Auto, |name| SimToolChoice::Named(name.into()))
        }
        _ => SimToolChoice::Auto,
    }
}

pub(super) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

fn images(content: &Value) -> Vec<String> {
    let parts = content.as_array().into_iter().flatten();
    parts.filter_map(|part| part["image_url"]["url"].as_str()).map(image::of_url).collect()
}

// === The bill ===

fn bill_request(call: &SimRequest<'_>) -> BilledTokens {
    let messages = call.json["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let tools = &call.json["tools"];
    let tool_tokens = if tools.is_null() { 0 } else { tokens::count(&tools.to_string()) };
    let all = tool_tokens + messages.iter().map(cost).sum::<u64>();
    let Some((_, prefix)) = messages.split_last() else { return BilledTokens::default() };
    // The last message is new in every turn, so it is never part of what is cached.
    let cacheable = tool_tokens + prefix.iter().map(cost).sum::<u64>();
    let key = json!([call.json["model"], tools, prefix]).to_string();
    let cache_read = if cacheable >= CACHED_FROM && call.journal.cache(&key) { cacheable } else { 0 };
    BilledTokens { input: all - cache_read, cache_read, ..BilledTokens::default() }
}

fn cost(message: &Value) -> u64 {
    let calls = &message["tool_calls"];
    let calls = if calls.is_null() { 0 } else { tokens::count(&calls.to_string()) };
    let images = u64::try_from(images(&message["content"]).len()).unwrap_or_default() * tokens::PER_IMAGE;
    tokens::PER_MESSAGE + tokens::count(&text(&message["content"])) + calls + images
}

fn with_output(billed: BilledTokens, replies: &[SimReply]) -> BilledTokens {
    let (output, reasoning) = replies.iter().map(SimReply::tokens).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    BilledTokens { output, reasoning, ..billed }
}

pub(super) fn usage(billed: BilledTokens) -> Value {
    // OpenAI counts cached tokens inside `prompt_tokens`, Anthropic beside it.
    let prompt = billed.input + billed.cache_read;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": billed.output,
        "total_tokens": prompt + billed.output,
        "prompt_tokens_details": { "cached_tokens": billed.cache_read, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": billed.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

// === The reply ===

fn write_choice(call: &SimRequest<'_>, index: usize, sim_reply: &SimReply) -> Value {
    let silent = !sim_reply.calls.is_empty() && sim_reply.text.is_empty();
    let content = if silent { Value::Null } else { json!(sim_reply.text) };
    let mut message = json!({ "role": "assistant", "content": content, "refusal": null, "annotations": [] });
    if !sim_reply.calls.is_empty() {
        let calls = sim_reply.calls.iter().enumerate();
        message["tool_calls"] =
            calls.map(|(place, (name, arguments))| tool_call(call, index, place, name, arguments)).collect();
    }
    if shows_reasoning(call.json["model"].as_str().unwrap_or_default()) {
        message["reasoning_content"] = json!(sim_reply.reasoning);
    }
    let logprobs = logprobs(call.json, &tokens::split(&sim_reply.text));
    json!({ "index": index, "message": message, "logprobs": logprobs, "finish_reason": finish(&sim_reply.end) })
}

fn tool_call(call: &SimRequest<'_>, index: usize, place: usize, name: &str, arguments: &Value) -> Value {
    json!({
        "id": call_id(call, index, place),
        "type": "function",
        "function": { "name": name, "arguments": arguments.to_string() },
    })
}

fn call_id(call: &SimRequest<'_>, index: usize, place: usize) -> String {
    format!("call_sim_{}_{index}_{place}", call.number)
}

fn finish(end: &SimEnd) -> &'static str {
    match end {
        SimEnd::Stop | SimEnd::StopText(_) => "stop",
        SimEnd::Length => "length",
        SimEnd::Calls => "tool_calls",
    }
}

fn logprobs(json: &Value, tokens: &[&str]) -> Value {
    if json["logprobs"].as_bool() != Some(true) {
        return Value::Null;
    }
    let entry = |token: &str| json!({ "token": token, "logprob": -0.25, "bytes": token.as_bytes() });
    let top = json["top_logprobs"].as_u64().unwrap_or(0);
    let content = tokens.iter().map(|token| {
        let mut said = entry(token);
        said["top_logprobs"] = (0..top).map(|_| entry(token)).collect();
        said
    });
    json!({ "content": content.collect::<Vec<_>>(), "refusal": null })
}

fn stream(call: &SimRequest<'_>, model: &str, replies: &[SimReply], billed: BilledTokens) -> Script {
    let include_usage = call.json["stream_options"]["include_usage"].as_bool() == Some(true);
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": id(call),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": model,
            "service_tier": "default",
            "system_fingerprint": "fp_sim",
            "choices": choices,
        });
        if include_usage {
            // With `include_usage` every chunk has the field, null but for the last: a reader must not take null for
            // zero.
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let say = |index: usize, delta: Value, tokens: &[&str]| {
        event(&chunk(
            json!([{ "index": index, "delta": delta, "logprobs": logprobs(call.json, tokens), "finish_reason": null }]),
        ))
    };
    let mut script = Script {
        content_type: "text/event-stream; charset=utf-8",
        before: Vec::new(),
        pieces: Vec::new(),
        reasoning: replies.iter().map(|sim_reply| sim_reply.tokens().1).sum(),
        after: Vec::new(),
        error: event(&super::error_json(&forced_refusal(500))),
        garbage: "data: {\"id\": oops\n\n".into(),
    };
    for (index, sim_reply) in replies.iter().enumerate() {
        script.before.push(say(index, json!({ "role": "assistant", "content": "", "refusal": null }), &[]));
        for token in tokens::split(&sim_reply.reasoning) {
            // Without a field for it, a piece of reasoning costs and shows nothing.
            let shown = shows_reasoning(model).then(|| say(index, json!({ "reasoning_content": token }), &[]));
            script.pieces.push((shown.unwrap_or_default(), 1));
        }
        for token in tokens::split(&sim_reply.text) {
            script.pieces.push((say(index, json!({ "content": token }), &[token]), 1));
        }
        for (place, (name, arguments)) in sim_reply.calls.iter().enumerate() {
            let mut opening = tool_call(call, index, place, name, &json!(""));
            opening["index"] = json!(place);
            // Id and name come once, in the opening; what follows is known by its index alone.
            opening["function"]["arguments"] = json!("");
            script.pieces.push((say(index, json!({ "tool_calls": [opening] }), &[]), 1));
            for (text, tokens) in fragments(&arguments.to_string()) {
                let delta = json!({ "tool_calls": [{ "index": place, "function": { "arguments": text } }] });
                script.pieces.push((say(index, delta, &[]), tokens));
            }
        }
        let end = json!([{ "index": index, "delta": {}, "logprobs": null, "finish_reason": finish(&sim_reply.end) }]);
        script.after.push(event(&chunk(end)));
    }
    // What shows nothing stays if it costs something.
    script.pieces.retain(|(bytes, tokens)| !bytes.is_empty() || *tokens > 0);
    if include_usage {
        // The chunk with the usage has no choices: a reader that takes the first one breaks on it.
        let mut last = chunk(json!([]));
        last["usage"] = usage(with_output(billed, replies));
        script.after.push(event(&last));
    }
    script.after.push("data: [DONE]\n\n".into());
    script
}

/// Arguments in two pieces, which cost what their words cost.
fn fragments(arguments: &str) -> Vec<(String, u64)> {
    // Cut in the middle, so that neither piece is JSON by itself.
    let mut middle = arguments.len() / 2;
    while !arguments.is_char_boundary(middle) {
        middle += 1;
    }
    let (first, second) = arguments.split_at(middle);
    vec![(first.to_owned(), 0), (second.to_owned(), tokens::count(arguments))]
}
