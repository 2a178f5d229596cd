//! Tools. That none may be called is said by sending none; that one must be, by the schema of the reply (`forced.rs`).

use crate::Dropped;
use crate::json::{Array, JsonFault, Node, Object};
use crate::ollama::options::extension;
use baton_model::chat::{Json, Tool, ToolChoice};
use baton_model::{ChatRequest, Dialect};

/// The schema of a function that takes nothing: without one, templates print a schema of empty fields.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

/// Reads `tools`.
pub(super) fn read(tools: &Node<'_>) -> Result<Vec<Tool>, JsonFault> {
    tools.items()?.iter().map(read_tool).collect()
}

fn read_tool(node: &Node<'_>) -> Result<Tool, JsonFault> {
    let type_ = node.get("type").map(Node::string).transpose()?;
    if type_.as_deref().is_some_and(|type_| type_ != "function") {
        return Ok(Tool::Other { dialect: Dialect::Ollama, json: node.json() });
    }
    let function = node.require("function")?;
    let mut extensions = Vec::new();
    for (name, value) in node.members()? {
        if !["type", "function"].contains(&name.as_ref()) && !value.is_null() {
            extensions.push(extension(name.as_ref(), value));
        }
    }
    for (name, value) in function.members()? {
        if !["name", "description", "parameters"].contains(&name.as_ref()) && !value.is_null() {
            extensions.push(extension(format!("function.{name}"), value));
        }
    }
    Ok(Tool::Function {
        name: function.require("name")?.string()?,
        description: function.get("description").map(Node::string).transpose()?,
        parameters: function.get("parameters").map(|schema| schema.members().map(|_| schema.json())).transpose()?,
        strict: None,
        cache: None,
        extensions,
    })
}

/// Writes `tools`. `request` holds the options.
pub(super) fn write(tools: &[Tool], request: &ChatRequest, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    match &request.tool_choice {
        Some(ToolChoice::None) => return,
        None | Some(ToolChoice::Auto) => {}
        Some(ToolChoice::Required | ToolChoice::Tool(_) | ToolChoice::Other { .. }) => {
            dropped.push(Dropped::new("tool_choice", "not supported by ollama: the model decides"));
        }
    }
    if request.parallel_tool_calls == Some(false) {
        dropped.push(Dropped::new("parallel_tool_calls", "not supported by ollama"));
    }
    let known = |tool: &Tool| !matches!(tool, Tool::Other { dialect, .. } if *dialect != Dialect::Ollama);
    let foreign = tools.iter().enumerate().filter(|(_, tool)| !known(tool));
    dropped.extend(foreign.map(|(place, _)| Dropped::new(format!("tools[{place}]"), "not supported by ollama")));
    if tools.iter().any(known) {
        o.array("tools", |a| {
            for (place, tool) in tools.iter().enumerate() {
                write_tool(tool, place, a, dropped);
            }
        });
    }
}

fn write_tool(tool: &Tool, place: usize, a: &mut Array<'_>, dropped: &mut Vec<Dropped>) {
    let mut drop =
        |field: &str| dropped.push(Dropped::new(format!("tools[{place}].{field}"), "not supported by ollama"));
    let (name, description, parameters, extensions) = match tool {
        Tool::Function { name, description, parameters, strict, cache, extensions } => {
            if strict.is_some() {
                drop("strict");
            }
            if cache.is_some() {
                drop("cache_control");
            }
            (name, description, parameters, extensions)
        }
        Tool::Other { dialect: Dialect::Ollama, json } => {
            a.raw(&json.0);
            return;
        }
        Tool::Other { .. } => return,
    };
    let mut outer: Vec<(&str, &Json)> = Vec::new();
    let mut inner: Vec<(&str, &Json)> = Vec::new();
    for extension in extensions {
        match extension.path.strip_prefix("function.") {
            _ if extension.dialect != Dialect::Ollama => drop(&extension.path),
            Some(name) => inner.push((name, &extension.value)),
            None => outer.push((&extension.path, &extension.value)),
        }
    }
    a.object(|o| {
        o.string("type", "function").object("function", |o| {
            o.string("name", name).maybe_string("description", description.as_deref());
            o.raw("parameters", parameters.as_ref().map_or(NO_PARAMETERS, |schema| &schema.0));
            for (name, value) in inner {
                o.json(name, value);
            }
        });
        for (name, value) in outer {
            o.json(name, value);
        }
    });
}
