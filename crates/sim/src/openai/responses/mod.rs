//! `/v1/responses` (OpenAI API reference, responses).

mod check;
mod response;
mod stream;

use response::{id, response};

use super::chat::{CACHED_FROM, reasons};
use super::{invalid, model};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::image;
use crate::journal::{BilledTokens, SimResponse};
use crate::reply::{SimPrompt, SimReply, SimTool, SimToolChoice, reply_to};
use crate::seal::seal;
use crate::tokens;
use serde_json::{Value, json};

/// `POST /v1/responses`.
pub(super) fn create(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    let json = call.json;
    let input = items(&json["input"])?;
    let mut context = earlier_context(call)?;
    context.extend(input.iter().cloned());
    check::check(json, &context, &model, call.options.strict)?;
    let sim_reply = reply_to(&read_prompt(json, &context, &model));
    // Here and not below, where the context already has the reply, which is no part of the prompt.
    let billed = bill_request(call, &context);
    let output = output(call, &sim_reply);
    let done = with_output(billed, &sim_reply);
    let body = response(call, &model, &output, Some(&sim_reply.end), Some(done));
    // Stored unless the request says no, which is the vendor's default.
    if json["store"].as_bool() != Some(false) {
        // The reply belongs to what a later request goes on from.
        context.extend(output.iter().cloned());
        call.journal.store(&id(call), SimResponse { body: body.clone(), context, input });
    }
    if json["stream"].as_bool() == Some(true) {
        let script = stream::script(call, &model, &output, &sim_reply, &body);
        return Ok(SimPlan::Stream { script, billed });
    }
    Ok(plan_json(&body, done))
}

/// `POST /v1/responses/input_tokens`.
pub(super) fn count(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    model(call)?;
    let mut context = earlier_context(call)?;
    context.extend(items(&call.json["input"])?);
    let billed = bill_request(call, &context);
    let counted = billed.input + billed.cache_read + billed.cache_write;
    Ok(plan_json(&json!({ "object": "response.input_tokens", "input_tokens": counted }), BilledTokens::default()))
}

/// `POST /v1/responses/compact`: the user's messages, and an item that nobody else can read.
pub(super) fn compact(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    model(call)?;
    let mut context = earlier_context(call)?;
    context.extend(items(&call.json["input"])?);
    let billed = BilledTokens { output: 5, ..bill_request(call, &context) };
    let mut output: Vec<Value> = context.into_iter().filter(|item| item["role"] == "user").collect();
    output.push(json!({ "id": "cmp_1", "type": "compaction", "encrypted_content": seal("compacted") }));
    let input = billed.input + billed.cache_read + billed.cache_write;
    let body = json!({
        "id": id(call), "object": "response.compaction", "created_at": 1, "output": output,
        "usage": {
            "input_tokens": input, "input_tokens_details": { "cached_tokens": billed.cache_read },
            "output_tokens": 5, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": input + 5,
        },
    });
    Ok(plan_json(&body, billed))
}

/// `GET` and `DELETE` of `/v1/responses/{id}`, and `GET` of its `/input_items`.
pub(super) fn stored_response(call: &SimRequest<'_>, path: &str) -> Result<SimPlan, SimRefusal> {
    let (id, rest) = path.split_once('/').unwrap_or((path, ""));
    let missing = || SimRefusal::new(404, "invalid_request_error", format!("Response with id '{id}' not found."));
    let stored = call.journal.find_response(id).ok_or_else(missing)?;
    let body = match (call.method.as_str(), rest) {
        ("GET", "") => stored.body,
        ("GET", "input_items") => json!({ "object": "list", "data": stored.input, "has_more": false }),
        ("DELETE", "") => {
            call.journal.forget(id);
            json!({ "id": id, "object": "response", "deleted": true })
        }
        _ => return Err(missing()),
    };
    Ok(plan_json(&body, BilledTokens::default()))
}

fn plan_json(body: &Value, billed: BilledTokens) -> SimPlan {
    SimPlan::Whole { content_type: "application/json", body: body.to_string().into_bytes(), billed }
}

// === The question ===

/// The input as items; a text is what a user says.
fn items(input: &Value) -> Result<Vec<Value>, SimRefusal> {
    match input {
        Value::String(text) => Ok(vec![json!({ "role": "user", "content": text })]),
        Value::Array(items) => Ok(items.clone()),
        _ => Err(invalid("input", "Missing required parameter: 'input'.")),
    }
}

/// What was said before, if the request goes on from a stored response.
fn earlier_context(call: &SimRequest<'_>) -> Result<Vec<Value>, SimRefusal> {
    let Some(id) = call.json["previous_response_id"].as_str() else { return Ok(Vec::new()) };
    let stored = call.journal.find_response(id).ok_or_else(|| SimRefusal {
        code: Some("previous_response_not_found"),
        ..invalid("previous_response_id", format!("Previous response with id '{id}' not found."))
    });
    Ok(stored?.context)
}

fn read_prompt(json: &Value, context: &[Value], model: &str) -> SimPrompt {
    let asked = context.iter().rposition(|item| item["role"] == "user").unwrap_or_default();
    let content = context.get(asked).map(|item| &item["content"]).unwrap_or(&Value::Null);
    let since = context.get(asked..).unwrap_or_default();
    let results = since.iter().filter(|item| item["type"] == "function_call_output");
    // Parallel calls stand next to each other, and are one round together.
    let begins = |pair: &&[Value]| match pair {
        [before, item] => item["type"] == "function_call" && before["type"] != "function_call",
        _ => false,
    };
    let format = &json["text"]["format"];
    SimPrompt {
        model: model.to_owned(),
        text: text(content),
        results: results.map(|item| text(&item["output"])).collect(),
        rounds: since.windows(2).filter(begins).count(),
        images: images(content),
        tools: json["tools"].as_array().into_iter().flatten().filter_map(tool).collect(),
        choice: match &json["tool_choice"] {
            Value::String(word) if word == "none" => SimToolChoice::None,
            Value::String(word) if word == "required" => SimToolChoice::Any,
            choice => choice["name"].as_str().map_or(SimToolChoice::Auto, |name| SimToolChoice::Named(name.into())),
        },
        parallel: json["parallel_tool_calls"].as_bool().unwrap_or(true),
        schema: format.get("schema").cloned(),
        json: format["type"] == "json_object",
        reasons: reasons(model) && json["reasoning"]["effort"] != "none",
        max_tokens: json["max_output_tokens"].as_u64(),
        ..SimPrompt::default()
    }
}

fn text(content: &Value) -> String {
    super::chat::text(content)
}

fn images(content: &Value) -> Vec<String> {
    let parts = content.as_array().into_iter().flatten();
    parts.filter_map(|part| part["image_url"].as_str()).map(image::of_url).collect()
}

fn tool(tool: &Value) -> Option<SimTool> {
    Some(SimTool { name: tool["name"].as_str()?.to_owned(), parameters: tool["parameters"].clone() })
}

// === The bill ===

fn bill_request(call: &SimRequest<'_>, context: &[Value]) -> BilledTokens {
    let tools = &call.json["tools"];
    let tools = if tools.is_null() { 0 } else { tokens::count(&tools.to_string()) };
    let instructions = call.json["instructions"].as_str();
    let before = tools + instructions.map_or(0, |text| tokens::PER_MESSAGE + tokens::count(text));
    let all = before + context.iter().map(cost).sum::<u64>();
    let cacheable = all - context.last().map_or(0, cost);
    let key = json!([call.json["model"], call.json["tools"], instructions, context.split_last()]).to_string();
    let cache_read = if cacheable >= CACHED_FROM && call.journal.cache(&key) { cacheable } else { 0 };
    BilledTokens { input: all - cache_read, cache_read, ..BilledTokens::default() }
}

fn cost(item: &Value) -> u64 {
    match item["type"].as_str() {
        Some("function_call" | "reasoning") => tokens::count(&item.to_string()),
        Some("function_call_output") => tokens::PER_MESSAGE + tokens::count(&text(&item["output"])),
        _ => {
            let images = u64::try_from(images(&item["content"]).len()).unwrap_or_default() * tokens::PER_IMAGE;
            tokens::PER_MESSAGE + tokens::count(&text(&item["content"])) + images
        }
    }
}

fn with_output(billed: BilledTokens, sim_reply: &SimReply) -> BilledTokens {
    let (output, reasoning) = sim_reply.tokens();
    BilledTokens { output, reasoning, ..billed }
}

// === The reply ===

/// The items of the reply. What belongs to a piece of reasoning has its number in its id, so that a missing one is
/// noticed.
fn output(call: &SimRequest<'_>, sim_reply: &SimReply) -> Vec<Value> {
    let number = call.number;
    let mut items = Vec::new();
    // By its id `check_reasoning` knows an item that must not come back without its reasoning.
    let mark = if sim_reply.reasoning.is_empty() { "" } else { "r" };
    if !sim_reply.reasoning.is_empty() {
        let summary = match call.json["reasoning"]["summary"].as_str() {
            Some(_) => json!([{ "type": "summary_text", "text": sim_reply.reasoning }]),
            None => json!([]),
        };
        let mut item = json!({ "id": format!("rs_sim_{number}"), "type": "reasoning", "summary": summary });
        let include = call.json["include"].as_array();
        if include.is_some_and(|include| include.iter().any(|word| word == "reasoning.encrypted_content")) {
            item["encrypted_content"] = json!(seal(&format!("rs_sim_{number}")));
        }
        items.push(item);
    }
    if !sim_reply.text.is_empty() {
        items.push(json!({
            "id": format!("msg_sim_{mark}{number}"),
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{ "type": "output_text", "text": sim_reply.text, "annotations": [], "logprobs": [] }],
        }));
    }
    for (place, (name, arguments)) in sim_reply.calls.iter().enumerate() {
        items.push(json!({
            "id": format!("fc_sim_{mark}{number}_{place}"),
            "type": "function_call",
            "status": "completed",
            "call_id": format!("call_sim_{number}_0_{place}"),
            "name": name,
            "arguments": arguments.to_string(),
        }));
    }
    items
}
