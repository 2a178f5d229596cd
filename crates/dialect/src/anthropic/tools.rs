//! Tools, and which of them must be called.
//!
//! Reference: Anthropic API reference, `Tool` and `ToolChoice`. A tool with a `type` other than `custom` is one that
//! the provider runs; whether several calls may be made at once is said in the choice.

use super::cache;
use super::extension::{UNKNOWN, extension};
use crate::Dropped;
use crate::json::{Array, JsonFault, Node, Object};
use baton_model::chat::{Json, Tool, ToolChoice};
use baton_model::{ChatRequest, Dialect};

/// Reads `tools` and `tool_choice`.
pub(super) fn read(request: &mut ChatRequest, root: &Node<'_>) -> Result<(), JsonFault> {
    if let Some(tools) = root.get("tools") {
        request.tools = tools.items()?.iter().map(read_tool).collect::<Result<_, _>>()?;
    }
    let Some(choice) = root.get("tool_choice") else { return Ok(()) };
    let type_ = choice.require("type")?;
    request.tool_choice = Some(match type_.string()?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.require("name")?.string()?),
        _ => return Err(type_.expected_fault("auto, any, tool or none")),
    });
    let single = choice.get("disable_parallel_tool_use").map(Node::bool).transpose()?;
    request.parallel_tool_calls = single.map(|single| !single);
    Ok(())
}

fn read_tool(node: &Node<'_>) -> Result<Tool, JsonFault> {
    const READ: [&str; 6] = ["type", "name", "description", "input_schema", "strict", cache::MEMBER];
    let type_ = node.get("type").map(Node::string).transpose()?;
    if type_.is_some_and(|type_| type_ != "custom") {
        return Ok(Tool::Other { dialect: Dialect::Anthropic, json: node.json() });
    }
    let schema = node.require("input_schema")?;
    // Only looked at: it goes on as it stood, but it has to be an object.
    schema.members()?;
    let others = node.members()?.iter().filter(|(name, value)| !READ.contains(&name.as_ref()) && !value.is_null());
    Ok(Tool::Function {
        name: node.require("name")?.string()?,
        description: node.get("description").map(Node::string).transpose()?,
        parameters: Some(schema.json()),
        strict: node.get("strict").map(Node::bool).transpose()?,
        cache: cache::read(node)?,
        extensions: others.map(|(name, value)| extension(name.as_ref(), value)).collect(),
    })
}

/// Whether the model must call a tool, which excludes a reasoning budget.
pub(super) fn is_forced(request: &ChatRequest, tools: &[Tool]) -> bool {
    // OpenAI's `allowed_tools` can force a call too.
    let forced = match &request.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Tool(_)) => true,
        Some(ToolChoice::Other { dialect: Dialect::OpenAi, json }) => {
            allowed(json).is_some_and(|allowed| allowed.required)
        }
        _ => false,
    };
    forced && tools.iter().any(is_known)
}

fn is_known(tool: &Tool) -> bool {
    !matches!(tool, Tool::Other { dialect, .. } if *dialect != Dialect::Anthropic)
}

/// Writes `tools` and `tool_choice`. `request` holds the options.
pub(super) fn write(tools: &[Tool], request: &ChatRequest, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Other { dialect: Dialect::OpenAi, json }) => allowed(json),
        _ => None,
    };
    let is_allowed = |tool: &Tool| match (&allowed, tool) {
        (Some(allowed), Tool::Function { name, .. }) => allowed.names.contains(name),
        _ => true,
    };
    let foreign = tools.iter().enumerate().filter(|(_, tool)| !is_known(tool));
    dropped.extend(foreign.map(|(place, _)| Dropped::new(format!("tools[{place}]"), UNKNOWN)));
    // Without tools the format refuses a choice among them.
    if !tools.iter().any(|tool| is_known(tool) && is_allowed(tool)) {
        let chosen = !matches!(request.tool_choice, None | Some(ToolChoice::Auto | ToolChoice::None));
        let single = request.parallel_tool_calls == Some(false);
        for (name, said) in [("tool_choice", chosen), ("parallel_tool_calls", single)] {
            if said && !tools.is_empty() {
                dropped.push(Dropped::new(name, "none of the allowed tools is supported by anthropic"));
            }
        }
        return;
    }
    o.array("tools", |a| {
        for (place, tool) in tools.iter().enumerate().filter(|(_, tool)| is_allowed(tool)) {
            write_tool(tool, place, a, dropped);
        }
    });
    let (word, name) = match (&request.tool_choice, &allowed) {
        (_, Some(allowed)) => (if allowed.required { "any" } else { "auto" }, None),
        (Some(ToolChoice::None), _) => {
            // By the reference `none` has no other member, not even the one about parallel calls.
            o.object("tool_choice", |o| {
                o.string("type", "none");
            });
            return;
        }
        (Some(ToolChoice::Required), _) => ("any", None),
        (Some(ToolChoice::Tool(name)), _) => ("tool", Some(name.as_str())),
        (Some(ToolChoice::Auto), _) => ("auto", None),
        (Some(ToolChoice::Other { .. }), _) => {
            dropped.push(Dropped::new("tool_choice", UNKNOWN));
            ("auto", None)
        }
        // `disable_parallel_tool_use` stands in a choice, so one is needed: the default.
        (None, _) if request.parallel_tool_calls == Some(false) => ("auto", None),
        (None, _) => return,
    };
    o.object("tool_choice", |o| {
        o.string("type", word).maybe_string("name", name);
        o.maybe_bool("disable_parallel_tool_use", request.parallel_tool_calls.map(|parallel| !parallel));
    });
}

fn write_tool(tool: &Tool, place: usize, a: &mut Array<'_>, dropped: &mut Vec<Dropped>) {
    match tool {
        Tool::Function { name, description, parameters, strict, cache, extensions } => {
            a.object(|o| {
                o.string("name", name).maybe_string("description", description.as_deref());
                o.raw("input_schema", &schema(parameters.as_ref())).maybe_bool("strict", *strict);
                cache::write(*cache, o);
                for extension in extensions {
                    if extension.dialect == Dialect::Anthropic {
                        o.json(&extension.path, &extension.value);
                    } else {
                        dropped.push(Dropped::new(format!("tools[{place}].{}", extension.path), UNKNOWN));
                    }
                }
            });
        }
        Tool::Other { dialect: Dialect::Anthropic, json } => drop(a.raw(&json.0)),
        // `write` has reported it.
        Tool::Other { .. } => {}
    }
}

/// A schema with the `type` that the format requires; others let it be understood.
fn schema(parameters: Option<&Json>) -> String {
    let Some(Json(text)) = parameters else { return r#"{"type":"object","properties":{}}"#.to_owned() };
    match Node::parse(text.as_bytes()) {
        Ok(node) if node.is_object() && node.get("type").is_none() => {
            let members = node.text().strip_prefix('{').unwrap_or_default();
            let comma = if members.trim() == "}" { "" } else { "," };
            format!("{{\"type\":\"object\"{comma}{members}")
        }
        _ => text.clone(),
    }
}

/// OpenAI's choice among some of the tools: here the others are left out.
struct Allowed {
    required: bool,
    names: Vec<String>,
}

fn allowed(json: &Json) -> Option<Allowed> {
    let node = Node::parse(json.0.as_bytes()).ok()?;
    // The reference nests it; clients also send it flat.
    let choice = node.get("allowed_tools").unwrap_or(&node);
    let tools = choice.get("tools")?.items().ok()?;
    let names = tools.iter().filter_map(|tool| tool.get("function").unwrap_or(tool).get("name")?.string_or_none());
    Some(Allowed {
        required: choice.get("mode").and_then(Node::as_str).as_deref() == Some("required"),
        names: names.collect(),
    })
}
