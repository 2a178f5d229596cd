//! A request for a model of another format: its tools, calls and results as functions.

use super::functions::adapt_functions;
use super::input::{MEMBER, as_arguments};
use super::join;
use crate::Dropped;
use crate::json::{Node, array, object};
use baton_model::chat::{Json, Message, MessageRole, Part, PartKind, Tool, ToolCall, ToolChoice, ToolResult};
use baton_model::{ChatRequest, Dialect, Operation};
use std::borrow::Cow;
use std::collections::HashSet;

/// The request as a model of that format takes it, and what was lost; the very same if there is nothing to change.
pub fn adapt(operation: &Operation, dialect: Dialect) -> (Cow<'_, Operation>, Vec<Dropped>) {
    let Operation::Chat(request) = operation else { return (Cow::Borrowed(operation), Vec::new()) };
    if !needs(request, dialect) {
        return (Cow::Borrowed(operation), Vec::new());
    }
    let (mut request, mut dropped) = (request.clone(), Vec::new());
    request.tools = adapt_tools(std::mem::take(&mut request.tools), dialect, &mut dropped);
    request.tool_choice = request.tool_choice.take().map(|choice| adapt_choice(choice, dialect));
    adapt_namespaces(&mut request, dialect);
    adapt_calls(&mut request.messages, dialect);
    // Functions are of chats, so a request for a chat keeps them.
    if dialect != Dialect::OpenAi {
        adapt_functions(&mut request, dialect);
    }
    (Cow::Owned(Operation::Chat(request)), dropped)
}

/// Whether something of OpenAI's own stands in a request for another format.
fn needs(request: &ChatRequest, dialect: Dialect) -> bool {
    let foreign = |of: Dialect| of != dialect && matches!(of, Dialect::OpenAi | Dialect::Responses);
    let part = |part: &Part| matches!(&part.kind, PartKind::Other { dialect, .. } if foreign(*dialect));
    request.tools.iter().any(|tool| matches!(tool, Tool::Other { dialect, .. } if foreign(*dialect)))
        || matches!(&request.tool_choice, Some(ToolChoice::Other { dialect, .. }) if foreign(*dialect))
        || request.extensions.iter().any(|extension| foreign(extension.dialect))
        || request.messages.iter().any(|message| message.parts.iter().any(part))
}

fn adapt_tools(tools: Vec<Tool>, dialect: Dialect, dropped: &mut Vec<Dropped>) -> Vec<Tool> {
    let mut adapted = Vec::with_capacity(tools.len());
    for (place, tool) in tools.into_iter().enumerate() {
        let functions = match &tool {
            // The two formats of OpenAI know custom tools both; the codec says them in its own way.
            Tool::Other { dialect: Dialect::OpenAi, .. } if dialect == Dialect::Responses => None,
            Tool::Other { dialect: of @ (Dialect::OpenAi | Dialect::Responses), json } if *of != dialect => {
                Node::parse(json.0.as_bytes()).ok().and_then(|node| functions_of(&node, None, place, dropped))
            }
            _ => None,
        };
        match functions {
            Some(functions) => adapted.extend(functions),
            None => adapted.push(tool),
        }
    }
    adapted
}

/// The functions that stand for a custom tool or a namespace; `None` for any other tool.
fn functions_of(
    node: &Node<'_>,
    namespace: Option<&str>,
    place: usize,
    dropped: &mut Vec<Dropped>,
) -> Option<Vec<Tool>> {
    let type_ = node.get("type")?.as_str()?;
    // Chats have them in an object of that name, responses beside the type.
    let members = node.get(&type_).filter(|members| members.is_object()).unwrap_or(node);
    let own_name = members.get("name")?.string_or_none()?;
    let name = namespace.map_or_else(|| own_name.clone(), |namespace| join(namespace, &own_name));
    let description = members.get("description").and_then(Node::string_or_none);
    match &*type_ {
        "custom" => {
            let format = members.get("format");
            let grammar = format.map(|format| format.get("grammar").unwrap_or(format));
            let description = describe(description, grammar);
            if grammar.is_some_and(|grammar| grammar.get("definition").is_some()) {
                dropped.push(Dropped::new(format!("tools[{place}].format"), "told to the model, but not enforced"));
            }
            Some(vec![function(name, description, Some(Json(INPUT.to_owned())), None)])
        }
        // One that is in no namespace is said by every format's own codec.
        "function" if namespace.is_some() => {
            let parameters = members.get("parameters").map(Node::json);
            let strict = members.get("strict").and_then(|strict| strict.bool().ok());
            Some(vec![function(name, description, parameters, strict)])
        }
        "namespace" => {
            let inner = node.get("tools").and_then(|tools| tools.items().ok()).unwrap_or_default();
            if description.is_some() {
                let field = format!("tools[{place}].description");
                dropped.push(Dropped::new(field, "namespaces are sent as functions, which stand alone"));
            }
            Some(inner.iter().filter_map(|tool| functions_of(tool, Some(&name), place, dropped)).flatten().collect())
        }
        _ => None,
    }
}

/// The schema of a function that takes one text.
const INPUT: &str = r#"{"type":"object","properties":{"input":{"type":"string","description":"The whole input, as plain text."}},"required":["input"],"additionalProperties":false}"#;

fn function(name: String, description: Option<String>, parameters: Option<Json>, strict: Option<bool>) -> Tool {
    Tool::Function { name, description, parameters, strict, cache: None, extensions: Vec::new() }
}

/// What a custom tool does, with the grammar of its text: nothing but the words can tell the model of it.
fn describe(description: Option<String>, grammar: Option<&Node<'_>>) -> Option<String> {
    let text = |name: &str| grammar.and_then(|grammar| grammar.get(name)).and_then(Node::string_or_none);
    let Some(definition) = text("definition") else { return description };
    let syntax = text("syntax").unwrap_or_default();
    let rule = format!("`{MEMBER}` must match this {syntax} grammar:\n{definition}");
    Some(description.map_or_else(|| rule.clone(), |description| format!("{description}\n\n{rule}")))
}

fn adapt_choice(choice: ToolChoice, dialect: Dialect) -> ToolChoice {
    let ToolChoice::Other { dialect: of, json } = &choice else { return choice };
    if *of == dialect || (*of == Dialect::OpenAi && dialect == Dialect::Responses) {
        return choice;
    }
    let Ok(node) = Node::parse(json.0.as_bytes()) else { return choice };
    let type_ = node.get("type").and_then(Node::as_str).unwrap_or_default();
    let named = node.get(&type_).unwrap_or(&node).get("name").and_then(Node::string_or_none);
    match (&*type_, named) {
        ("custom", Some(name)) => ToolChoice::Tool(name),
        // The same in both formats, but flat in responses. Codecs of other formats know it as a chat has it.
        ("allowed_tools", _) if *of == Dialect::Responses => {
            nest_allowed(&node).map_or(choice, |json| ToolChoice::Other { dialect: Dialect::OpenAi, json })
        }
        _ => choice,
    }
}

/// A choice among some tools, as chats say it.
fn nest_allowed(node: &Node<'_>) -> Option<Json> {
    let (mode, tools) = (node.get("mode")?, node.get("tools")?.items().ok()?);
    let list = array(|a| {
        for name in tools.iter().filter_map(|tool| tool.get("name")) {
            a.object(|o| {
                // Custom tools are functions by now.
                o.string("type", "function").object("function", |o| o.raw("name", name.text()).end());
            });
        }
    });
    let nested = object(|o| {
        o.string("type", "allowed_tools").object("allowed_tools", |o| {
            o.raw("mode", mode.text()).raw("tools", &String::from_utf8_lossy(&list));
        });
    });
    String::from_utf8(nested).ok().map(Json)
}

/// Names of calls in a namespace, joined; where they stand is said by extensions beside them.
fn adapt_namespaces(request: &mut ChatRequest, dialect: Dialect) {
    if dialect == Dialect::Responses {
        return;
    }
    let messages = &mut request.messages;
    request.extensions.retain(|extension| {
        let Some(path) = extension.path.strip_suffix(".namespace").filter(|_| extension.dialect == Dialect::Responses)
        else {
            return true;
        };
        let call = place_of(path).and_then(|(message, part)| messages.get_mut(message)?.parts.get_mut(part));
        let Some(PartKind::ToolCall(call)) = call.map(|part| &mut part.kind) else { return true };
        let namespace = Node::parse(extension.value.0.as_bytes()).ok().and_then(|node| node.string_or_none());
        if let Some(namespace) = namespace {
            call.name = join(&namespace, &call.name);
        }
        false
    });
}

/// The numbers in `messages[1].content[2]`.
fn place_of(path: &str) -> Option<(usize, usize)> {
    let (message, part) = path.strip_prefix("messages[")?.strip_suffix(']')?.split_once("].content[")?;
    Some((message.parse().ok()?, part.parse().ok()?))
}

/// Calls of custom tools and their results, as those of functions; for responses, as that format's own.
fn adapt_calls(messages: &mut [Message], dialect: Dialect) {
    // Results of a chat don't say whether their tool was a custom one.
    let mut custom_ids = HashSet::new();
    for message in messages {
        for part in &mut message.parts {
            let adapted = match &part.kind {
                PartKind::Other { dialect: of, json } if *of != dialect => adapt_call(json, *of, dialect),
                PartKind::ToolResult(result) if custom_ids.contains(&result.call_id) => own_result(result),
                _ => None,
            };
            let Some(kind) = adapted else { continue };
            if let (PartKind::Other { .. }, PartKind::Other { json, .. }) = (&part.kind, &kind) {
                custom_ids.extend(call_id(json));
            }
            part.kind = kind;
        }
        let results = message.parts.iter().all(|part| matches!(part.kind, PartKind::ToolResult(_)));
        if message.role == MessageRole::User && !message.parts.is_empty() && results {
            message.role = MessageRole::Tool;
        }
    }
}

fn call_id(json: &Json) -> Option<String> {
    Node::parse(json.0.as_bytes()).ok()?.get("call_id")?.string_or_none()
}

fn adapt_call(json: &Json, of: Dialect, dialect: Dialect) -> Option<PartKind> {
    let node = Node::parse(json.0.as_bytes()).ok()?;
    let text = |node: &Node<'_>, name: &str| node.get(name).and_then(Node::string_or_none);
    let (id, call) = match (of, &*node.get("type")?.as_str()?) {
        (Dialect::Responses, "custom_tool_call_output") => {
            let mut result = ToolResult { call_id: text(&node, "call_id")?, ..ToolResult::default() };
            // Text or parts, as results of functions; parts that can't be read are no reason to lose the rest.
            let _ = crate::responses::read_output(node.get("output")?, &mut result.parts);
            return Some(PartKind::ToolResult(result));
        }
        (Dialect::Responses, "custom_tool_call") => (text(&node, "call_id")?, &node),
        (Dialect::OpenAi, "custom") => (text(&node, "id")?, node.get("custom")?),
        _ => return None,
    };
    let (name, input) = (text(call, "name")?, text(call, "input").unwrap_or_default());
    if dialect != Dialect::Responses {
        let name = match text(call, "namespace") {
            Some(namespace) => join(&namespace, &name),
            None => name,
        };
        return Some(PartKind::ToolCall(ToolCall { id, name, arguments: as_arguments(&input) }));
    }
    own_item(object(|o| {
        o.string("type", "custom_tool_call").string("call_id", &id).string("name", &name).string("input", &input);
    }))
}

/// The result of a custom tool in responses. Its text alone: a chat's results hold nothing else.
fn own_result(result: &ToolResult) -> Option<PartKind> {
    let texts = result.parts.iter().filter_map(|part| match &part.kind {
        PartKind::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let output: String = texts.collect();
    own_item(object(|o| {
        o.string("type", "custom_tool_call_output").string("call_id", &result.call_id).string("output", &output);
    }))
}

fn own_item(json: Vec<u8>) -> Option<PartKind> {
    Some(PartKind::Other { dialect: Dialect::Responses, json: Json(String::from_utf8(json).ok()?) })
}
