//! `POST /api/chat`, `/api/generate` and `/api/embed`.

use super::{capabilities, check, model, plan_json, refusal};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::image;
use crate::journal::BilledTokens;
use crate::play::Script;
use crate::reply::{SimEnd, SimPrompt, SimReply, SimTool, reply_to};
use crate::tokens;
use serde_json::{Map, Value, json};

/// When a reply is made: each has a time of its own, which tells its calls from those of others, as they have no ids.
fn created(call: &SimRequest<'_>) -> String {
    format!("2026-01-01T00:00:00.{:09}Z", call.number)
}

/// What a token takes, in nanoseconds.
const NANOS_PER_TOKEN: u64 = 1_000_000;

pub(super) fn chat(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    check::chat(call.json, &model)?;
    let messages = call.json["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if messages.is_empty() {
        return Ok(plan_load(call, &model));
    }
    let sim_reply = reply_to(&read_prompt(call.json, &model, messages));
    let tools = &call.json["tools"];
    let tool_tokens = if tools.is_null() { 0 } else { tokens::count(&tools.to_string()) };
    let input = tool_tokens + messages.iter().map(cost).sum::<u64>();
    Ok(reply(call, &model, &sim_reply, input, &|thinking, content, calls| {
        let mut message = json!({ "role": "assistant", "content": content });
        if !thinking.is_empty() {
            message["thinking"] = json!(thinking);
        }
        if !calls.is_empty() {
            // Without ids: this vendor's calls are told apart by their order alone.
            let calls =
                calls.iter().map(|(name, arguments)| json!({ "function": { "name": name, "arguments": arguments } }));
            message["tool_calls"] = calls.collect();
        }
        ("message", message)
    }))
}

pub(super) fn generate(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    if !capabilities(&model).contains(&"completion") {
        return Err(refusal(400, format!("\"{model}\" does not support generate")));
    }
    check::options(&call.json["options"])?;
    let prompt = call.json["prompt"].as_str().unwrap_or_default();
    if prompt.is_empty() {
        return Ok(plan_load(call, &model));
    }
    let system = call.json["system"].as_str().unwrap_or_default();
    let said = SimPrompt { text: prompt.to_owned(), ..options(call.json, &model) };
    let input = tokens::count(prompt) + tokens::count(system) + tokens::PER_MESSAGE;
    Ok(reply(call, &model, &reply_to(&said), input, &|_, content, _| ("response", json!(content))))
}

pub(super) fn embed(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    let inputs: Option<Vec<&str>> = match &call.json["input"] {
        Value::String(text) => Some(vec![text]),
        Value::Array(texts) => texts.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let inputs = inputs.ok_or_else(|| refusal(400, "invalid input type"))?;
    let length = call.json["dimensions"].as_u64().unwrap_or(8);
    let vectors: Vec<_> = inputs.iter().map(|text| crate::openai::others::vector(text, length)).collect();
    let input = inputs.iter().map(|text| tokens::count(text)).sum();
    let body = json!({
        "model": model,
        "embeddings": vectors,
        "total_duration": NANOS_PER_TOKEN,
        "load_duration": NANOS_PER_TOKEN,
        "prompt_eval_count": input,
    });
    Ok(plan_json(&body, BilledTokens { input, ..BilledTokens::default() }))
}

/// A request without a prompt only loads the model.
fn plan_load(call: &SimRequest<'_>, model: &str) -> SimPlan {
    let (field, empty) = match call.path {
        "/api/chat" => ("message", json!({ "role": "assistant", "content": "" })),
        _ => ("response", json!("")),
    };
    let unloads = call.json["keep_alive"] == json!(0) || call.json["keep_alive"] == "0s";
    let reason = if unloads { "unload" } else { "load" };
    let body =
        json!({ "model": model, "created_at": created(call), field: empty, "done_reason": reason, "done": true });
    plan_json(&body, BilledTokens::default())
}

fn read_prompt(json: &Value, model: &str, messages: &[Value]) -> SimPrompt {
    let last_user = messages.iter().rposition(|message| message["role"] == "user");
    let asked = last_user.and_then(|place| messages.get(place));
    let after = messages.get(last_user.map_or(0, |place| place + 1)..).unwrap_or_default();
    let results = after.iter().filter(|message| message["role"] == "tool");
    let content = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    SimPrompt {
        text: asked.map(content).unwrap_or_default(),
        results: results.map(content).collect(),
        rounds: after.iter().filter(|message| !message["tool_calls"].is_null()).count(),
        images: asked.map(images).unwrap_or_default(),
        tools: json["tools"].as_array().into_iter().flatten().filter_map(tool).collect(),
        parallel: true,
        ..options(json, model)
    }
}

fn images(message: &Value) -> Vec<String> {
    let images = message["images"].as_array().into_iter().flatten().filter_map(Value::as_str);
    images.map(|data| image::of_base64(data, "")).collect()
}

/// What a chat and a plain prompt share.
fn options(json: &Value, model: &str) -> SimPrompt {
    let options = &json["options"];
    let thinking = capabilities(model).contains(&"thinking");
    SimPrompt {
        model: model.to_owned(),
        schema: Some(&json["format"]).filter(|format| format.is_object()).cloned(),
        json: json["format"] == "json",
        // A model that can think does, unless it is told not to.
        reasons: thinking && json["think"].as_bool() != Some(false),
        stops: options["stop"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        max_tokens: options["num_predict"].as_u64(),
        ..SimPrompt::default()
    }
}

fn tool(tool: &Value) -> Option<SimTool> {
    let function = &tool["function"];
    Some(SimTool { name: function["name"].as_str()?.to_owned(), parameters: function["parameters"].clone() })
}

fn cost(message: &Value) -> u64 {
    let calls = &message["tool_calls"];
    let calls = if calls.is_null() { 0 } else { tokens::count(&calls.to_string()) };
    let images = message["images"].as_array().map_or(0, Vec::len);
    let images = u64::try_from(images).unwrap_or_default() * tokens::PER_IMAGE;
    tokens::PER_MESSAGE + tokens::count(message["content"].as_str().unwrap_or_default()) + calls + images
}

type TextField<'a> = &'a dyn Fn(&str, &str, &[(String, Value)]) -> (&'static str, Value);

/// Lines, or one; `say` puts thinking, text and calls into the endpoint's own field.
fn reply(call: &SimRequest<'_>, model: &str, sim_reply: &SimReply, input: u64, say: TextField<'_>) -> SimPlan {
    let (output, reasoning) = sim_reply.tokens();
    let billed = BilledTokens { input, ..BilledTokens::default() };
    let line = |(field, value): (&str, Value)| {
        let mut line = Map::new();
        line.insert("model".into(), json!(model));
        line.insert("created_at".into(), json!(created(call)));
        line.insert(field.into(), value);
        line.insert("done".into(), json!(false));
        line
    };
    let end = |mut line: Map<String, Value>| {
        // Calls end with `stop` here too; only their presence says that results are awaited.
        let reason = if sim_reply.end == SimEnd::Length { "length" } else { "stop" };
        line.insert("done_reason".into(), json!(reason));
        line.insert("done".into(), json!(true));
        // The time of one token more, for loading the model.
        line.insert("total_duration".into(), json!((input + output + 1) * NANOS_PER_TOKEN));
        line.insert("load_duration".into(), json!(NANOS_PER_TOKEN));
        line.insert("prompt_eval_count".into(), json!(input));
        line.insert("prompt_eval_duration".into(), json!(input * NANOS_PER_TOKEN));
        line.insert("eval_count".into(), json!(output));
        line.insert("eval_duration".into(), json!(output * NANOS_PER_TOKEN));
        Value::Object(line)
    };
    // Unlike the other vendors, it streams unless told not to.
    if call.json["stream"].as_bool() == Some(false) {
        let body = end(line(say(&sim_reply.reasoning, &sim_reply.text, &sim_reply.calls)));
        return plan_json(&body, BilledTokens { output, reasoning, ..billed });
    }
    let written = |line: Map<String, Value>| format!("{}\n", Value::Object(line));
    let mut pieces = Vec::new();
    pieces.extend(tokens::split(&sim_reply.reasoning).into_iter().map(|token| (written(line(say(token, "", &[]))), 1)));
    pieces.extend(tokens::split(&sim_reply.text).into_iter().map(|token| (written(line(say("", token, &[]))), 1)));
    // A line for each call, whole: this vendor does not stream arguments.
    for one in &sim_reply.calls {
        let cost = tokens::count(&format!("{} {}", one.0, one.1));
        pieces.push((written(line(say("", "", std::slice::from_ref(one)))), cost));
    }
    let script = Script {
        content_type: "application/x-ndjson",
        before: Vec::new(),
        pieces,
        reasoning,
        after: vec![format!("{}\n", end(line(say("", "", &[]))))],
        error: "{\"error\":\"an error was encountered while running the model\"}\n".into(),
        garbage: "{\"model\": oops\n".into(),
    };
    SimPlan::Stream { script, billed }
}
