//! The options that chats and completions share: every top-level field but the conversation.
//!
//! Reference: Ollama API documentation, "Parameters" and "Advanced parameters"; `Options` and `Runner` of
//! `api/types.go`. What only the runner knows stays an extension with the path `options.NAME`.

use crate::Dropped;
use crate::extensions::changes_nothing;
use crate::json::{self, JsonFault, Node, Object};
use baton_model::chat::{Effort, Extension, Json, OutputFormat, ReasoningOptions, Schema};
use baton_model::entity::ReasoningStyle;
use baton_model::{ChatRequest, Dialect, Target};

/// Reads all fields except those named in `others`, which the caller reads itself. What is not known becomes an
/// extension; `null` is as good as absent.
pub(super) fn read(root: &Node<'_>, others: &[&str]) -> Result<ChatRequest, JsonFault> {
    // Unlike the other formats, this one streams unless it is told not to.
    let mut request = ChatRequest { stream: true, ..ChatRequest::default() };
    for (name, node) in root.members()? {
        if !node.is_null() && !others.contains(&name.as_ref()) {
            read_field(&mut request, name, node)?;
        }
    }
    // The last line always reports usage, so a provider of another format must be asked for it.
    request.include_usage = request.stream;
    if let Some(logprobs) = root.get("logprobs") {
        let top = root.get("top_logprobs").map(Node::integer).transpose()?;
        request.logprobs = logprobs.bool()?.then(|| top.unwrap_or(0));
    }
    Ok(request)
}

fn read_field(request: &mut ChatRequest, name: &str, node: &Node<'_>) -> Result<(), JsonFault> {
    match name {
        "model" => request.model = node.string()?,
        "stream" => request.stream = node.bool()?,
        "format" => read_format(request, node)?,
        "think" => read_think(request, node)?,
        // Both are read by `read`, which needs them together.
        "logprobs" | "top_logprobs" => {}
        "options" => {
            for (name, option) in node.members()? {
                if !option.is_null() {
                    read_option(request, name, option)?;
                }
            }
        }
        _ => request.extensions.push(extension(name, node)),
    }
    Ok(())
}

fn read_option(request: &mut ChatRequest, name: &str, node: &Node<'_>) -> Result<(), JsonFault> {
    let sampling = &mut request.sampling;
    match name {
        "temperature" => sampling.temperature = Some(node.f64()?),
        "top_p" => sampling.top_p = Some(node.f64()?),
        "top_k" => sampling.top_k = Some(node.integer()?),
        "min_p" => sampling.min_p = Some(node.f64()?),
        "seed" => sampling.seed = Some(node.integer()?),
        "frequency_penalty" => sampling.frequency_penalty = Some(node.f64()?),
        "presence_penalty" => sampling.presence_penalty = Some(node.f64()?),
        "repeat_penalty" => sampling.repeat_penalty = Some(node.f64()?),
        "stop" => request.stop = read_stop(node)?,
        // -1 and -2 mean "no limit" and "fill the context", which nobody else can say.
        "num_predict" => match node.integer::<i64>()? {
            limit @ 0.. => request.max_output_tokens = Some(limit.unsigned_abs()),
            _ => request.extensions.push(extension("options.num_predict", node)),
        },
        _ => request.extensions.push(extension(format!("options.{name}"), node)),
    }
    Ok(())
}

/// A field that only this format knows.
pub(super) fn extension(path: impl Into<String>, node: &Node<'_>) -> Extension {
    Extension { dialect: Dialect::Ollama, path: path.into(), value: node.json() }
}

fn read_stop(node: &Node<'_>) -> Result<Vec<String>, JsonFault> {
    match node.as_str() {
        Some(stop) => Ok(vec![stop.into_owned()]),
        None => {
            node.items().map_err(|_| node.expected_fault("an array of strings"))?.iter().map(Node::string).collect()
        }
    }
}

fn read_format(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    request.output = match node.as_str().as_deref() {
        Some("json") => OutputFormat::JsonObject,
        // Clients in Go send an empty text for "none".
        Some("") => OutputFormat::Unspecified,
        None if node.is_object() => {
            OutputFormat::Schema(Schema { schema: node.json(), name: None, description: None, strict: None })
        }
        _ => return Err(node.expected_fault("json or a schema")),
    };
    Ok(())
}

fn read_think(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    let reasoning = match node.as_str() {
        Some(level) => match Effort::lookup(&level) {
            Some(effort) => ReasoningOptions { effort: Some(effort), ..ReasoningOptions::default() },
            None => {
                request.extensions.push(extension("think", node));
                return Ok(());
            }
        },
        None => {
            // A truth value is the older form; levels came with gpt-oss.
            let enabled = node.bool().map_err(|_| node.expected_fault("true, false or a level"))?;
            ReasoningOptions { enabled: Some(enabled), ..ReasoningOptions::default() }
        }
    };
    request.reasoning = Some(reasoning);
    Ok(())
}

/// Writes the options of a request, model apart: `stream` first, as the format streams unless told not to. What can't
/// be said goes to `dropped`.
pub(super) fn write(request: &ChatRequest, target: &Target, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    o.bool("stream", request.stream);
    o.maybe_json("format", format(&request.output).as_ref());
    o.maybe_json("think", think_value(request.reasoning.as_ref(), target, dropped).as_ref());
    if let Some(alternatives) = request.logprobs {
        o.bool("logprobs", true);
        o.maybe_integer("top_logprobs", Some(alternatives).filter(|count| *count > 0));
    }
    let given = |path: &str| own_extensions(request).any(|extension| extension.path == path);
    // The client's own window stands, even if the prompt does not fit in it.
    let window = target.context_window.filter(|_| !given("options.num_ctx"));
    let sampling = sampling(request);
    let runner: Vec<_> = own_extensions(request)
        .filter_map(|extension| Some((extension.path.strip_prefix("options.")?, &extension.value)))
        // A limit that was set since takes the place of "no limit".
        .filter(|(name, _)| sampling.iter().all(|(said, _)| said != name))
        .collect();
    if !sampling.is_empty() || !runner.is_empty() || window.is_some() {
        o.object("options", |o| {
            for (name, value) in &sampling {
                o.json(name, value);
            }
            for (name, value) in runner {
                o.json(name, value);
            }
            o.maybe_integer("num_ctx", window);
        });
    }
    for extension in own_extensions(request).filter(|extension| !extension.path.contains(['.', '['])) {
        o.json(&extension.path, &extension.value);
    }
    if target.context_window.is_some() {
        // Else a prompt that is too long loses its beginning, without a word.
        for name in ["truncate", "shift"] {
            if !given(name) {
                o.bool(name, false);
            }
        }
    }
    write_keep_alive(request, o);
    drop_unsupported(request, dropped);
}

/// What this format alone knows.
fn own_extensions(request: &ChatRequest) -> impl Iterator<Item = &Extension> {
    request.extensions.iter().filter(|extension| extension.dialect == Dialect::Ollama)
}

/// How long the model stays loaded is worth a default, and OpenAI's SDKs can send it too.
fn write_keep_alive(request: &ChatRequest, o: &mut Object<'_>) {
    let keep_alive =
        |dialect: Dialect| request.extensions.iter().find(move |e| e.dialect == dialect && is_keep_alive(e));
    if keep_alive(Dialect::Ollama).is_none() {
        o.maybe_json("keep_alive", keep_alive(Dialect::OpenAi).map(|extension| &extension.value));
    }
}

fn is_keep_alive(extension: &Extension) -> bool {
    extension.path == "keep_alive" && extension.dialect != Dialect::Anthropic
}

/// The members of `options` that others know too: name here, and value.
pub(super) fn sampling(request: &ChatRequest) -> Vec<(&'static str, Json)> {
    let sampling = &request.sampling;
    let numbers = [
        ("temperature", sampling.temperature),
        ("top_p", sampling.top_p),
        ("min_p", sampling.min_p),
        ("frequency_penalty", sampling.frequency_penalty),
        ("presence_penalty", sampling.presence_penalty),
        ("repeat_penalty", sampling.repeat_penalty),
    ];
    let integers = [
        ("top_k", sampling.top_k.map(i128::from)),
        ("seed", sampling.seed.map(i128::from)),
        ("num_predict", request.max_output_tokens.map(i128::from)),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, value)| Some((name, number(value?))));
    let integers = integers.into_iter().filter_map(|(name, value)| Some((name, Json(value?.to_string()))));
    let stops = json::array(|a| {
        for stop in &request.stop {
            a.string(stop);
        }
    });
    let stops = (!request.stop.is_empty()).then(|| ("stop", text(stops)));
    numbers.chain(integers).chain(stops).collect()
}

fn number(value: f64) -> Json {
    // Through an array, because numbers are written inside of something.
    let array = text(json::array(|a| {
        a.f64(value);
    }));
    Json(array.0.trim_matches(['[', ']']).to_owned())
}

fn text(json: Vec<u8>) -> Json {
    Json(String::from_utf8(json).unwrap_or_default())
}

/// The `format` that says it.
pub(super) fn format(output: &OutputFormat) -> Option<Json> {
    match output {
        OutputFormat::Unspecified | OutputFormat::Text => None,
        OutputFormat::JsonObject => Some(Json("\"json\"".to_owned())),
        OutputFormat::Schema(schema) => Some(schema.schema.clone()),
    }
}

/// The value of `think` that says it: a level where the model knows levels, as Ollama's own OpenAI-compatible endpoint maps
/// efforts, else a switch.
pub(super) fn think_value(
    reasoning: Option<&ReasoningOptions>,
    target: &Target,
    dropped: &mut Vec<Dropped>,
) -> Option<Json> {
    let reasoning = reasoning?;
    if reasoning.display.is_some() {
        dropped.push(Dropped::new("reasoning.display", "not supported by ollama"));
    }
    let level = match (reasoning.enabled, reasoning.effort, reasoning.budget) {
        (Some(false), ..) | (_, Some(Effort::None), _) if knows_levels(target) => {
            dropped.push(Dropped::new("reasoning", "the model always reasons: sent as think: low"));
            return Some(Json("\"low\"".to_owned()));
        }
        (Some(false), ..) | (_, Some(Effort::None), _) => return Some(Json("false".to_owned())),
        // A budget is the nearest of 1,024, 2,048 and 4,096, as in `derive_effort`.
        (_, Some(Effort::Minimal | Effort::Low), _) | (_, None, Some(..=1_535)) => "\"low\"",
        (_, Some(Effort::Medium), _) | (_, None, Some(1_536..=3_071)) => "\"medium\"",
        (_, Some(Effort::High), _) | (_, None, Some(3_072..)) => "\"high\"",
        (_, Some(Effort::XHigh | Effort::Max), _) => "\"max\"",
        (Some(true), None, None) => "true",
        (None, None, None) if reasoning.adaptive => "true",
        (None, None, None) => return None,
    };
    // See `knows_levels`: a level is only for models that have levels.
    let sent = if knows_levels(target) { level } else { "true" };
    if let Some(budget) = reasoning.budget {
        dropped.push(Dropped::new("reasoning.budget", format!("{budget} tokens sent as think: {sent}")));
    } else if sent != level {
        dropped.push(Dropped::new("reasoning.effort", "sent as think: true"));
    }
    Some(Json(sent.to_owned()))
}

/// Few models have levels (gpt-oss, which the catalogue knows); for others newer servers take any as `true`, and older
/// ones refuse the request.
fn knows_levels(target: &Target) -> bool {
    target.model.quirks.reasoning == ReasoningStyle::Adaptive
}

/// What the format has no words for.
fn drop_unsupported(request: &ChatRequest, dropped: &mut Vec<Dropped>) {
    let mut drop = |field: &str, given: bool| {
        if given {
            dropped.push(Dropped::new(field, "not supported by ollama"));
        }
    };
    drop("logit_bias", request.sampling.logit_bias.is_some());
    drop("user", request.end_user.is_some());
    drop("service_tier", request.service_tier.is_some());
    drop("verbosity", request.verbosity.is_some());
    drop("cache_control", request.cache.is_some());
    let described = matches!(&request.output, OutputFormat::Schema(schema) if schema.description.is_some());
    drop("response_format.description", described);
    for extension in &request.extensions {
        let foreign = extension.dialect != Dialect::Ollama && !is_keep_alive(extension);
        drop(&extension.path, foreign && !changes_nothing(extension));
    }
    if let Some(n) = request.n.filter(|n| *n != 1) {
        dropped.push(Dropped::new("n", format!("lowered from {n} to 1")));
    }
}
