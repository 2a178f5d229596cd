//! What OpenAI refuses in a chat request.

use super::invalid;
use crate::call::SimRefusal;
use crate::schema::find_keyword;
use serde_json::Value;

/// The fields of the reference (OpenAI API reference, create chat completion).
const FIELDS: [&str; 37] = [
    "messages",
    "model",
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

pub(super) fn chat(json: &Value, model: &str, strict: bool) -> Result<(), SimRefusal> {
    if strict {
        let unknown = json.as_object().into_iter().flatten().find(|(name, _)| !FIELDS.contains(&name.as_str()));
        // Only OpenAI itself is so strict; most compatible services ignore what they don't know.
        if let Some((name, _)) = unknown {
            return Err(invalid(name, format!("Unrecognized request argument supplied: {name}")));
        }
    }
    messages(json, strict)?;
    numbers(json, model)?;
    tools(json)?;
    users(json)?;
    if !json["stream_options"].is_null() && json["stream"].as_bool() != Some(true) {
        return Err(invalid(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ));
    }
    format(json)
}

/// The longest id of an end user.
const USER: usize = 64;

/// The longest id of a call.
const CALL_ID: usize = 40;

/// What a thinking model of another vendor said to itself: the reference has no member for it.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "thinking_blocks"];

pub(super) fn users(json: &Value) -> Result<(), SimRefusal> {
    for name in ["user", "safety_identifier"] {
        if let Some(user) = json[name].as_str().filter(|user| user.chars().count() > USER) {
            return Err(too_long(name, USER, user));
        }
    }
    Ok(())
}

pub(super) fn too_long(param: &str, most: usize, text: &str) -> SimRefusal {
    let length = text.chars().count();
    invalid(
        param,
        format!(
            "Invalid '{param}': string too long. Expected a string with maximum length {most}, but got a string with \
             length {length} instead."
        ),
    )
}

/// A name of a function, wherever it stands.
pub(super) fn name(name: &Value, param: &str) -> Result<(), SimRefusal> {
    let name = name.as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(invalid(
            param,
            format!(
                "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            ),
        ));
    }
    if name.len() > 64 { Err(too_long(param, 64, name)) } else { Ok(()) }
}

/// A function's schema: that of an object, with its properties.
pub(super) fn parameters(schema: &Value, name: &Value) -> Result<(), SimRefusal> {
    if schema.is_null() {
        return Ok(());
    }
    if schema["type"] != "object" {
        let text = format!("Invalid schema for function {name}: schema must be a JSON Schema of 'type: \"object\"'.");
        return Err(invalid("tools", text));
    }
    if ["oneOf", "anyOf", "allOf", "enum", "not"].iter().any(|word| !schema[word].is_null()) {
        let text = format!(
            "Invalid schema for function {name}: schema must have type 'object' and not have \
            'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
        );
        return Err(invalid("tools", text));
    }
    if !schema["properties"].is_object() {
        let text = format!("Invalid schema for function {name}: In context=(), object schema missing properties.");
        return Err(invalid("tools", text));
    }
    Ok(())
}

fn messages(json: &Value, strict: bool) -> Result<(), SimRefusal> {
    let messages = json["messages"].as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| invalid("messages", "Invalid 'messages': empty array."))?;
    let mut open: Vec<&str> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let param = format!("messages.[{place}]");
        let role = message["role"].as_str().unwrap_or_default();
        if !["system", "developer", "user", "assistant", "tool", "function"].contains(&role) {
            return Err(invalid(&format!("{param}.role"), format!("Invalid value: '{role}'.")));
        }
        if role == "tool" {
            let id = message["tool_call_id"].as_str();
            let Some(at) = id.and_then(|id| open.iter().position(|known| *known == id)) else {
                let text = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                return Err(invalid(&format!("{param}.role"), format!("Invalid parameter: {text}")));
            };
            open.remove(at);
        // Results follow their calls at once, and all of them. A translation that regroups turns must keep that.
        } else if !open.is_empty() {
            return Err(unanswered(&param, &open));
        }
        if role == "assistant" {
            let unknown = REASONING.iter().find(|name| strict && !message[**name].is_null());
            if let Some(name) = unknown {
                return Err(invalid(&format!("{param}.{name}"), format!("Unknown parameter: '{param}.{name}'.")));
            }
            open = calls(message, &param)?;
        }
        content(message, role, &param)?;
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered("messages", &open)) }
}

fn unanswered(param: &str, open: &[&str]) -> SimRefusal {
    let text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
                'tool_call_id'. The following tool_call_ids did not have response messages: ";
    invalid(param, format!("{text}{}", open.join(", ")))
}

fn calls<'a>(message: &'a Value, param: &str) -> Result<Vec<&'a str>, SimRefusal> {
    let mut ids = Vec::new();
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let id = call["id"].as_str().ok_or_else(|| invalid(param, "Missing required parameter: 'id'."))?;
        let function = &call["function"];
        if call["type"] == "function" && (!function["name"].is_string() || !function["arguments"].is_string()) {
            return Err(invalid(param, "Invalid type for 'tool_calls.function': expected strings."));
        }
        let param = format!("{param}.tool_calls[{}]", ids.len());
        if id.is_empty() || id.chars().count() > CALL_ID {
            return Err(too_long(&format!("{param}.id"), CALL_ID, id));
        }
        if call["type"] == "function" {
            name(&function["name"], &format!("{param}.function.name"))?;
        }
        ids.push(id);
    }
    Ok(ids)
}

fn content(message: &Value, role: &str, param: &str) -> Result<(), SimRefusal> {
    let param = format!("{param}.content");
    let allowed: &[&str] = match role {
        "user" => &["text", "image_url", "input_audio", "file"],
        "assistant" => &["text", "refusal"],
        _ => &["text"],
    };
    match &message["content"] {
        Value::String(_) => Ok(()),
        Value::Null if role == "assistant" => Ok(()),
        Value::Array(parts) if !parts.is_empty() => {
            match parts
                .iter()
                .map(|part| part["type"].as_str().unwrap_or_default())
                .find(|kind| !allowed.contains(kind))
            {
                Some(kind) => {
                    Err(invalid(&param, format!("Invalid value: '{kind}'. Supported values are: {allowed:?}")))
                }
                None => parts.iter().try_for_each(|part| check_media(part, &param)),
            }
        }
        _ => Err(invalid(&param, "Invalid value for 'content': expected a string, got null.")),
    }
}

/// What a user shows: images of four types, audio of two, PDFs.
fn check_media(part: &Value, param: &str) -> Result<(), SimRefusal> {
    let format = &part["input_audio"]["format"];
    if part["type"] == "input_audio" && format != "wav" && format != "mp3" {
        return Err(invalid(param, format!("Invalid value: {format}. Supported values are: 'wav' and 'mp3'.")));
    }
    // A file without a type is judged by its name.
    let data = part["file"]["file_data"].as_str().filter(|data| data.starts_with("data:"));
    if data.is_some_and(|data| !data.starts_with("data:application/pdf;")) {
        return Err(invalid(
            param,
            "Invalid file data: 'file_data'. Expected a base64-encoded data URL with an application/pdf MIME type.",
        ));
    }
    if part["type"] != "image_url" {
        return Ok(());
    }
    let types = ["png", "jpeg", "gif", "webp"].map(|name| format!("data:image/{name};base64,"));
    match part["image_url"]["url"].as_str() {
        Some(url) if url.starts_with("http") || types.iter().any(|begin| url.starts_with(begin)) => Ok(()),
        _ => Err(invalid(param, "Expected a URL or a base64-encoded data URL with an image MIME type.")),
    }
}

fn numbers(json: &Value, model: &str) -> Result<(), SimRefusal> {
    let bounds = [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ];
    for (name, least, most) in bounds {
        if let Some(value) = json[name].as_f64().filter(|value| *value < least || *value > most) {
            return Err(invalid(name, format!("Invalid '{name}': {value} is not between {least} and {most}.")));
        }
    }
    let counts =
        [("n", 1, 128), ("top_logprobs", 0, 20), ("max_tokens", 1, u64::MAX), ("max_completion_tokens", 1, u64::MAX)];
    for (name, least, most) in counts {
        let value = &json[name];
        if !value.is_null() && !value.as_u64().is_some_and(|value| (least..=most).contains(&value)) {
            return Err(invalid(name, format!("Invalid '{name}': {value} is not between {least} and {most}.")));
        }
    }
    if !json["top_logprobs"].is_null() && json["logprobs"].as_bool() != Some(true) {
        return Err(invalid(
            "top_logprobs",
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        ));
    }
    if json["stop"].as_array().is_some_and(|stops| stops.len() > 4) {
        return Err(invalid("stop", "Invalid 'stop': array too long."));
    }
    // Reasoning models know only the new name, and no sampling.
    if model.starts_with("gpt-5") || model.starts_with('o') {
        for name in ["max_tokens", "stop"] {
            if !json[name].is_null() {
                let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
                return Err(SimRefusal { code: Some("unsupported_parameter"), ..invalid(name, message) });
            }
        }
        if json["temperature"].as_f64().is_some_and(|value| value != 1.0) {
            let message = "Unsupported value: 'temperature' does not support other values than the default (1).";
            return Err(SimRefusal { code: Some("unsupported_value"), ..invalid("temperature", message) });
        }
    // Models of OpenAI alone: those of compatible services may know the field.
    } else if !json["reasoning_effort"].is_null() && model.starts_with("gpt-") {
        return Err(invalid("reasoning_effort", "Unrecognized request argument supplied: reasoning_effort"));
    }
    Ok(())
}

fn tools(json: &Value) -> Result<(), SimRefusal> {
    let tools = json["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
    for name in ["tool_choice", "parallel_tool_calls"] {
        // A translation that drops all tools has to drop these too.
        if tools.is_empty() && !json[name].is_null() {
            return Err(invalid(name, format!("'{name}' is only allowed when 'tools' are specified.")));
        }
    }
    for (place, tool) in tools.iter().enumerate() {
        if tool["type"] == "function" {
            let function = &tool["function"];
            name(&function["name"], &format!("tools[{place}].function.name"))?;
            parameters(&function["parameters"], &function["name"])?;
            if function["strict"] == true {
                strict(&function["parameters"], "function", &function["name"], "tools")?;
            }
        }
    }
    let chosen = &json["tool_choice"]["function"]["name"];
    if chosen.is_null() { Ok(()) } else { name(chosen, "tool_choice.function.name") }
}

fn format(json: &Value) -> Result<(), SimRefusal> {
    let format = &json["response_format"];
    match format["type"].as_str() {
        // OpenAI's rule: without the word the model might write blanks for ever.
        Some("json_object") if !json["messages"].to_string().to_lowercase().contains("json") => {
            let text = "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                        'json_object'.";
            Err(invalid("messages", text))
        }
        Some("json_schema") if !format["json_schema"]["name"].is_string() => Err(invalid(
            "response_format.json_schema.name",
            "Missing required parameter: 'response_format.json_schema.name'.",
        )),
        Some("json_schema") if format["json_schema"]["strict"] == true => strict(
            &format["json_schema"]["schema"],
            "response_format",
            &format["json_schema"]["name"],
            "response_format",
        ),
        Some("text" | "json_object" | "json_schema") | None => Ok(()),
        Some(other) => Err(invalid("response_format.type", format!("Invalid value: '{other}'."))),
    }
}

/// What a strict schema must not hold (structured outputs guide).
const NOT_PERMITTED: [&str; 6] = ["minLength", "maxLength", "allOf", "oneOf", "not", "patternProperties"];

/// A schema that replies must fit exactly.
pub(super) fn strict(schema: &Value, of: &str, name: &Value, param: &str) -> Result<(), SimRefusal> {
    if is_loose(schema) {
        let text = format!("Invalid schema for {of} {name}: 'additionalProperties' is required to be false");
        return Err(invalid(param, format!("{text} and 'required' to include every key in properties.")));
    }
    match find_keyword(schema, &NOT_PERMITTED) {
        Some(keyword) => {
            Err(invalid(param, format!("Invalid schema for {of} {name}: In context=(), '{keyword}' is not permitted.")))
        }
        None => Ok(()),
    }
}

/// Whether an object in a strict schema is open, or has fields that may be missing (structured outputs guide).
fn is_loose(schema: &Value) -> bool {
    let fields = schema["properties"].as_object();
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let optional = fields.into_iter().flatten().any(|(name, _)| !required.iter().any(|known| known == name));
    let loose = schema["type"] == "object" && (optional || schema["additionalProperties"].as_bool() != Some(false));
    loose
        || fields.into_iter().flatten().any(|(_, child)| is_loose(child))
        || schema["$defs"].as_object().into_iter().flatten().any(|(_, child)| is_loose(child))
        || (schema["items"].is_object() && is_loose(&schema["items"]))
}
