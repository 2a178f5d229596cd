//! The options of a request: every top-level field but instructions, messages and tools.
//!
//! Reference: Anthropic API reference, messages, `MessageCreateParams`.

use super::cache;
use super::extension::{UNKNOWN, extension};
use super::purpose::Purpose;
use super::reasoning::{self, ThinkingPlan};
use crate::Dropped;
use crate::extensions::changes_nothing;
use crate::json::{JsonFault, Node, Object};
use baton_model::chat::{OutputFormat, Schema};
use baton_model::{ChatRequest, Dialect};

/// Extensions that the counting of tokens takes as well.
const COUNTED: [&str; 2] = ["context_management", "mcp_servers"];

/// Reads all fields except those named in `others`, which the caller reads itself. What is not known becomes an
/// extension; `null` is as good as absent.
pub(super) fn read(root: &Node<'_>, others: &[&str]) -> Result<ChatRequest, JsonFault> {
    let mut request = ChatRequest { cache: cache::read(root)?, ..ChatRequest::default() };
    for (name, node) in root.members()? {
        if !node.is_null() && !others.contains(&name.as_ref()) {
            read_field(&mut request, name, node)?;
        }
    }
    // Anthropic's streams always report usage, so a provider of another format must be asked for it.
    request.include_usage = request.stream;
    Ok(request)
}

fn read_field(request: &mut ChatRequest, name: &str, node: &Node<'_>) -> Result<(), JsonFault> {
    let sampling = &mut request.sampling;
    match name {
        "model" => request.model = node.string()?,
        "max_tokens" => request.max_output_tokens = Some(node.integer()?),
        "temperature" => sampling.temperature = Some(node.f64()?),
        "top_p" => sampling.top_p = Some(node.f64()?),
        "top_k" => sampling.top_k = Some(node.integer()?),
        "stop_sequences" => request.stop = node.items()?.iter().map(Node::string).collect::<Result<_, _>>()?,
        "stream" => request.stream = node.bool()?,
        "service_tier" => request.service_tier = Some(node.string()?),
        "metadata" => read_metadata(request, node)?,
        "thinking" => reasoning::read_thinking(request, node)?,
        "output_config" => read_output_config(request, node)?,
        // The older name, still sent by some SDKs.
        "output_format" => read_format(request, name, node)?,
        cache::MEMBER => {}
        _ => request.extensions.push(extension(name, node)),
    }
    Ok(())
}

fn read_metadata(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    for (name, value) in node.members()? {
        match name.as_ref() {
            _ if value.is_null() => {}
            "user_id" => request.end_user = Some(value.string()?),
            _ => request.extensions.push(extension(format!("metadata.{name}"), value)),
        }
    }
    Ok(())
}

fn read_output_config(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    for (name, value) in node.members()? {
        let path = format!("output_config.{name}");
        match name.as_ref() {
            _ if value.is_null() => {}
            "effort" => reasoning::read_effort(request, &path, value)?,
            "format" => read_format(request, &path, value)?,
            _ => request.extensions.push(extension(path, value)),
        }
    }
    Ok(())
}

fn read_format(request: &mut ChatRequest, path: &str, node: &Node<'_>) -> Result<(), JsonFault> {
    if node.require("type")?.string()? == "json_schema" {
        let schema = node.require("schema")?;
        schema.members()?;
        request.output = OutputFormat::Schema(Schema { schema: schema.json(), ..Schema::default() });
    } else {
        // As with `thinking`: a kind of the future must reach Anthropic unchanged.
        request.extensions.push(extension(path, node));
    }
    Ok(())
}

/// Writes the options of a request. What the format can't say goes to `dropped`.
pub(super) fn write(
    request: &ChatRequest,
    plan: &ThinkingPlan,
    purpose: Purpose,
    o: &mut Object<'_>,
    dropped: &mut Vec<Dropped>,
) {
    if purpose == Purpose::Answer {
        o.integer("max_tokens", plan.max_tokens);
        write_sampling(request, plan.is_thinking(), o, dropped);
        write_stop(request, o, dropped);
        write_metadata(request, o);
        write_tier(request, o, dropped);
        if request.stream {
            o.bool("stream", true);
        }
    }
    plan.write_thinking(nested(request, "thinking."), o);
    write_output_config(request, plan, o, dropped);
    cache::write(request.cache, o);
    list_unknown(request, dropped);
    for extension in &request.extensions {
        // Nested ones (`metadata.x`, `messages[0]…`) are written inside what they belong to.
        let counted = purpose == Purpose::Answer || COUNTED.contains(&extension.path.as_str());
        if changes_nothing(extension) {
            continue;
        }
        if extension.dialect != Dialect::Anthropic {
            dropped.push(Dropped::new(&extension.path, UNKNOWN));
        } else if counted && !extension.path.contains(['.', '[']) {
            o.json(&extension.path, &extension.value);
        }
    }
}

/// Randomness. The bounds are narrower here, and narrower still while the model thinks.
fn write_sampling(request: &ChatRequest, thinking: bool, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let sampling = &request.sampling;
    let mut drop_if = |field: &str, unsupported: bool, reason: &str| {
        if unsupported {
            dropped.push(Dropped::new(field, reason));
        }
        !unsupported
    };
    // OpenAI's scale ends at 2. Anthropic's own adapter for OpenAI's format caps at 1 as well.
    let mut warm = sampling.temperature;
    if let Some(temperature) = sampling.temperature.filter(|temperature| *temperature > 1.0) {
        drop_if("temperature", true, &format!("lowered from {temperature} to 1"));
        warm = Some(1.0);
    }
    // While it thinks, the API takes no temperature but 1, no `top_p` below 0.95 and no `top_k`. Claude 4 and later
    // also refuse `temperature` and `top_p` together.
    #[expect(clippy::float_cmp, reason = "the one value allowed")]
    let warm = warm.filter(|warm| drop_if("temperature", thinking && *warm != 1.0, "not while reasoning"));
    let top_p = sampling.top_p.filter(|top_p| {
        drop_if("top_p", warm.is_some(), "not together with temperature")
            && drop_if("top_p", thinking && *top_p < 0.95, "not while reasoning")
    });
    let top_k = sampling.top_k.filter(|_| drop_if("top_k", thinking, "not while reasoning"));
    o.maybe_f64("temperature", warm).maybe_f64("top_p", top_p).maybe_integer("top_k", top_k);
}

fn write_stop(request: &ChatRequest, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let (said, blank): (Vec<_>, Vec<_>) = request.stop.iter().partition(|stop| !stop.trim().is_empty());
    if !blank.is_empty() {
        dropped.push(Dropped::new("stop", "a stop text of white space only is refused by anthropic"));
    }
    if !said.is_empty() {
        o.array("stop_sequences", |a| {
            for stop in said {
                a.string(stop);
            }
        });
    }
}

fn write_metadata(request: &ChatRequest, o: &mut Object<'_>) {
    let mut others = nested(request, "metadata.").peekable();
    if request.end_user.is_none() && others.peek().is_none() {
        return;
    }
    o.object("metadata", |o| {
        o.maybe_string("user_id", request.end_user.as_deref());
        for (name, value) in others {
            o.raw(name, value);
        }
    });
}

fn write_tier(request: &ChatRequest, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    match request.service_tier.as_deref() {
        None => {}
        Some("auto") => o.string("service_tier", "auto").end(),
        // `default` is OpenAI's word for it.
        Some("standard_only" | "default") => o.string("service_tier", "standard_only").end(),
        Some(_) => dropped.push(Dropped::new("service_tier", UNKNOWN)),
    }
}

fn write_output_config(request: &ChatRequest, plan: &ThinkingPlan, o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let schema = match &request.output {
        OutputFormat::Schema(schema) => Some(schema),
        OutputFormat::JsonObject => {
            dropped.push(Dropped::new("response_format", "anthropic supports schemas, but not json_object"));
            None
        }
        OutputFormat::Unspecified | OutputFormat::Text => None,
    };
    if schema.is_some_and(|schema| schema.description.is_some()) {
        dropped.push(Dropped::new("response_format.description", UNKNOWN));
    }
    let mut others = nested(request, "output_config.").peekable();
    if schema.is_none() && plan.effort.is_none() && others.peek().is_none() {
        return;
    }
    o.object("output_config", |o| {
        o.maybe_string("effort", plan.effort);
        if let Some(schema) = schema {
            o.object("format", |o| {
                o.string("type", "json_schema").raw("schema", &schema.schema.0);
            });
        }
        for (name, value) in others {
            o.raw(name, value);
        }
    });
}

/// The fields of a nested object that only this format knows.
fn nested<'r>(request: &'r ChatRequest, prefix: &'r str) -> impl Iterator<Item = (&'r str, &'r str)> {
    let own = request.extensions.iter().filter(|extension| extension.dialect == Dialect::Anthropic);
    own.filter_map(move |extension| Some((extension.path.strip_prefix(prefix)?, extension.value.0.as_str())))
}

/// Lists what this format has no field for.
fn list_unknown(request: &ChatRequest, dropped: &mut Vec<Dropped>) {
    let sampling = &request.sampling;
    // A penalty of 0 is OpenAI's default: leaving it out changes nothing, so it is not reported.
    let unknown = [
        ("min_p", sampling.min_p.is_some()),
        ("seed", sampling.seed.is_some()),
        ("frequency_penalty", sampling.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("presence_penalty", sampling.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("repeat_penalty", sampling.repeat_penalty.is_some()),
        ("logit_bias", sampling.logit_bias.is_some()),
        ("n", request.n.is_some_and(|n| n > 1)),
        ("logprobs", request.logprobs.is_some()),
        ("verbosity", request.verbosity.is_some()),
    ];
    dropped.extend(unknown.into_iter().filter(|(_, given)| *given).map(|(name, _)| Dropped::new(name, UNKNOWN)));
}
