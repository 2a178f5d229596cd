//! How much the model shall think: `thinking` and `output_config.effort`.
//!
//! Reference: Anthropic API reference, extended thinking, adaptive thinking, effort. Models up to 4.5 take a budget of
//! tokens, those from 4.6 decide themselves and take an effort; which one it is stands in the model's quirks. A budget
//! is at least 1,024 tokens and less than `max_tokens`, and is excluded by a forced tool choice.

use super::extension::extension;
use super::max_tokens::DEFAULT_MAX_TOKENS;
use crate::Dropped;
use crate::json::{JsonFault, Node, Object};
use baton_model::chat::{Effort, ReasoningOptions};
use baton_model::entity::ReasoningStyle;
use baton_model::{ChatRequest, Target};

/// The smallest budget that the format takes.
const LEAST_BUDGET: u64 = 1024;

/// Reads `thinking`.
pub(super) fn read_thinking(request: &mut ChatRequest, node: &Node<'_>) -> Result<(), JsonFault> {
    let type_ = node.require("type")?.string()?;
    // A kind of the future must reach Anthropic unchanged, and be reported as dropped elsewhere.
    if !["enabled", "adaptive", "disabled"].contains(&type_.as_str()) {
        request.extensions.push(extension("thinking", node));
        return Ok(());
    }
    for (name, value) in node.members()? {
        if !["type", "budget_tokens", "display"].contains(&name.as_ref()) && !value.is_null() {
            request.extensions.push(extension(format!("thinking.{name}"), value));
        }
    }
    let reasoning = request.reasoning.get_or_insert_default();
    match type_.as_str() {
        "enabled" => {
            reasoning.enabled = Some(true);
            reasoning.budget = node.get("budget_tokens").map(Node::integer).transpose()?;
        }
        "adaptive" => reasoning.adaptive = true,
        _ => reasoning.enabled = Some(false),
    }
    reasoning.display = node.get("display").map(Node::string).transpose()?;
    Ok(())
}

/// Reads `output_config.effort`; a word that is not known stays as it is.
pub(super) fn read_effort(request: &mut ChatRequest, path: &str, node: &Node<'_>) -> Result<(), JsonFault> {
    match Effort::lookup(&node.string()?) {
        Some(effort) => request.reasoning.get_or_insert_default().effort = Some(effort),
        None => request.extensions.push(extension(path, node)),
    }
    Ok(())
}

/// How a request asks for reasoning, and for how many tokens in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ThinkingPlan {
    thinking: Option<Thinking>,
    display: Option<String>,
    pub(super) effort: Option<&'static str>,
    pub(super) max_tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thinking {
    Disabled,
    Adaptive,
    Budget(u64),
}

impl ThinkingPlan {
    /// What to ask of the target. `forced`: a tool must be called.
    pub(super) fn new(request: &ChatRequest, target: &Target, forced: bool, dropped: &mut Vec<Dropped>) -> Self {
        let excluded = forced.then_some("not together with a tool that must be called");
        Self::unless(request, target, excluded, dropped)
    }

    /// The same; thought is excluded for that reason.
    pub(super) fn unless(
        request: &ChatRequest,
        target: &Target,
        excluded: Option<&str>,
        dropped: &mut Vec<Dropped>,
    ) -> Self {
        let limit = request.max_output_tokens;
        let max_tokens = limit.or(target.model.max_tokens).unwrap_or(DEFAULT_MAX_TOKENS);
        let mut plan = Self { thinking: None, display: None, effort: None, max_tokens };
        let Some(reasoning) = &request.reasoning else { return plan };
        let style = target.model.quirks.reasoning;
        plan.effort = effort_word(reasoning, style, dropped);
        plan.thinking = match choose_thinking(reasoning, style) {
            // The API refuses `thinking` with a `tool_choice` that forces a call, and with an answer that was begun.
            Some(Thinking::Budget(_) | Thinking::Adaptive) if excluded.is_some() => {
                dropped.push(Dropped::new("reasoning", excluded.unwrap_or_default()));
                None
            }
            Some(Thinking::Budget(budget)) => {
                // A limit that the client set is never raised for the sake of reasoning.
                let room = limit.map_or_else(|| output_limit(budget, target), |_| max_tokens);
                plan.max_tokens = room;
                bound_budget(budget, room, dropped)
            }
            wish => wish,
        };
        if plan.is_thinking() {
            plan.display.clone_from(&reasoning.display);
        } else if reasoning.display.is_some() && reasoning.enabled != Some(false) {
            dropped.push(Dropped::new("reasoning.display", "the model is not asked to reason"));
        }
        plan
    }

    /// Whether the model will think.
    pub(super) fn is_thinking(&self) -> bool {
        matches!(self.thinking, Some(Thinking::Adaptive | Thinking::Budget(_)))
    }

    /// Writes `thinking`, with members that only this format knows.
    pub(super) fn write_thinking<'r>(&self, others: impl Iterator<Item = (&'r str, &'r str)>, o: &mut Object<'_>) {
        let Some(thinking) = self.thinking else { return };
        o.object("thinking", |o| {
            match thinking {
                Thinking::Disabled => o.string("type", "disabled"),
                Thinking::Adaptive => o.string("type", "adaptive"),
                Thinking::Budget(budget) => o.string("type", "enabled").integer("budget_tokens", budget),
            };
            o.maybe_string("display", self.display.as_deref());
            for (name, value) in others {
                o.raw(name, value);
            }
        });
    }
}

/// What was asked for, in the words that the model takes.
fn choose_thinking(reasoning: &ReasoningOptions, style: ReasoningStyle) -> Option<Thinking> {
    let asked = reasoning.adaptive || reasoning.budget.is_some() || reasoning.enabled == Some(true);
    if reasoning.enabled == Some(false) {
        return Some(Thinking::Disabled);
    }
    if reasoning.effort == Some(Effort::None) && !asked {
        // Models that take a budget don't think unasked.
        return (style != ReasoningStyle::Budget).then_some(Thinking::Disabled);
    }
    // Of an unknown model only the client's own choice tells which style it takes.
    let by_budget = match style {
        ReasoningStyle::Budget => true,
        ReasoningStyle::Adaptive => false,
        ReasoningStyle::Unspecified | ReasoningStyle::Unsupported => reasoning.budget.is_some(),
    };
    match reasoning.budget {
        Some(budget) if by_budget => Some(Thinking::Budget(budget)),
        _ if by_budget => Some(Thinking::Budget(budget(reasoning.effort))),
        _ if asked || reasoning.effort.is_some() => Some(Thinking::Adaptive),
        _ => None,
    }
}

/// The budget that stands for an effort.
fn budget(effort: Option<Effort>) -> u64 {
    // The API has no such table; these steps are what other gateways send.
    match effort {
        // 1024 is the least that the API takes.
        Some(Effort::None | Effort::Minimal | Effort::Low) => 1024,
        Some(Effort::Medium) | None => 2048,
        Some(Effort::High) => 4096,
        Some(Effort::XHigh) => 8192,
        Some(Effort::Max) => 16_384,
    }
}

/// The word for the effort, where the model takes one.
fn effort_word(
    reasoning: &ReasoningOptions,
    style: ReasoningStyle,
    dropped: &mut Vec<Dropped>,
) -> Option<&'static str> {
    // Models with budgets (Sonnet 4.5, Haiku 4.5) refuse `effort`.
    if style == ReasoningStyle::Budget {
        if reasoning.effort.is_some() && reasoning.budget.is_some() {
            dropped.push(Dropped::new("reasoning.effort", "the model takes a budget instead"));
        }
        return None;
    }
    let effort = match (reasoning.effort, reasoning.budget) {
        (None, Some(tokens)) if style == ReasoningStyle::Adaptive => {
            dropped.push(Dropped::new("reasoning.budget", format!("{tokens} tokens sent as an effort")));
            // The nearest of the efforts in `budget`; at most `high`, because only the newest models take more.
            match tokens {
                ..=1_535 => Some(Effort::Low),
                1_536..=3_071 => Some(Effort::Medium),
                _ => Some(Effort::High),
            }
        }
        (effort, _) => effort,
    };
    match effort? {
        Effort::None => None,
        Effort::Minimal => {
            dropped.push(Dropped::new("reasoning.effort", "minimal sent as low"));
            Some(Effort::Low.name())
        }
        effort => Some(effort.name()),
    }
}

/// The limit on all output where the client gave none: the model's, or enough for reasoning and reply.
fn output_limit(budget: u64, target: &Target) -> u64 {
    target.model.max_tokens.unwrap_or_else(|| budget.max(LEAST_BUDGET).saturating_add(DEFAULT_MAX_TOKENS))
}

/// A budget within its bounds; half of a limit that it does not fit into. Nothing where even the least is too much.
fn bound_budget(budget: u64, max_tokens: u64, dropped: &mut Vec<Dropped>) -> Option<Thinking> {
    if max_tokens <= LEAST_BUDGET {
        dropped.push(Dropped::new("reasoning", format!("max_tokens of {max_tokens} leaves no room for it")));
        return None;
    }
    let largest = if budget < max_tokens { budget } else { max_tokens / 2 };
    // Half of a small limit may be less than the least, which fits all the same: the limit is above it.
    let fitting = largest.max(LEAST_BUDGET);
    if fitting != budget {
        dropped.push(Dropped::new("reasoning.budget", format!("changed from {budget} to {fitting}")));
    }
    Some(Thinking::Budget(fitting))
}
