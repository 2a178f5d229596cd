//! The options of a chat request as one target is asked: with the operator's defaults, without what the model refuses.
//!
//! Shared by the request writers of all formats, so that a default or a refusal means the same everywhere.

use crate::openai::options;
use crate::{Dropped, ReadError};
use baton_model::chat::{OutputFormat, ReasoningOptions};
use baton_model::entity::ReasoningStyle;
use baton_model::{ChatRequest, Quirks, Target};

/// Everything of the request but its messages and tools (unless the defaults give tools), settled for the target, and
/// what was left out or changed on the way.
///
/// # Errors
/// If a default is not of OpenAI's chat format.
pub fn settle(request: &ChatRequest, target: &Target) -> Result<(ChatRequest, Vec<Dropped>), ReadError> {
    let mut settled = without_conversation(request);
    if !target.defaults().is_empty() {
        options::apply_defaults(&mut settled, target.defaults())?;
        if !request.tools.is_empty() {
            settled.tools.clear();
        }
    }
    let mut dropped = Vec::new();
    if let Some(limit) = target.max_output_tokens {
        if let Some(asked) = request.max_output_tokens.filter(|asked| *asked != limit) {
            dropped.push(Dropped::new("max_tokens", format!("changed from {asked} to {limit}")));
        }
        settled.max_output_tokens = Some(limit);
    }
    refuse(&mut settled, &target.model.quirks, &mut dropped);
    Ok((settled, dropped))
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
    // That it shall not reason is what such a model does anyway.
    let asked = |reasoning: &ReasoningOptions| reasoning.enabled != Some(false);
    refuse("reasoning", silent && request.reasoning.take().as_ref().is_some_and(asked));
    request.extensions.retain(|extension| {
        let refused = refuses(&extension.path);
        refuse(&extension.path, refused);
        !refused
    });
    if quirks.json_schema == Some(false) && matches!(request.output, OutputFormat::Schema(_)) {
        request.output = OutputFormat::JsonObject;
        dropped.push(Dropped::new("response_format", "sent as json_object: the model knows no schemas"));
    }
}
