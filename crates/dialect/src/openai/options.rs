//! The options that chats and completions share: every top-level field but the conversation.
//!
//! Reference: OpenAI API reference, chat completions, `CreateChatCompletionRequest`. `top_k`, `min_p` and
//! `repeat_penalty` are llama.cpp's and vLLM's additions.

use super::extension::extension;
use crate::Dropped;
use crate::extensions::changes_nothing;
use crate::json::{JsonFault, Node, Object};
use crate::reasoning_effort::derive_effort;
use baton_model::chat::{Effort, Json, OutputFormat, ReasoningOptions, Schema};
use baton_model::entity::MaxTokensField;
use baton_model::{ChatRequest, Dialect, Quirks};

/// Reads all fields except those named in `others`, which the caller reads itself. What is not known becomes an
/// extension; `null` is as good as absent.
pub(crate) fn read(root: &Node<'_>, others: &[&str]) -> Result<ChatRequest, JsonFault> {
    let mut request = ChatRequest::default();
    for (name, node) in root.members()? {
        if !node.is_null() && !others.contains(&name.as_ref()) {
            read_field(&mut request, name, node)?;
        }
    }
    // Of two limits the newer word wins, of two user ids the newer one, whatever their order.
    if let Some(limit) = root.get("max_completion_tokens") {
        request.max_output_tokens = Some(limit.integer()?);
    }
    if let (Some(user), Some(safety)) = (root.get("user"), root.get("safety_identifier")) {
        request.end_user = Some(safety.string()?);
        request.extensions.push(extension("user", user));
    }
    if let Some(logprobs) = root.get("logprobs").filter(|_| !others.contains(&"logprobs")) {
        let top = root.get("top_logprobs").map(Node::integer).transpose()?;
        request.logprobs = logprobs.bool()?.then(|| top.unwrap_or(0));
    }
    Ok(request)
}

fn read_field(request: &mut ChatRequest, name: &str, node: &Node<'_>) -> Result<(), JsonFault> {
    let sampling = &mut request.sampling;
    match name {
        "model" => request.model = node.string()?,
        "temperature" => sampling.temperature = Some(node.f64()?),
        "top_p" => sampling.top_p = Some(node.f64()?),
        "top_k" => sampling.top_k = Some(node.integer()?),
        "min_p" => sampling.min_p = Some(node.f64()?),
        "seed" => sampling.seed = Some(node.integer()?),
        "frequency_penalty" => sampling.frequency_penalty = Some(node.f64()?),
        "presence_penalty" => sampling.presence_penalty = Some(node.f64()?),
        "repeat_penalty" => sampling.repeat_penalty = Some(node.f64()?),
        "logit_bias" => sampling.logit_bias = Some(node.members().map(|_| node.json())?),
        "max_tokens" | "max_completion_tokens" => request.max_output_tokens = Some(node.integer()?),
        "stop" => request.stop = read_stop(node)?,
        "n" => request.n = Some(node.integer()?),
        // Both are read by `read`, which needs them together.
        "logprobs" | "top_logprobs" => {}
        "parallel_tool_calls" => request.parallel_tool_calls = Some(node.bool()?),
        "stream" => request.stream = node.bool()?,
        "stream_options" => read_stream_options(request, node)?,
        "user" | "safety_identifier" => request.end_user = Some(node.string()?),
        "service_tier" => request.service_tier = Some(node.string()?),
        "verbosity" => request.verbosity = Some(node.string()?),
        "response_format" => read_response_format(request, node)?,
        "reasoning_effort" => match Effort::lookup(&node.string()?) {
            Some(effort) => request.reasoning = Some(ReasoningOptions { effort: Some(effort), ..Default::default() }),
            None => request.extensions.push(extension(name, node)),
        },
        _ => request.extensions.push(extension(name, node)),
    }
    Ok(())
}

fn read_stop(node: &Node<'_>) -> Result<Vec<String>, JsonFault> {
    match node.as_str() {
        Some(stop) => Ok(vec![stop.into_owned()]),
        None => {
            node.items().map_err(|_| node.expected_fault("a string or an array"))?.iter().map(Node::string).collect()
        }
    }
}

fn read_stream_options(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    for (name, option) in node.members()? {
        match name.as_ref() {
            _ if option.is_null() => {}
            "include_usage" => request.include_usage = option.bool()?,
            _ => request.extensions.push(extension(format!("stream_options.{name}"), option)),
        }
    }
    Ok(())
}

fn read_response_format(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    match node.require("type")?.string()?.as_str() {
        "text" => request.output = OutputFormat::Text,
        // llama.cpp and others take a schema beside it, which an extension keeps.
        "json_object" if node.get("schema").is_none() => request.output = OutputFormat::JsonObject,
        "json_schema" => {
            let schema = node.require("json_schema")?;
            request.output = OutputFormat::Schema(Schema {
                name: schema.get("name").map(Node::string).transpose()?,
                description: schema.get("description").map(Node::string).transpose()?,
                schema: match schema.get("schema") {
                    Some(schema) => schema.members().map(|_| schema.json())?,
                    None => Json("{}".into()),
                },
                strict: schema.get("strict").map(Node::bool).transpose()?,
            });
        }
        _ => request.extensions.push(extension("response_format", node)),
    }
    Ok(())
}

/// Writes the options of a request, model and stream apart. What another format alone knows goes to `dropped`.
pub(super) fn write(request: &ChatRequest, quirks: &Quirks, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let sampling = &request.sampling;
    o.maybe_integer(max_tokens_field(quirks), request.max_output_tokens);
    o.maybe_f64("temperature", sampling.temperature).maybe_f64("top_p", sampling.top_p);
    o.maybe_integer("top_k", sampling.top_k).maybe_f64("min_p", sampling.min_p);
    o.maybe_integer("seed", sampling.seed);
    o.maybe_f64("frequency_penalty", sampling.frequency_penalty);
    o.maybe_f64("presence_penalty", sampling.presence_penalty);
    o.maybe_f64("repeat_penalty", sampling.repeat_penalty);
    o.maybe_json("logit_bias", sampling.logit_bias.as_ref());
    if !request.stop.is_empty() {
        o.array("stop", |a| {
            for stop in &request.stop {
                a.string(stop);
            }
        });
    }
    o.maybe_integer("n", request.n);
    write_reasoning(request.reasoning.as_ref(), o, dropped);
    write_output(&request.output, o);
    let given = |name: &str| request.extensions.iter().any(|e| e.dialect == Dialect::OpenAi && e.path == name);
    // The newer word where a different `user` came along, else the one that all services know.
    let user = if given("user") { "safety_identifier" } else { "user" };
    o.maybe_string(user, request.end_user.as_deref());
    // Anthropic's word for the default.
    let tier = request.service_tier.as_deref().map(|tier| if tier == "standard_only" { "default" } else { tier });
    o.maybe_string("service_tier", tier);
    o.maybe_string("verbosity", request.verbosity.as_deref());
    if request.cache.is_some() {
        dropped.push(Dropped::new("cache_control", "not supported by openai: the provider caches automatically"));
    }
    for extension in &request.extensions {
        if extension.dialect != Dialect::OpenAi {
            if !changes_nothing(extension) {
                dropped.push(Dropped::new(&extension.path, "not supported by openai"));
            }
        } else if !extension.path.contains(['.', '[']) {
            o.json(&extension.path, &extension.value);
        }
    }
}

/// What this model calls the output limit.
pub(super) fn max_tokens_field(quirks: &Quirks) -> &'static str {
    match quirks.max_tokens_field {
        MaxTokensField::MaxTokens => "max_tokens",
        // The newer name where nothing is known: OpenAI's reasoning models refuse the older one.
        MaxTokensField::Unspecified | MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
    }
}

/// Writes `stream`, and asks for usage: Baton needs it even where the client does not.
pub(super) fn write_stream(request: &ChatRequest, quirks: &Quirks, o: &mut Object<'_>) {
    if !request.stream {
        return;
    }
    o.bool("stream", true);
    let options = request.extensions.iter().filter(|extension| extension.dialect == Dialect::OpenAi);
    let mut options = options.filter_map(|e| Some((e.path.strip_prefix("stream_options.")?, &e.value))).peekable();
    if quirks.stream_usage != Some(false) {
        o.object("stream_options", |o| {
            o.bool("include_usage", true);
            for (name, value) in options {
                o.json(name, value);
            }
        });
    } else if options.peek().is_some() {
        o.object("stream_options", |o| {
            for (name, value) in options {
                o.json(name, value);
            }
        });
    }
}

fn write_output(output: &OutputFormat, o: &mut Object<'_>) {
    let type_ = match output {
        OutputFormat::Unspecified => return,
        OutputFormat::Text => "text",
        OutputFormat::JsonObject => "json_object",
        OutputFormat::Schema(_) => "json_schema",
    };
    o.object("response_format", |o| {
        o.string("type", type_);
        if let OutputFormat::Schema(schema) = output {
            o.object("json_schema", |o| {
                // The format requires a name; others have none.
                o.string("name", schema.name.as_deref().unwrap_or("response"));
                o.maybe_string("description", schema.description.as_deref());
                o.json("schema", &schema.schema).maybe_bool("strict", schema.strict);
            });
        }
    });
}

fn write_reasoning(reasoning: Option<&ReasoningOptions>, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let Some(reasoning) = reasoning else { return };
    o.maybe_string("reasoning_effort", derive_effort(reasoning).map(Effort::name));
    if let Some(budget) = reasoning.budget {
        dropped.push(Dropped::new("reasoning.budget", format!("{budget} tokens sent as an effort")));
    }
    if reasoning.display.is_some() {
        dropped.push(Dropped::new("reasoning.display", "not supported by openai"));
    }
}
