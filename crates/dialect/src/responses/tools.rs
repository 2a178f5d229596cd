//! Tools, and which of them must be called.
//!
//! Reference: OpenAI API reference, `Tool`: a function's members stand beside its type. Absent, `strict` means yes here
//! and no in other formats.

use super::options::extension;
use crate::Dropped;
use crate::json::{Array, JsonFault, Node, Object, object};
use baton_model::chat::{Json, Tool, ToolChoice};
use baton_model::{ChatRequest, Dialect};

/// Reads `tools` and `tool_choice`.
pub(super) fn read(request: &mut ChatRequest, root: &Node<'_>) -> Result<(), JsonFault> {
    if let Some(tools) = root.get("tools") {
        request.tools = tools.items()?.iter().map(read_tool).collect::<Result<_, _>>()?;
    }
    request.tool_choice = root.get("tool_choice").map(read_choice).transpose()?;
    Ok(())
}

fn read_tool(node: &Node<'_>) -> Result<Tool, JsonFault> {
    let type_ = node.require("type")?.string()?;
    // Hosted tools (`web_search`, `mcp`) pass as they are, as will those that the vendor adds.
    if type_ != "function" {
        return Ok(Tool::Other { dialect: Dialect::Responses, json: node.json() });
    }
    let mut extensions = Vec::new();
    for (name, value) in node.members()? {
        let read = ["type", "name", "description", "parameters", "strict"].contains(&name.as_ref());
        if !read && !value.is_null() {
            extensions.push(extension(name.as_ref(), value));
        }
    }
    Ok(Tool::Function {
        name: node.require("name")?.string()?,
        description: node.get("description").map(Node::string).transpose()?,
        parameters: node.get("parameters").map(|schema| schema.members().map(|_| schema.json())).transpose()?,
        strict: node.get("strict").map(Node::bool).transpose()?,
        cache: None,
        extensions,
    })
}

fn read_choice(node: &Node<'_>) -> Result<ToolChoice, JsonFault> {
    if let Some(word) = node.as_str() {
        return Ok(match word.as_ref() {
            "none" => ToolChoice::None,
            "auto" => ToolChoice::Auto,
            "required" => ToolChoice::Required,
            _ => return Err(node.expected_fault("none, auto, required or an object")),
        });
    }
    node.members().map_err(|_| node.expected_fault("a string or an object"))?;
    let is_function = node.get("type").and_then(Node::as_str).as_deref() == Some("function");
    Ok(match node.get("name").filter(|_| is_function) {
        Some(name) => ToolChoice::Tool(name.string()?),
        None => ToolChoice::Other { dialect: Dialect::Responses, json: node.json() },
    })
}

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`. `request` holds the options.
pub(super) fn write(tools: &[Tool], request: &ChatRequest, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let mut any = false;
    let written = crate::json::array(|a| {
        for (place, tool) in tools.iter().enumerate() {
            any |= write_tool(tool, place, a, dropped);
        }
    });
    if any {
        o.raw("tools", &String::from_utf8_lossy(&written));
        o.maybe_bool("parallel_tool_calls", request.parallel_tool_calls);
    } else {
        // Without tools there is nothing to choose.
        return;
    }
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => o.string("tool_choice", "auto").end(),
        Some(ToolChoice::None) => o.string("tool_choice", "none").end(),
        Some(ToolChoice::Required) => o.string("tool_choice", "required").end(),
        Some(ToolChoice::Tool(name)) => o
            .object("tool_choice", |o| {
                o.string("type", "function").string("name", name);
            })
            .end(),
        Some(ToolChoice::Other { dialect: Dialect::Responses, json }) => o.json("tool_choice", json).end(),
        Some(ToolChoice::Other { dialect, json }) => match choice_of_chat(*dialect, json) {
            Some(choice) => o.raw("tool_choice", &choice).end(),
            None => dropped.push(Dropped::new("tool_choice", "not supported by responses")),
        },
    }
}

/// Whether the tool could be said.
fn write_tool(tool: &Tool, place: usize, a: &mut Array<'_>, dropped: &mut Vec<Dropped>) -> bool {
    match tool {
        Tool::Function { name, description, parameters, strict, cache, extensions } => {
            let mut members: Vec<(&str, &Json)> = Vec::new();
            for extension in extensions {
                if extension.dialect == Dialect::Responses {
                    members.push((&extension.path, &extension.value));
                } else {
                    let field = format!("tools[{place}].{}", extension.path);
                    dropped.push(Dropped::new(field, "not supported by responses"));
                }
            }
            if cache.is_some() {
                dropped.push(Dropped::new(format!("tools[{place}].cache_control"), "not supported by responses"));
            }
            a.object(|o| {
                o.string("type", "function").string("name", name).maybe_string("description", description.as_deref());
                match parameters {
                    Some(schema) => o.json("parameters", schema),
                    // Required here; that it takes none is a schema without members.
                    None => o.raw("parameters", r#"{"type":"object","properties":{}}"#),
                };
                o.bool("strict", strict.unwrap_or(false));
                for (name, value) in members {
                    o.json(name, value);
                }
            });
            true
        }
        Tool::Other { dialect: Dialect::Responses, json } => {
            a.raw(&json.0);
            true
        }
        Tool::Other { dialect, json } => match custom_of_chat(*dialect, json) {
            Some(custom) => {
                a.raw(&custom);
                true
            }
            None => {
                dropped.push(Dropped::new(format!("tools[{place}]"), "not supported by responses"));
                false
            }
        },
    }
}

/// A custom tool of a chat, whose members stand one level deeper, in this format.
fn custom_of_chat(dialect: Dialect, json: &Json) -> Option<String> {
    let node = Node::parse(json.0.as_bytes()).ok().filter(|_| dialect == Dialect::OpenAi)?;
    let custom = node.get("custom")?;
    let flat = object(|o| {
        o.string("type", "custom");
        for (name, value) in custom.members().unwrap_or_default() {
            match value.get("grammar").filter(|_| name == "format") {
                Some(grammar) => o
                    .object("format", |o| {
                        o.string("type", "grammar");
                        for (name, value) in grammar.members().unwrap_or_default() {
                            o.raw(name, value.text());
                        }
                    })
                    .end(),
                None => o.raw(name, value.text()).end(),
            }
        }
    });
    String::from_utf8(flat).ok()
}

/// A choice among some tools, or of a custom one, as chats say it, in this format.
fn choice_of_chat(dialect: Dialect, json: &Json) -> Option<String> {
    let node = Node::parse(json.0.as_bytes()).ok().filter(|_| dialect == Dialect::OpenAi)?;
    let named = |node: &Node<'_>, o: &mut Object<'_>| {
        for type_ in ["function", "custom"] {
            if let Some(name) = node.get(type_).and_then(|tool| tool.get("name")) {
                o.string("type", type_).raw("name", name.text());
            }
        }
    };
    let flat = if let Some(allowed) = node.get("allowed_tools") {
        let (mode, tools) = (allowed.get("mode")?, allowed.get("tools")?.items().ok()?);
        object(|o| {
            o.string("type", "allowed_tools").raw("mode", mode.text()).array("tools", |a| {
                for tool in tools {
                    a.object(|o| named(tool, o));
                }
            });
        })
    } else {
        node.get("custom")?.get("name")?;
        object(|o| named(&node, o))
    };
    String::from_utf8(flat).ok()
}
