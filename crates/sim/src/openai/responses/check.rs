//! What OpenAI refuses in a request for a response.

use crate::call::SimRefusal;
use crate::openai::chat::reasons;
use crate::openai::{check, invalid};
use crate::seal::seal;
use serde_json::Value;

/// The fields of the reference (OpenAI API reference, create a response).
const FIELDS: [&str; 32] = [
    "background",
    // Of the reference it is not, but OpenAI takes it: its own Codex sends it with every request.
    "client_metadata",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// The longest id of a call here.
const CALL_ID: usize = 64;

pub(super) fn check(json: &Value, context: &[Value], model: &str, strict: bool) -> Result<(), SimRefusal> {
    let unknown = json.as_object().into_iter().flatten().find(|(name, _)| strict && !FIELDS.contains(&name.as_str()));
    if let Some((name, _)) = unknown {
        return Err(invalid(name, format!("Unknown parameter: '{name}'.")));
    }
    if !reasons(model) && !json["reasoning"]["effort"].is_null() {
        return Err(invalid(
            "reasoning.effort",
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        ));
    }
    if reasons(model) && !json["temperature"].is_null() {
        return Err(invalid("temperature", "Unsupported parameter: 'temperature' is not supported with this model."));
    }
    if json["max_output_tokens"].as_u64().is_some_and(|most| most < 16) {
        return Err(invalid("max_output_tokens", "Invalid 'max_output_tokens': integer below minimum value, 16."));
    }
    tools(json)?;
    let format = &json["text"]["format"];
    if format["type"] == "json_schema" && (!format["name"].is_string() || !format["schema"].is_object()) {
        return Err(invalid("text.format.name", "Missing required parameter: 'text.format.name'."));
    }
    if format["strict"] == true {
        check::strict(&format["schema"], "response_format", &format["name"], "text.format.schema")?;
    }
    calls(context)?;
    check_reasoning(context)
}

fn tools(json: &Value) -> Result<(), SimRefusal> {
    for (place, tool) in json["tools"].as_array().into_iter().flatten().enumerate() {
        let param = format!("tools[{place}].name");
        if tool["type"] == "function" && !tool["name"].is_string() {
            return Err(invalid(&param, format!("Missing required parameter: '{param}'.")));
        }
        if tool["type"] == "function" {
            check::name(&tool["name"], &param)?;
            check::parameters(&tool["parameters"], &tool["name"])?;
            if tool["strict"] == true {
                check::strict(&tool["parameters"], "function", &tool["name"], &format!("tools[{place}].parameters"))?;
            }
        }
    }
    check::users(json)
}

/// Each item is known, each call has its output, and each output its call.
fn calls(context: &[Value]) -> Result<(), SimRefusal> {
    let ids = |kind: &str| context.iter().filter(|item| item["type"] == kind).map(|item| &item["call_id"]).collect();
    let (called, answered): (Vec<_>, Vec<_>) = (ids("function_call"), ids("function_call_output"));
    if let Some(id) = answered.iter().find(|id| !called.contains(id)) {
        return Err(invalid("input", format!("No tool call found for function call output with call_id {id}.")));
    }
    if let Some(id) = called.iter().find(|id| !answered.contains(id)) {
        return Err(invalid("input", format!("No tool output found for function call {id}.")));
    }
    for (place, item) in context.iter().enumerate() {
        let param = format!("input[{place}]");
        match item["type"].as_str() {
            None | Some("message") => message(item, &param)?,
            Some("function_call") if !item["arguments"].is_string() => {
                return Err(invalid(&format!("{param}.arguments"), "Invalid type: expected a string."));
            }
            Some(kind @ ("function_call" | "function_call_output")) => {
                let id = item["call_id"].as_str().unwrap_or_default();
                if id.is_empty() || id.chars().count() > CALL_ID {
                    return Err(check::too_long(&format!("{param}.call_id"), CALL_ID, id));
                }
                if kind == "function_call" {
                    check::name(&item["name"], &format!("{param}.name"))?;
                }
            }
            Some("reasoning") => {}
            Some(kind) => return Err(invalid(&param, format!("Invalid value: '{kind}'."))),
        }
    }
    Ok(())
}

fn message(item: &Value, param: &str) -> Result<(), SimRefusal> {
    let role = item["role"].as_str().unwrap_or_default();
    let kinds: &[&str] = match role {
        "user" => &["input_text", "input_image", "input_file", "input_audio"],
        "system" | "developer" => &["input_text"],
        "assistant" => &["output_text", "refusal"],
        _ => return Err(invalid(&format!("{param}.role"), format!("Invalid value: '{role}'."))),
    };
    for part in item["content"].as_array().into_iter().flatten() {
        let kind = part["type"].as_str().unwrap_or_default();
        if !kinds.contains(&kind) {
            let text = format!("Invalid value: '{kind}'. Supported values are: {kinds:?}");
            return Err(invalid(&format!("{param}.content"), text));
        }
        let image = part["image_url"].as_str().filter(|url| url.starts_with("data:"));
        let types = ["png", "jpeg", "gif", "webp"].map(|name| format!("data:image/{name};base64,"));
        if image.is_some_and(|url| !types.iter().any(|begin| url.starts_with(begin))) {
            return Err(invalid(&format!("{param}.content"), "Invalid value: unsupported image."));
        }
    }
    Ok(())
}

/// Reasoning comes back as it was, directly before what it led to.
fn check_reasoning(context: &[Value]) -> Result<(), SimRefusal> {
    let id = |item: &Value| item["id"].as_str().unwrap_or_default().to_owned();
    let mut reasoning: Option<String> = None;
    for item in context {
        if item["type"] == "reasoning" {
            // Null is allowed: a response that is stored is known by its id alone.
            let sealed = &item["encrypted_content"];
            if !sealed.is_null() && *sealed != seal(&id(item)) {
                return Err(SimRefusal {
                    code: Some("invalid_encrypted_content"),
                    ..invalid("input", format!("The encrypted content for item {} could not be verified.", id(item)))
                });
            }
            reasoning = Some(id(item));
            continue;
        }
        let number = id(item);
        let number = number.strip_prefix("fc_sim_r").or(number.strip_prefix("msg_sim_r")).map(str::to_owned);
        if let Some(number) = number {
            let wanted = format!("rs_sim_{}", number.split('_').next().unwrap_or_default());
            // OpenAI's rule for reasoning models: an item is not taken back without the reasoning that led to it.
            if reasoning.as_ref() != Some(&wanted) {
                let text = format!("was provided without its required 'reasoning' item: '{wanted}'.");
                return Err(invalid("input", format!("Item '{}' of type {} {text}", id(item), item["type"])));
            }
        }
    }
    let last = context.last().filter(|item| item["type"] == "reasoning");
    let text = "of type 'reasoning' was provided without its required following item.";
    last.map_or(Ok(()), |item| Err(invalid("input", format!("Item '{}' {text}", id(item)))))
}
