//! The options of a request: every top-level field but the conversation and the tools.
//!
//! Reference: OpenAI API reference, `CreateResponse`.

use crate::Dropped;
use crate::json::{JsonFault, JsonValue, Node, Object};
use baton_model::chat::{Effort, Extension, Json, OutputFormat, ReasoningOptions, Schema};
use baton_model::entity::ReasoningStyle;
use baton_model::{ChatRequest, Dialect, Quirks};

/// Fields that chat completions have too, and mean the same by: they are kept as extensions of that format.
const SHARED: [&str; 7] = [
    "metadata",
    "moderation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "stream_options.include_obfuscation",
    "user",
];

/// The smallest output limit that the service takes.
const LEAST_OUTPUT: u64 = 16;

/// What `include` asks for so that reasoning can be sent back, and for log probabilities.
const ENCRYPTED: &str = "reasoning.encrypted_content";
const LOGPROBS: &str = "message.output_text.logprobs";

/// A field that only this format knows, or chat completions as well.
pub(super) fn extension(path: impl Into<String>, node: &Node<'_>) -> Extension {
    let path = path.into();
    let dialect = if SHARED.contains(&path.as_str()) { Dialect::OpenAi } else { Dialect::Responses };
    Extension { dialect, path, value: node.json() }
}

/// Reads all fields but the conversation and the tools. What is not known becomes an extension; `null` is as good as
/// absent.
pub(super) fn read(root: &Node<'_>) -> Result<ChatRequest, JsonFault> {
    let mut request = ChatRequest::default();
    for (name, node) in root.members()? {
        if !node.is_null() && !["input", "instructions", "tools", "tool_choice"].contains(&name.as_ref()) {
            read_field(&mut request, name, node)?;
        }
    }
    // Of two user ids the newer word wins, whatever their order.
    if let (Some(user), Some(safety)) = (root.get("user"), root.get("safety_identifier")) {
        request.end_user = Some(safety.string()?);
        request.extensions.push(extension("user", user));
    }
    if let Some(top) = root.get("top_logprobs") {
        if request.logprobs.is_some() {
            request.logprobs = Some(top.integer()?);
        } else {
            request.extensions.push(extension("top_logprobs", top));
        }
    }
    Ok(request)
}

fn read_field(request: &mut ChatRequest, name: &str, node: &Node<'_>) -> Result<(), JsonFault> {
    match name {
        "model" => request.model = node.string()?,
        "temperature" => request.sampling.temperature = Some(node.f64()?),
        "top_p" => request.sampling.top_p = Some(node.f64()?),
        "max_output_tokens" => request.max_output_tokens = Some(node.integer()?),
        "parallel_tool_calls" => request.parallel_tool_calls = Some(node.bool()?),
        "stream" => request.stream = node.bool()?,
        "user" | "safety_identifier" => request.end_user = Some(node.string()?),
        "service_tier" => request.service_tier = Some(node.string()?),
        // Read by `read`, once it is known whether `include` asks for any.
        "top_logprobs" => {}
        "include" => read_include(request, node)?,
        "text" => read_text(request, node)?,
        "reasoning" => read_reasoning(request, node)?,
        "stream_options" => {
            for (name, option) in node.members()?.iter().filter(|(_, option)| !option.is_null()) {
                request.extensions.push(extension(format!("stream_options.{name}"), option));
            }
        }
        _ => request.extensions.push(extension(name, node)),
    }
    Ok(())
}

/// What is asked for by other means, or always, is no extension.
fn read_include(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    let mut rest = Vec::new();
    for item in node.items()? {
        match item.string()?.as_str() {
            LOGPROBS => request.logprobs = Some(0),
            // `write_include` decides about it: Baton asks for it wherever the model reasons.
            ENCRYPTED => {}
            _ => rest.push(item.text()),
        }
    }
    if !rest.is_empty() {
        let value = Json(format!("[{}]", rest.join(",")));
        request.extensions.push(Extension { dialect: Dialect::Responses, path: "include".into(), value });
    }
    Ok(())
}

fn read_text(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    for (name, value) in node.members()?.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_ref() {
            "verbosity" => request.verbosity = Some(value.string()?),
            "format" => match value.require("type")?.string()?.as_str() {
                "text" => request.output = OutputFormat::Text,
                "json_object" => request.output = OutputFormat::JsonObject,
                "json_schema" => {
                    request.output = OutputFormat::Schema(Schema {
                        name: value.get("name").map(Node::string).transpose()?,
                        description: value.get("description").map(Node::string).transpose()?,
                        schema: match value.get("schema") {
                            Some(schema) => schema.members().map(|_| schema.json())?,
                            None => Json("{}".into()),
                        },
                        strict: value.get("strict").map(Node::bool).transpose()?,
                    });
                }
                _ => request.extensions.push(extension("text.format", value)),
            },
            _ => request.extensions.push(extension(format!("text.{name}"), value)),
        }
    }
    Ok(())
}

fn read_reasoning(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    let mut reasoning = ReasoningOptions::default();
    for (name, value) in node.members()?.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_ref() {
            "effort" => match Effort::lookup(&value.string()?) {
                Some(effort) => reasoning.effort = Some(effort),
                None => request.extensions.push(extension("reasoning.effort", value)),
            },
            // The older name of the same.
            "summary" | "generate_summary" => {
                reasoning.display = Some("summarized".into());
                if value.string()? != "auto" {
                    request.extensions.push(extension("reasoning.summary", value));
                }
            }
            _ => request.extensions.push(extension(format!("reasoning.{name}"), value)),
        }
    }
    if reasoning != ReasoningOptions::default() {
        request.reasoning = Some(reasoning);
    }
    Ok(())
}

/// Writes the options, the model apart. What another format alone knows goes to `dropped`.
pub(super) fn write(request: &ChatRequest, quirks: &Quirks, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    o.maybe_integer("max_output_tokens", limit(request.max_output_tokens, dropped));
    o.maybe_f64("temperature", request.sampling.temperature).maybe_f64("top_p", request.sampling.top_p);
    drop_foreign(request, dropped);
    write_text(request, o);
    write_reasoning(request, quirks, o, dropped);
    let own = |name: &str| request.extensions.iter().find(|extension| is_written(extension) && extension.path == name);
    // The newer word where a different `user` came along, else the one that all services know.
    let user = if own("user").is_some() { "safety_identifier" } else { "user" };
    o.maybe_string(user, request.end_user.as_deref());
    o.maybe_string("service_tier", request.service_tier.as_deref());
    if let Some(alternatives) = request.logprobs {
        o.maybe_integer("top_logprobs", Some(alternatives).filter(|count| *count > 0));
    }
    for extension in &request.extensions {
        if !is_written(extension) {
            dropped.push(Dropped::new(&extension.path, "not supported by responses"));
        // `write_include` writes that one, joined with what Baton asks for.
        } else if !extension.path.contains(['.', '[']) && extension.path != "include" {
            o.json(&extension.path, &extension.value);
        }
    }
    // The service stores each response unless told not to, which a client of another format has not asked for. Going
    // on from a response, and replies in the background, need stored ones.
    if own("store").is_none() && own("previous_response_id").is_none() && own("background").is_none() {
        o.bool("store", false);
    }
    write_stream(request, o);
}

/// Whether this format has a word for it.
fn is_written(extension: &Extension) -> bool {
    match extension.dialect {
        Dialect::Responses => true,
        Dialect::OpenAi => SHARED.contains(&extension.path.as_str()),
        Dialect::Anthropic | Dialect::Ollama => false,
    }
}

fn limit(asked: Option<u64>, dropped: &mut Vec<Dropped>) -> Option<u64> {
    let asked = asked?;
    if asked < LEAST_OUTPUT {
        dropped.push(Dropped::new("max_tokens", format!("changed from {asked} to {LEAST_OUTPUT}, the minimum")));
    }
    Some(asked.max(LEAST_OUTPUT))
}

/// Sampling and choices that this format has no words for.
fn drop_foreign(request: &ChatRequest, dropped: &mut Vec<Dropped>) {
    let sampling = &request.sampling;
    for (name, given) in [
        ("top_k", sampling.top_k.is_some()),
        ("min_p", sampling.min_p.is_some()),
        ("seed", sampling.seed.is_some()),
        // A penalty of zero changes nothing, so nothing is lost.
        ("frequency_penalty", sampling.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("presence_penalty", sampling.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("repeat_penalty", sampling.repeat_penalty.is_some()),
        ("logit_bias", sampling.logit_bias.is_some()),
        ("stop", !request.stop.is_empty()),
        ("n", request.n.is_some_and(|n| n != 1)),
        ("cache_control", request.cache.is_some()),
    ] {
        if given {
            dropped.push(Dropped::new(name, "not supported by responses"));
        }
    }
}

fn members<'r>(request: &'r ChatRequest, prefix: &'static str) -> impl Iterator<Item = (&'r str, &'r Json)> {
    let own = request.extensions.iter().filter(|extension| is_written(extension));
    own.filter_map(move |extension| Some((extension.path.strip_prefix(prefix)?, &extension.value)))
}

fn write_text(request: &ChatRequest, o: &mut Object<'_>) {
    let type_ = match &request.output {
        OutputFormat::Unspecified => None,
        OutputFormat::Text => Some("text"),
        OutputFormat::JsonObject => Some("json_object"),
        OutputFormat::Schema(_) => Some("json_schema"),
    };
    let mut members = members(request, "text.").peekable();
    if type_.is_none() && request.verbosity.is_none() && members.peek().is_none() {
        return;
    }
    o.object("text", |o| {
        if let Some(type_) = type_ {
            o.object("format", |o| {
                o.string("type", type_);
                if let OutputFormat::Schema(schema) = &request.output {
                    // The format requires a name; others have none.
                    o.string("name", schema.name.as_deref().unwrap_or("response"));
                    o.maybe_string("description", schema.description.as_deref());
                    o.json("schema", &schema.schema).maybe_bool("strict", schema.strict);
                }
            });
        }
        o.maybe_string("verbosity", request.verbosity.as_deref());
        for (name, value) in members {
            o.json(name, value);
        }
    });
}

fn write_reasoning(request: &ChatRequest, quirks: &Quirks, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let reasoning = request.reasoning.clone().unwrap_or_default();
    let effort = crate::reasoning_effort::derive_effort(&reasoning);
    let mut members = members(request, "reasoning.").peekable();
    let given = members.peek().is_some_and(|_| request.extensions.iter().any(|e| e.path == "reasoning.summary"));
    // A client that asks for reasoning as Anthropic's do expects to see it, unless it says otherwise.
    let shown = match reasoning.display.as_deref() {
        Some(display) => display == "summarized",
        None => reasoning.enabled == Some(true) || reasoning.adaptive,
    };
    let summary = shown && !given && !quirks.refuses("reasoning.summary");
    if effort.is_some() || summary || members.peek().is_some() {
        o.object("reasoning", |o| {
            o.maybe_string("effort", effort.map(Effort::name));
            o.maybe_string("summary", summary.then_some("auto"));
            for (name, value) in members {
                o.json(name, value);
            }
        });
    }
    if let Some(budget) = reasoning.budget {
        dropped.push(Dropped::new("reasoning.budget", format!("{budget} tokens sent as an effort")));
    }
}

/// Writes `include`: what must be asked for to be told. `carried` says whether reasoning is sent back.
pub(super) fn write_include(request: &ChatRequest, quirks: &Quirks, carried: bool, o: &mut Object<'_>) {
    let asked = request.reasoning.as_ref().is_some_and(|reasoning| {
        !matches!(crate::reasoning_effort::derive_effort(reasoning), None | Some(Effort::None))
            || reasoning.display.is_some()
    });
    // Models that don't reason refuse to be asked for it.
    let reasons = quirks.reasoning != ReasoningStyle::Unsupported && (asked || carried);
    let own = request.extensions.iter().find(|e| e.dialect == Dialect::Responses && e.path == "include");
    let own = own.and_then(|extension| Node::parse(extension.value.0.as_bytes()).ok());
    let own = own.as_ref().map(Node::value);
    if !reasons && own.is_none() && request.logprobs.is_none() {
        return;
    }
    o.array("include", |a| {
        if reasons {
            a.string(ENCRYPTED);
        }
        if request.logprobs.is_some() {
            a.string(LOGPROBS);
        }
        if let Some(JsonValue::Array(items)) = own {
            for item in items {
                a.raw(item.text());
            }
        }
    });
}

fn write_stream(request: &ChatRequest, o: &mut Object<'_>) {
    if !request.stream {
        return;
    }
    o.bool("stream", true);
    let mut options = members(request, "stream_options.").peekable();
    if options.peek().is_some() {
        o.object("stream_options", |o| {
            for (name, value) in options {
                o.json(name, value);
            }
        });
    }
}
