//! The options of a chat request as one target is asked: with the operator's defaults, without what the model refuses.
//!
//! Shared by the request writers of all formats, so that a default or a refusal means the same everywhere.

use crate::json;
use crate::openai;
use crate::{Dropped, ReadError};
use baton_model::chat::{Json, OutputFormat, ReasoningOptions};
use baton_model::entity::ReasoningStyle;
use baton_model::{ChatRequest, Dialect, Quirks, Target};

/// Everything of the request but its messages and tools (unless the defaults give tools), effective for the target, and
/// what was left out or changed on the way.
///
/// # Errors
/// If a default is not of OpenAI's chat format.
pub fn effective_options(request: &ChatRequest, target: &Target) -> Result<(ChatRequest, Vec<Dropped>), ReadError> {
    let mut effective = without_conversation(request);
    if !target.defaults().is_empty() {
        apply_defaults(&mut effective, target.defaults())?;
        // The writers take the request's own tools from the request, where they need not be copied.
        if !request.tools.is_empty() {
            effective.tools.clear();
        }
    }
    let mut dropped = Vec::new();
    // After the defaults, because the lowered limit bounds a default as well.
    if let Some(limit) = target.max_output_tokens {
        if let Some(asked) = request.max_output_tokens.filter(|asked| *asked != limit) {
            dropped.push(Dropped::new("max_tokens", format!("changed from {asked} to {limit}")));
        }
        effective.max_output_tokens = Some(limit);
    }
    // Last: what the model refuses must not come back as a default.
    refuse(&mut effective, &target.model.quirks, &mut dropped);
    Ok((effective, dropped))
}

/// Gives the request what it lacks: each default is a field of this format. Lists and flags count as lacking when they
/// are empty or false.
///
/// # Errors
/// If a default is not of the format.
pub(crate) fn apply_defaults(request: &mut ChatRequest, defaults: &[(String, Json)]) -> Result<(), ReadError> {
    let text = json::object(|o| {
        for (name, value) in defaults {
            o.json(name, value);
        }
    });
    // `read_tools` reads the last two. The others belong to the request: no default may change the model, the
    // conversation or the form of the reply.
    let defaults = json::read(&text, |root| {
        let mut defaults =
            openai::read_options(root, &["model", "messages", "stream", "stream_options", "tools", "tool_choice"])?;
        openai::read_tools(&mut defaults, root)?;
        Ok(defaults)
    })?;
    fn fill<T>(slot: &mut Option<T>, default: Option<T>) {
        if slot.is_none() {
            *slot = default;
        }
    }
    // Only what the client left open: a default never overrides a request.
    fill(&mut request.tool_choice, defaults.tool_choice);
    fill(&mut request.parallel_tool_calls, defaults.parallel_tool_calls);
    let (sampling, default) = (&mut request.sampling, defaults.sampling);
    fill(&mut sampling.temperature, default.temperature);
    fill(&mut sampling.top_p, default.top_p);
    fill(&mut sampling.top_k, default.top_k);
    fill(&mut sampling.min_p, default.min_p);
    fill(&mut sampling.seed, default.seed);
    fill(&mut sampling.frequency_penalty, default.frequency_penalty);
    fill(&mut sampling.presence_penalty, default.presence_penalty);
    fill(&mut sampling.repeat_penalty, default.repeat_penalty);
    fill(&mut sampling.logit_bias, default.logit_bias);
    fill(&mut request.max_output_tokens, defaults.max_output_tokens);
    fill(&mut request.n, defaults.n);
    fill(&mut request.logprobs, defaults.logprobs);
    fill(&mut request.reasoning, defaults.reasoning);
    fill(&mut request.end_user, defaults.end_user);
    fill(&mut request.service_tier, defaults.service_tier);
    fill(&mut request.verbosity, defaults.verbosity);
    if request.tools.is_empty() {
        request.tools = defaults.tools;
    }
    if request.stop.is_empty() {
        request.stop = defaults.stop;
    }
    if request.output == OutputFormat::Unspecified {
        request.output = defaults.output;
    }
    for extension in defaults.extensions {
        if !request.extensions.iter().any(|given| given.dialect == Dialect::OpenAi && given.path == extension.path) {
            request.extensions.push(extension);
        }
    }
    Ok(())
}

/// A copy of the options alone: messages may hold megabytes.
fn without_conversation(request: &ChatRequest) -> ChatRequest {
    ChatRequest {
        model: request.model.clone(),
        messages: Vec::new(),
        tools: Vec::new(),
        tool_choice: request.tool_choice.clone(),
        parallel_tool_calls: request.parallel_tool_calls,
        output: request.output.clone(),
        sampling: request.sampling.clone(),
        max_output_tokens: request.max_output_tokens,
        stop: request.stop.clone(),
        n: request.n,
        logprobs: request.logprobs,
        reasoning: request.reasoning.clone(),
        stream: request.stream,
        include_usage: request.include_usage,
        end_user: request.end_user.clone(),
        service_tier: request.service_tier.clone(),
        verbosity: request.verbosity.clone(),
        cache: request.cache,
        extensions: request.extensions.clone(),
    }
}

/// Takes out what the model refuses.
fn refuse(request: &mut ChatRequest, quirks: &Quirks, dropped: &mut Vec<Dropped>) {
    let mut refuse = |name: &str, taken: bool| {
        if taken {
            dropped.push(Dropped::new(name, "refused by the model"));
        }
    };
    let refuses = |name: &str| quirks.refuses(name);
    // In each line `take` must stand behind `&&`: only a refused field is taken.
    let sampling = &mut request.sampling;
    refuse("temperature", refuses("temperature") && sampling.temperature.take().is_some());
    refuse("top_p", refuses("top_p") && sampling.top_p.take().is_some());
    refuse("top_k", refuses("top_k") && sampling.top_k.take().is_some());
    refuse("min_p", refuses("min_p") && sampling.min_p.take().is_some());
    refuse("seed", refuses("seed") && sampling.seed.take().is_some());
    refuse("frequency_penalty", refuses("frequency_penalty") && sampling.frequency_penalty.take().is_some());
    refuse("presence_penalty", refuses("presence_penalty") && sampling.presence_penalty.take().is_some());
    refuse("repeat_penalty", refuses("repeat_penalty") && sampling.repeat_penalty.take().is_some());
    refuse("logit_bias", refuses("logit_bias") && sampling.logit_bias.take().is_some());
    refuse("stop", refuses("stop") && !std::mem::take(&mut request.stop).is_empty());
    refuse("n", refuses("n") && request.n.take().is_some());
    refuse("logprobs", refuses("logprobs") && request.logprobs.take().is_some());
    refuse("tool_choice", refuses("tool_choice") && request.tool_choice.take().is_some());
    refuse("parallel_tool_calls", refuses("parallel_tool_calls") && request.parallel_tool_calls.take().is_some());
    refuse("user", refuses("user") && request.end_user.take().is_some());
    refuse("service_tier", refuses("service_tier") && request.service_tier.take().is_some());
    refuse("verbosity", refuses("verbosity") && request.verbosity.take().is_some());
    let output = refuses("response_format") && std::mem::take(&mut request.output) != OutputFormat::Unspecified;
    refuse("response_format", output);
    let silent = quirks.reasoning == ReasoningStyle::Unsupported || refuses("reasoning");
    // `enabled: false` is what such a model does anyway: nothing is lost.
    let asked = |reasoning: &ReasoningOptions| reasoning.enabled != Some(false);
    refuse("reasoning", silent && request.reasoning.take().as_ref().is_some_and(asked));
    request.extensions.retain(|extension| {
        let refused = refuses(&extension.path);
        refuse(&extension.path, refused);
        !refused
    });
    if quirks.json_schema == Some(false) && matches!(request.output, OutputFormat::Schema(_)) {
        request.output = OutputFormat::JsonObject;
        dropped.push(Dropped::new("response_format", "sent as json_object: the model does not support schemas"));
    }
}
