//! What Ollama refuses in a chat. Unknown fields it ignores.

use super::{capabilities, refusal};
use crate::call::SimRefusal;
use serde_json::Value;

pub(super) fn chat(json: &Value, model: &str) -> Result<(), SimRefusal> {
    let able = |ability: &str| capabilities(model).contains(&ability);
    if !able("completion") {
        return Err(refusal(400, format!("\"{model}\" does not support chat")));
    }
    // Ollama refuses `think` for a model that can't, where other vendors ignore it.
    let reasons = !json["think"].is_null() && json["think"].as_bool() != Some(false);
    if reasons && !able("thinking") {
        return Err(refusal(400, format!("\"{model}\" does not support thinking")));
    }
    for message in json["messages"].as_array().into_iter().flatten() {
        self::message(message)?;
    }
    for tool in json["tools"].as_array().into_iter().flatten() {
        if tool["type"] != "function" || !tool["function"]["name"].is_string() {
            return Err(refusal(400, "invalid tool"));
        }
    }
    options(&json["options"])
}

pub(super) fn options(options: &Value) -> Result<(), SimRefusal> {
    for name in ["num_ctx", "num_predict", "seed", "top_k"] {
        if !options[name].is_null() && options[name].as_i64().is_none() {
            return Err(refusal(400, format!("option \"{name}\" must be of type integer")));
        }
    }
    match &options["stop"] {
        Value::Null => Ok(()),
        Value::Array(stops) if stops.iter().all(Value::is_string) => Ok(()),
        _ => Err(refusal(400, "option \"stop\" must be of type array")),
    }
}

fn message(message: &Value) -> Result<(), SimRefusal> {
    let role = message["role"].as_str().unwrap_or_default();
    if !["system", "user", "assistant", "tool"].contains(&role) {
        return Err(refusal(400, format!("invalid role: {role}")));
    }
    let content = &message["content"];
    // The words of Go's JSON decoder. Ollama takes no list of parts, so a translation must join texts and move
    // images.
    if !content.is_null() && !content.is_string() {
        let text = "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string";
        return Err(refusal(400, text));
    }
    for image in message["images"].as_array().into_iter().flatten() {
        let fits = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        if image.as_str().is_none_or(|data| data.is_empty() || !data.chars().all(fits)) {
            return Err(refusal(400, "illegal base64 data at input byte 4"));
        }
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        // An object, where OpenAI has a string of JSON.
        if !call["function"]["arguments"].is_object() {
            let text = "json: cannot unmarshal string into Go struct field \
                        ChatRequest.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments";
            return Err(refusal(400, text));
        }
    }
    Ok(())
}
