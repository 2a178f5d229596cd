//! What Anthropic refuses: its validation is strict, and names every field.

use super::invalid;
use super::reply::is_sealed;
use crate::call::SimRefusal;
use crate::image;
use crate::schema::find_keyword;
use crate::seal::seal;
use serde_json::Value;

const FIELDS: [&str; 21] = [
    "model",
    "messages",
    "max_tokens",
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "mcp_servers",
    "metadata",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// Those of [`FIELDS`] that counting takes too.
const COUNTED: [&str; 10] = [
    "model",
    "messages",
    "cache_control",
    "context_management",
    "mcp_servers",
    "output_config",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];

/// Not every organization has threads, and SDKs ask for them unasked.
fn threads(json: &Value) -> Result<(), SimRefusal> {
    if json["thread"].is_null() {
        return Ok(());
    }
    let code = Some("thread_unsupported_request");
    Err(SimRefusal { code, ..invalid("thread: This request can't be threaded") })
}

pub(super) fn messages(json: &Value, model: &str, strict: bool) -> Result<(), SimRefusal> {
    // Unknown fields first: Anthropic's validation is of the whole body ("Extra inputs are not permitted"), which is
    // why a translation may leave nothing over.
    threads(json)?;
    check_fields(json, &FIELDS, strict)?;
    let max = &json["max_tokens"];
    if max.is_null() {
        return Err(invalid("max_tokens: Field required"));
    }
    if max.as_u64().is_none() {
        return Err(invalid("max_tokens: Input should be a valid integer"));
    }
    numbers(json)?;
    user(json)?;
    thinking(json)?;
    by_model(json, model)?;
    format(json)?;
    check_shared(json)?;
    check_reasoning_before_calls(json)
}

pub(super) fn count(json: &Value, strict: bool) -> Result<(), SimRefusal> {
    check_fields(json, &COUNTED, strict)?;
    check_shared(json)
}

fn check_fields(json: &Value, fields: &[&str], strict: bool) -> Result<(), SimRefusal> {
    let unknown = json.as_object().into_iter().flatten().find(|(name, _)| strict && !fields.contains(&name.as_str()));
    unknown.map_or(Ok(()), |(name, _)| Err(invalid(format!("{name}: Extra inputs are not permitted"))))
}

fn check_shared(json: &Value) -> Result<(), SimRefusal> {
    for block in json["system"].as_array().into_iter().flatten() {
        if block["type"] != "text" || block["text"].as_str().is_none_or(str::is_empty) {
            return Err(invalid("system: text content blocks must be non-empty"));
        }
    }
    tools(json)?;
    turns(json)
}

fn numbers(json: &Value) -> Result<(), SimRefusal> {
    for name in ["temperature", "top_p"] {
        if json[name].as_f64().is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            return Err(invalid(format!("{name}: range: 0..1")));
        }
    }
    for stop in json["stop_sequences"].as_array().into_iter().flatten() {
        if stop.as_str().is_none_or(|stop| stop.trim().is_empty()) {
            return Err(invalid("stop_sequences: each stop sequence must contain non-whitespace"));
        }
    }
    Ok(())
}

/// An end user's id is opaque (API reference, `metadata.user_id`).
fn user(json: &Value) -> Result<(), SimRefusal> {
    let id = json["metadata"]["user_id"].as_str().unwrap_or_default();
    if id.chars().count() > 256 {
        return Err(invalid("metadata.user_id: String should have at most 256 characters"));
    }
    if id.contains('@') && id.contains('.') {
        return Err(invalid("metadata.user_id: user_id appears to contain an email address"));
    }
    Ok(())
}

fn thinking(json: &Value) -> Result<(), SimRefusal> {
    let thinking = &json["thinking"];
    match thinking["type"].as_str() {
        None | Some("disabled") => return Ok(()),
        Some("adaptive") => {}
        Some("enabled") => {
            let budget = thinking["budget_tokens"].as_u64();
            let budget = budget.ok_or_else(|| invalid("thinking.enabled.budget_tokens: Field required"))?;
            if budget < 1024 {
                let text = "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
                return Err(invalid(text));
            }
            // The budget is part of `max_tokens`: nothing would be left for the reply.
            if json["max_tokens"].as_u64().is_some_and(|max| max <= budget) {
                return Err(invalid("`max_tokens` must be greater than `thinking.budget_tokens`"));
            }
        }
        Some(other) => return Err(invalid(format!("thinking: Input tag '{other}' does not match"))),
    }
    if json["temperature"].as_f64().is_some_and(|value| value != 1.0) {
        return Err(invalid("`temperature` may only be set to 1 when thinking is enabled"));
    }
    if matches!(json["tool_choice"]["type"].as_str(), Some("any" | "tool")) {
        return Err(invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(())
}

/// Which model takes what (Anthropic documentation: adaptive thinking, effort, migration to 4.6).
fn by_model(json: &Value, model: &str) -> Result<(), SimRefusal> {
    // Claude up to 4.5 thinks by a budget, from 4.6 on adaptively; the two refuse each other's field.
    let is_older = model.contains("-4-5");
    if is_older && json["thinking"]["type"] == "adaptive" {
        return Err(invalid("adaptive thinking is not supported on this model"));
    }
    if is_older && !json["output_config"]["effort"].is_null() {
        return Err(invalid("This model does not support the effort parameter."));
    }
    let last = json["messages"].as_array().and_then(|messages| messages.last());
    if model.contains("-4-6") && last.is_some_and(|message| message["role"] == "assistant") {
        let text =
            "This model does not support assistant message prefill. The conversation must end with a user message.";
        return Err(invalid(text));
    }
    Ok(())
}

/// A schema says of each object that it is closed (Anthropic documentation, structured outputs).
fn format(json: &Value) -> Result<(), SimRefusal> {
    let format = &json["output_config"]["format"];
    if format.is_null() {
        return Ok(());
    }
    if format["type"] != "json_schema" || !format["schema"].is_object() {
        return Err(invalid("output_config.format.schema: Field required"));
    }
    if is_open(&format["schema"]) {
        return Err(invalid(
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ));
    }
    bounds(&format["schema"], "output_config.format.schema")
}

/// Words for bounds, which structured outputs don't know.
const BOUNDS: [&str; 8] =
    ["minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems"];

fn bounds(schema: &Value, path: &str) -> Result<(), SimRefusal> {
    match find_keyword(schema, &BOUNDS) {
        Some(keyword) => Err(invalid(format!("{path}: property '{keyword}' is not supported"))),
        None => Ok(()),
    }
}

/// Whether an object in the schema may have fields that it does not name.
fn is_open(schema: &Value) -> bool {
    let open = schema["type"] == "object" && schema["additionalProperties"].as_bool() != Some(false);
    let children = ["properties", "$defs", "definitions"].into_iter().filter_map(|name| schema[name].as_object());
    let variants = ["anyOf", "allOf"].into_iter().filter_map(|name| schema[name].as_array());
    open || children.flatten().any(|(_, child)| is_open(child))
        || variants.flatten().any(is_open)
        || (schema["items"].is_object() && is_open(&schema["items"]))
}

/// With a budget for reasoning, the turn whose tools' results are sent starts with its reasoning.
fn check_reasoning_before_calls(json: &Value) -> Result<(), SimRefusal> {
    if json["thinking"]["type"] != "enabled" {
        return Ok(());
    }
    let messages = json["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(place) = messages.iter().rposition(|message| message["role"] == "assistant") else { return Ok(()) };
    let blocks = messages.get(place).and_then(|message| message["content"].as_array());
    let blocks = blocks.map(Vec::as_slice).unwrap_or_default();
    let found = blocks.first().and_then(|block| block["type"].as_str()).unwrap_or_default();
    let calls = blocks.iter().any(|block| block["type"] == "tool_use");
    // An answer that was begun is the final one too.
    let begun = place + 1 == messages.len();
    if !(calls || begun) || matches!(found, "thinking" | "redacted_thinking") {
        return Ok(());
    }
    Err(invalid(format!(
        "messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{found}`. When \
         `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost \
         set of `tool_use` and `tool_result` blocks)."
    )))
}

fn tools(json: &Value) -> Result<(), SimRefusal> {
    if !json["tools"].is_null() && !json["tools"].is_array() {
        return Err(invalid("tools: Input should be a valid array"));
    }
    let tools = json["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (place, tool) in tools.iter().enumerate() {
        // Tools that the vendor runs itself have fields of their own, which are not checked here.
        if tool["type"].as_str().is_some_and(|kind| kind != "custom") {
            continue;
        }
        let path = format!("tools.{place}.custom");
        let name = tool["name"].as_str().unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
            return Err(invalid(format!("{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")));
        }
        if ["oneOf", "anyOf", "allOf"].iter().any(|word| !tool["input_schema"][word].is_null()) {
            let text = "input_schema does not support oneOf, allOf, or anyOf at the top level";
            return Err(invalid(format!("{path}.{text}")));
        }
        if tool["input_schema"]["type"] != "object" {
            return Err(invalid(format!("{path}.input_schema.type: Field required")));
        }
        if tool["strict"] == true {
            if is_open(&tool["input_schema"]) {
                return Err(invalid(format!(
                    "{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
                )));
            }
            bounds(&tool["input_schema"], &path)?;
        }
    }
    if tools.is_empty() && !json["tool_choice"].is_null() {
        return Err(invalid("tool_choice: may only be specified while providing tools"));
    }
    Ok(())
}

/// Roles alternate, and each call of a tool has its result at once.
fn turns(json: &Value) -> Result<(), SimRefusal> {
    let messages = json["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| invalid("messages: at least one message is required"))?;
    let mut open: Vec<&str> = Vec::new();
    let mut last = "";
    for (place, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        match role {
            "user" | "assistant" => {}
            // In the vendor's API instructions stand apart in `system`; only the newest models take them among the
            // turns.
            "system" => return Err(invalid("messages: role 'system' is not supported on this model")),
            other => {
                return Err(invalid(format!(
                    "messages.{place}.role: Input should be 'user' or 'assistant', not '{other}'"
                )));
            }
        }
        if place == 0 && role != "user" {
            return Err(invalid("messages: first message must use the \"user\" role"));
        }
        // The references disagree (the SDK says that the API merges such turns, an error table has a 400). The
        // simulation takes the stricter: a translation merges them itself.
        if role == last {
            return Err(invalid(format!(
                "messages: roles must alternate between \"user\" and \"assistant\", but found multiple \"{role}\" roles in a row"
            )));
        }
        last = role;
        open = content(place, role, &message["content"], &open)?;
    }
    if !open.is_empty() {
        return Err(without_results(messages.len() - 1, &open));
    }
    let end = messages.last().filter(|message| message["role"] == "assistant");
    let text = end.and_then(|message| match &message["content"] {
        Value::String(text) => Some(text.as_str()),
        Value::Array(blocks) => blocks.last().and_then(|block| block["text"].as_str()),
        _ => None,
    });
    // The vendor refuses a prefill that ends in a blank, so a translation has to trim it.
    if text.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return Err(invalid("messages: final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}

/// Checks the content of a message, and gives the calls in it. `open` are the calls of the message before.
fn content<'a>(place: usize, role: &str, content: &'a Value, open: &[&str]) -> Result<Vec<&'a str>, SimRefusal> {
    let path = format!("messages.{place}.content");
    let blocks = match content {
        Value::String(text) if text.is_empty() => return Err(invalid(format!("{path}: must be non-empty"))),
        Value::String(_) if open.is_empty() => return Ok(Vec::new()),
        // A plain text has no room for results.
        Value::String(_) => return Err(without_results(place - 1, open)),
        Value::Array(blocks) if !blocks.is_empty() => blocks,
        _ => return Err(invalid(format!("{path}: Input should be a valid list"))),
    };
    let mut calls = Vec::new();
    let mut answered = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let path = format!("{path}.{at}");
        match (role, block["type"].as_str().unwrap_or_default()) {
            (_, "text") => {
                if block["text"].as_str().is_none_or(|text| text.trim().is_empty()) {
                    return Err(invalid("messages: text content blocks must be non-empty"));
                }
            }
            ("user", "image" | "document") => source(block, &path)?,
            ("user", "search_result") => {}
            ("user", "tool_result") => {
                let id = block["tool_use_id"].as_str().unwrap_or_default();
                if !open.contains(&id) {
                    let text = "unexpected `tool_use_id` found in `tool_result` blocks";
                    return Err(invalid(format!(
                        "{path}: {text}: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                    )));
                }
                answered.push(id);
            }
            ("assistant", "tool_use") => {
                let id = block["id"].as_str().unwrap_or_default();
                let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                if id.is_empty() || !id.chars().all(fits) {
                    return Err(invalid(format!("{path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")));
                }
                let name = block["name"].as_str().unwrap_or_default();
                if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
                    return Err(invalid(format!(
                        "{path}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
                    )));
                }
                if !block["input"].is_object() {
                    return Err(invalid(format!("{path}.tool_use.input: Input should be a valid dictionary")));
                }
                calls.push(id);
            }
            ("assistant", "thinking") => match block["signature"].as_str() {
                None => return Err(invalid(format!("{path}.thinking.signature: Field required"))),
                // Over the whole text: a client or gateway that joins, trims or rewrites reasoning is found out.
                Some(signature) if signature == seal(block["thinking"].as_str().unwrap_or_default()) => {}
                Some(_) => return Err(invalid(format!("{path}: Invalid `signature` in `thinking` block"))),
            },
            ("assistant", "redacted_thinking") => {
                if !block["data"].as_str().is_some_and(is_sealed) {
                    return Err(invalid(format!("{path}: Invalid `data` in `redacted_thinking` block")));
                }
            }
            ("assistant", "server_tool_use" | "web_search_tool_result") => {}
            (_, kind) => {
                return Err(invalid(format!(
                    "{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
                )));
            }
        }
    }
    match open.iter().copied().filter(|id| !answered.contains(id)).collect::<Vec<_>>() {
        missing if missing.is_empty() => Ok(calls),
        missing => Err(without_results(place - 1, &missing)),
    }
}

fn source(block: &Value, path: &str) -> Result<(), SimRefusal> {
    let source = &block["source"];
    match source["type"].as_str() {
        Some("base64") => {
            let types = ["image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"];
            let media = source["media_type"].as_str().unwrap_or_default();
            if !types.contains(&media) {
                return Err(invalid(format!("{path}.source.base64.media_type: Input should be one of {types:?}")));
            }
            let data = source["data"].as_str().unwrap_or_default();
            let fits = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
            if data.is_empty() || !data.chars().all(fits) {
                return Err(invalid(format!("{path}.source.base64: invalid base64 data")));
            }
            // The vendor looks at the bytes. Ollama's images have no type, so a translation that invents one fails
            // here.
            if image::is_mistaken(data, media) {
                return Err(invalid(format!("{path}.source.base64: does not match the media type {media}")));
            }
            Ok(())
        }
        Some("url" | "text" | "content" | "file") => Ok(()),
        _ => Err(invalid(format!("{path}.source: Field required"))),
    }
}

fn without_results(place: usize, open: &[&str]) -> SimRefusal {
    let text = "`tool_use` ids were found without `tool_result` blocks immediately after";
    invalid(format!(
        "messages.{place}: {text}: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
        open.join(", ")
    ))
}
