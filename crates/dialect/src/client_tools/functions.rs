//! `functions` and `function_call`, the older form of a chat's tools, as tools.
//!
//! A call has no id there, and its result names the function alone: ids are made, the same for the same conversation,
//! so that a provider's prompt cache finds it.

use crate::json::Node;
use baton_model::chat::{Json, MessageRole, Part, PartKind, Tool, ToolCall, ToolChoice};
use baton_model::{ChatRequest, Dialect};

/// Changes a chat's older members into tools, a choice, calls and results.
pub(super) fn adapt_functions(request: &mut ChatRequest, dialect: Dialect) {
    if let Some(functions) = take(request, "functions") {
        request.tools.extend(read_tools(&functions));
        // The older form has one call in a reply. Where that can't be asked for, it is no loss that the client could mend.
        if dialect != Dialect::Ollama {
            request.parallel_tool_calls = Some(false);
        }
    }
    if let Some(choice) = take(request, "function_call") {
        request.tool_choice = read_choice(&choice).or_else(|| request.tool_choice.take());
    }
    let (mut calls, mut open) = (0, None);
    for message in &mut request.messages {
        for part in &mut message.parts {
            match &mut part.kind {
                PartKind::Other { dialect: Dialect::OpenAi, json } if message.role == MessageRole::Assistant => {
                    let Some(mut call) = read_call(json) else { continue };
                    call.id = format!("call_{calls}");
                    calls += 1;
                    open = Some((call.name.clone(), call.id.clone()));
                    *part = Part::from(PartKind::ToolCall(call));
                }
                PartKind::ToolResult(result) if result.call_id.is_empty() => {
                    let answered = open.take_if(|(name, _)| result.name.as_ref().is_none_or(|result| result == name));
                    if let Some((_, id)) = answered {
                        result.call_id = id;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Takes a member of the request that no other format knows.
fn take(request: &mut ChatRequest, name: &str) -> Option<Json> {
    let is = |extension: &baton_model::chat::Extension| extension.dialect == Dialect::OpenAi && extension.path == name;
    let place = request.extensions.iter().position(is)?;
    Some(request.extensions.remove(place).value)
}

fn read_tools(functions: &Json) -> Vec<Tool> {
    let Ok(node) = Node::parse(functions.0.as_bytes()) else { return Vec::new() };
    let tools = node.items().unwrap_or_default().iter().filter_map(|function| {
        Some(Tool::Function {
            name: function.get("name")?.string_or_none()?,
            description: function.get("description").and_then(Node::string_or_none),
            parameters: function.get("parameters").map(Node::json),
            strict: None,
            cache: None,
            extensions: Vec::new(),
        })
    });
    tools.collect()
}

fn read_choice(choice: &Json) -> Option<ToolChoice> {
    let node = Node::parse(choice.0.as_bytes()).ok()?;
    match node.string_or_none().as_deref() {
        Some("none") => Some(ToolChoice::None),
        Some("auto") => Some(ToolChoice::Auto),
        _ => node.get("name")?.string_or_none().map(ToolChoice::Tool),
    }
}

/// A member of the assistant's message, if it is its `function_call`.
fn read_call(json: &Json) -> Option<ToolCall> {
    let node = Node::parse(json.0.as_bytes()).ok()?;
    let call = node.get("function_call")?;
    let arguments = call.get("arguments").and_then(Node::string_or_none).unwrap_or_default();
    Some(ToolCall { id: String::new(), name: call.get("name")?.string_or_none()?, arguments })
}
