//! Tools, and which of them must be called.

use crate::Dropped;
use crate::json::{Array, JsonFault, Node, Object};
use crate::openai::extension::extension;
use crate::openai_cache as cache;
use baton_model::chat::{Json, Tool, ToolChoice};
use baton_model::{ChatRequest, Dialect};

/// Reads `tools` and `tool_choice`.
pub(crate) fn read(request: &mut ChatRequest, root: &Node<'_>) -> Result<(), JsonFault> {
    if let Some(tools) = root.get("tools") {
        request.tools = tools.items()?.iter().map(read_tool).collect::<Result<_, _>>()?;
    }
    request.tool_choice = root.get("tool_choice").map(read_choice).transpose()?;
    Ok(())
}

fn read_tool(node: &Node<'_>) -> Result<Tool, JsonFault> {
    let type_ = node.get("type").map(Node::string).transpose()?;
    if type_.as_deref().is_some_and(|type_| type_ != "function") || node.get("function").is_none() {
        // What has neither a type nor a function says nothing that could be passed on.
        node.require("type")?;
        return Ok(Tool::Other { dialect: Dialect::OpenAi, json: node.json() });
    }
    let function = node.require("function")?;
    let mut extensions = Vec::new();
    for (name, value) in node.members()? {
        if !["type", "function"].contains(&name.as_ref())
            && !cache::MEMBERS.contains(&name.as_ref())
            && !value.is_null()
        {
            extensions.push(extension(name.as_ref(), value));
        }
    }
    for (name, value) in function.members()? {
        if !["name", "description", "parameters", "strict"].contains(&name.as_ref()) && !value.is_null() {
            extensions.push(extension(format!("function.{name}"), value));
        }
    }
    Ok(Tool::Function {
        name: function.require("name")?.string()?,
        description: function.get("description").map(Node::string).transpose()?,
        parameters: function.get("parameters").map(|schema| schema.members().map(|_| schema.json())).transpose()?,
        strict: function.get("strict").map(Node::bool).transpose()?,
        cache: cache::read(node)?,
        extensions,
    })
}

fn read_choice(node: &Node<'_>) -> Result<ToolChoice, JsonFault> {
    let other = || ToolChoice::Other { dialect: Dialect::OpenAi, json: node.json() };
    if let Some(word) = node.as_str() {
        return Ok(match word.as_ref() {
            "none" => ToolChoice::None,
            "auto" => ToolChoice::Auto,
            // Mistral's word.
            "required" | "any" => ToolChoice::Required,
            _ => return Err(node.expected_fault("none, auto, required or an object")),
        });
    }
    node.members().map_err(|_| node.expected_fault("a string or an object"))?;
    Ok(match node.get("function").and_then(|function| function.get("name")) {
        Some(name) => ToolChoice::Tool(name.string()?),
        None => other(),
    })
}

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`. `request` holds the options.
pub(super) fn write(
    tools: &[Tool],
    request: &ChatRequest,
    marks: bool,
    o: &mut Object<'_>,
    dropped: &mut Vec<Dropped>,
) {
    let known = |tool: &Tool| !matches!(tool, Tool::Other { dialect, .. } if *dialect != Dialect::OpenAi);
    if tools.iter().any(known) {
        o.array("tools", |a| {
            for (place, tool) in tools.iter().enumerate() {
                write_tool(tool, place, marks, a, dropped);
            }
        });
        o.maybe_bool("parallel_tool_calls", request.parallel_tool_calls);
    } else {
        let foreign = (0..tools.len()).map(|place| format!("tools[{place}]"));
        dropped.extend(foreign.map(|field| Dropped::new(field, "not supported by openai")));
        // Without tools the format refuses the options about them.
        let foreign = !tools.is_empty();
        let chosen = !matches!(request.tool_choice, None | Some(ToolChoice::Auto | ToolChoice::None));
        let single = request.parallel_tool_calls == Some(false);
        for (name, said) in [("tool_choice", chosen), ("parallel_tool_calls", single)] {
            if foreign && said {
                dropped.push(Dropped::new(name, "none of the allowed tools is supported by openai"));
            }
        }
        return;
    }
    match &request.tool_choice {
        None => {}
        Some(ToolChoice::Auto) => o.string("tool_choice", "auto").end(),
        Some(ToolChoice::None) => o.string("tool_choice", "none").end(),
        Some(ToolChoice::Required) => o.string("tool_choice", "required").end(),
        Some(ToolChoice::Tool(name)) => o
            .object("tool_choice", |o| {
                o.string("type", "function").object("function", |o| o.string("name", name).end());
            })
            .end(),
        Some(ToolChoice::Other { dialect: Dialect::OpenAi, json }) => o.json("tool_choice", json).end(),
        Some(ToolChoice::Other { .. }) => dropped.push(Dropped::new("tool_choice", "not supported by openai")),
    }
}

fn write_tool(tool: &Tool, place: usize, marks: bool, a: &mut Array<'_>, dropped: &mut Vec<Dropped>) {
    match tool {
        Tool::Function { name, description, parameters, strict, cache, extensions } => {
            if cache.is_some() && !marks {
                dropped.push(Dropped::new(format!("tools[{place}].cache_control"), "not supported by the model"));
            }
            let mut outer: Vec<(&str, &Json)> = Vec::new();
            let mut inner: Vec<(&str, &Json)> = Vec::new();
            for extension in extensions {
                if extension.dialect != Dialect::OpenAi {
                    let field = format!("tools[{place}].{}", extension.path);
                    dropped.push(Dropped::new(field, "not supported by openai"));
                } else if let Some(name) = extension.path.strip_prefix("function.") {
                    inner.push((name, &extension.value));
                } else {
                    outer.push((&extension.path, &extension.value));
                }
            }
            a.object(|o| {
                o.string("type", "function").object("function", |o| {
                    o.string("name", name).maybe_string("description", description.as_deref());
                    o.maybe_json("parameters", parameters.as_ref()).maybe_bool("strict", *strict);
                    for (name, value) in inner {
                        o.json(name, value);
                    }
                });
                cache::write(cache.filter(|_| marks), o);
                for (name, value) in outer {
                    o.json(name, value);
                }
            });
        }
        Tool::Other { dialect: Dialect::OpenAi, json } => {
            a.raw(&json.0);
        }
        Tool::Other { .. } => dropped.push(Dropped::new(format!("tools[{place}]"), "not supported by openai")),
    }
}
