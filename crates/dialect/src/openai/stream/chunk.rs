//! One chunk of a chat or completion, or a whole reply, as events.

use super::calls::StreamedCalls;
use crate::error::openai_shape as error;
use crate::json::{JsonValue, Node, object};
use crate::openai::chat::read_finish;
use crate::openai_usage as usage;
use baton_model::chat::Json;
use baton_model::event::{FinishReason, ReplyEvent, ReplyStart};
use baton_model::{Dialect, Usage};
use std::collections::BTreeMap;

/// What chunks refer back to.
#[derive(Debug, Default)]
pub(in crate::openai) struct Chunks {
    started: bool,
    /// The reply's id.
    id: String,
    choices: BTreeMap<u32, Choice>,
    /// The usage told last, as vendors repeat it.
    usage: Option<Usage>,
}

#[derive(Debug, Default)]
struct Choice {
    calls: StreamedCalls,
    finished: bool,
}

impl Chunks {
    /// Whether all choices that began are complete.
    pub(super) fn is_finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.values().all(|choice| choice.finished)
    }

    /// Whether the reply's names were told.
    pub(super) fn is_started(&self) -> bool {
        self.started
    }

    /// Whether the first choice began.
    pub(super) fn has_first(&self) -> bool {
        self.choices.contains_key(&0)
    }

    /// The events of a chunk.
    pub(super) fn push(&mut self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        if root.get("error").is_some() || is_error_object(root) {
            self.fail(root, events);
            return;
        }
        // Names before content, whatever the order of members.
        self.start(root, events);
        let choices = root.get("choices").and_then(|choices| choices.items().ok()).unwrap_or_default();
        for choice in choices {
            self.choice(choice, events);
            if choice.get("error").is_some() {
                self.usage(root, choices, events);
                events.push(ReplyEvent::Failed(error::read_node(200, choice)));
                return;
            }
        }
        self.usage(root, choices, events);
    }

    /// A chunk that is an error. A few send the choices so far along with it, and what they used is billed.
    pub(super) fn fail(&mut self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let choices = root.get("choices").and_then(|choices| choices.items().ok()).unwrap_or_default();
        self.usage(root, choices, events);
        events.push(ReplyEvent::Failed(error::read_node(200, root)));
    }

    fn start(&mut self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        if self.started {
            return;
        }
        let text = |name: &str| root.get(name).and_then(Node::string_or_none);
        let started = ReplyStart {
            id: text("id").filter(|id| !id.is_empty()),
            model: text("model").filter(|model| !model.is_empty()),
            created: root.get("created").and_then(|created| created.f64().ok()).map(whole),
            fingerprint: text("system_fingerprint"),
        };
        // Azure sends its verdict on the prompt first, without names.
        if started == ReplyStart::default() && root.get("choices").is_none() {
            return;
        }
        // Not by a chunk without names, because a later one may have them.
        self.started = started.id.is_some() || started.model.is_some();
        self.id = started.id.clone().unwrap_or_default();
        if self.started {
            events.push(ReplyEvent::Started(started));
        }
    }

    fn choice(&mut self, node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let index: u32 = node.get("index").and_then(|index| index.integer().ok()).unwrap_or(0);
        let choice = self.choices.entry(index).or_default();
        if let Some(text) = node.get("text").and_then(Node::string_or_none).filter(|text| !text.is_empty()) {
            events.push(ReplyEvent::Text { choice: index, text });
        }
        if let Some(message) = node.get("delta").or_else(|| node.get("message")) {
            choice.message(message, index, &self.id, events);
        }
        if let Some(logprobs) = node.get("logprobs") {
            match logprobs.get("content") {
                Some(content) if matches!(content.value(), JsonValue::Array(items) if !items.is_empty()) => {
                    events.push(ReplyEvent::LogProbs { choice: index, content: content.json() });
                }
                // A completion's have another shape.
                None if logprobs.get("tokens").is_some() => events.push(member(index, "logprobs", logprobs)),
                _ => {}
            }
        }
        if let Some(word) = node.get("finish_reason").and_then(Node::as_str).filter(|word| !word.is_empty()) {
            // Before the reason, behind which nobody expects content.
            choice.calls.flush(index, &self.id, events);
            let stop_sequence = find_stop_sequence(node);
            let reason = match read_finish(&word) {
                // A call that was forced ends with `stop` at OpenAI, and everything else does at others.
                FinishReason::Stop if !choice.calls.is_empty() => FinishReason::ToolCalls,
                FinishReason::Stop if stop_sequence.is_some() => FinishReason::StopSequence,
                reason => reason,
            };
            let stop_sequence = stop_sequence.filter(|_| reason == FinishReason::StopSequence);
            // Some repeat it in each chunk after.
            if !std::mem::replace(&mut choice.finished, true) {
                events.push(ReplyEvent::Finished { choice: index, reason, stop_sequence });
            }
        }
    }

    fn usage(&mut self, root: &Node<'_>, choices: &[Node<'_>], events: &mut Vec<ReplyEvent>) {
        let inside_choice = || choices.iter().find_map(|choice| choice.get("usage"));
        let groq = || root.get("x_groq").and_then(|groq| groq.get("usage"));
        let Some(node) = root.get("usage").or_else(inside_choice).or_else(groq).filter(|node| node.is_object()) else {
            return;
        };
        let mut usage = usage::read(node);
        usage.service_tier = root.get("service_tier").and_then(Node::string_or_none).or(usage.service_tier);
        usage::read_other_models(root, &mut usage);
        // All zero is a vendor that counts only at the end, or not at all.
        if !usage.is_empty() && self.usage.as_ref() != Some(&usage) {
            self.usage = Some(usage.clone());
            events.push(ReplyEvent::Usage(usage));
        }
    }
}

impl Choice {
    fn message(&mut self, node: &Node<'_>, choice: u32, reply: &str, events: &mut Vec<ReplyEvent>) {
        read_reasoning(node, choice, events);
        if let Some(content) = node.get("content") {
            read_content(content, choice, events);
        }
        if let Some(text) = node.get("refusal").and_then(Node::string_or_none).filter(|text| !text.is_empty()) {
            events.push(ReplyEvent::Refusal { choice, text });
        }
        for entry in node.get("tool_calls").and_then(|calls| calls.items().ok()).unwrap_or_default() {
            self.calls.push(entry, choice, reply, events);
        }
        if let Some(function) = node.get("function_call").filter(|call| call.is_object()) {
            self.calls.push_function(function, choice, reply, events);
        }
        let Ok(members) = node.members() else { return };
        for (name, value) in members {
            match (name.as_ref(), value.value()) {
                (
                    "role" | "content" | "refusal" | "tool_calls" | "function_call" | "reasoning_content" | "reasoning"
                    | "thinking_blocks",
                    _,
                )
                | (_, JsonValue::Null) => {}
                ("annotations", JsonValue::Array(items)) => {
                    events.extend(items.iter().map(|item| ReplyEvent::Citation {
                        choice,
                        dialect: Dialect::OpenAi,
                        json: item.json(),
                    }))
                }
                (_, JsonValue::Array(items)) if items.is_empty() => {}
                // Labels (`channel`, `prefix`) say nothing of the reply.
                (_, JsonValue::String | JsonValue::Bool(_) | JsonValue::Number) => {}
                _ => events.push(member(choice, name, value)),
            }
        }
    }
}

/// Text, or parts as Mistral sends them for its reasoning models.
fn read_content(content: &Node<'_>, choice: u32, events: &mut Vec<ReplyEvent>) {
    if let Some(text) = content.string_or_none() {
        if !text.is_empty() {
            events.push(ReplyEvent::Text { choice, text });
        }
        return;
    }
    for part in content.items().unwrap_or_default() {
        let text = |node: &Node<'_>| node.get("text").and_then(Node::string_or_none);
        match part.get("type").and_then(Node::as_str).as_deref() {
            Some("text") => events.extend(text(part).map(|text| ReplyEvent::Text { choice, text })),
            Some("thinking") => {
                let pieces = part.get("thinking").and_then(|pieces| pieces.items().ok()).unwrap_or_default();
                events.extend(pieces.iter().filter_map(text).map(|text| ReplyEvent::Reasoning { choice, text }));
            }
            _ => events.push(ReplyEvent::Other { choice, dialect: Dialect::OpenAi, json: part.json() }),
        }
    }
}

/// Reasoning, in the members that compatible services use for it. Several may say the same: signatures are taken from
/// the blocks, the text from the first that has it.
fn read_reasoning(node: &Node<'_>, choice: u32, events: &mut Vec<ReplyEvent>) {
    let blocks = node.get("thinking_blocks").and_then(|blocks| blocks.items().ok()).unwrap_or_default();
    let member =
        |node: &Node<'_>, name: &str| node.get(name).and_then(Node::string_or_none).filter(|text| !text.is_empty());
    let blocks_have_text = blocks.iter().any(|block| member(block, "thinking").is_some());
    if !blocks_have_text && let Some(text) = member(node, "reasoning_content").or_else(|| member(node, "reasoning")) {
        events.push(ReplyEvent::Reasoning { choice, text });
    }
    for block in blocks {
        events.extend(member(block, "thinking").map(|text| ReplyEvent::Reasoning { choice, text }));
        events.extend(member(block, "signature").map(|signature| ReplyEvent::ReasoningSignature { choice, signature }));
        events.extend(member(block, "data").map(|data| ReplyEvent::RedactedReasoning { choice, data }));
    }
}

/// The stop sequence that ended a choice, as servers beside OpenAI tell it: vLLM in `stop_reason`, SGLang in
/// `matched_stop`. A number there is the token that ends every reply.
fn find_stop_sequence(choice: &Node<'_>) -> Option<String> {
    // Gateways put other vendors' words there.
    const WORDS: [&str; 8] =
        ["stop", "end_turn", "eos", "length", "max_tokens", "tool_use", "tool_calls", "stop_sequence"];
    let word = choice.get("stop_reason").or_else(|| choice.get("matched_stop")).and_then(Node::string_or_none)?;
    (!word.is_empty() && !WORDS.contains(&word.as_str())).then_some(word)
}

/// A member that only this format knows, as an object that holds it alone.
fn member(choice: u32, name: &str, value: &Node<'_>) -> ReplyEvent {
    let json = object(|o| {
        o.raw(name, value.text());
    });
    ReplyEvent::Other { choice, dialect: Dialect::OpenAi, json: Json(String::from_utf8(json).unwrap_or_default()) }
}

/// vLLM's older way to say an error.
fn is_error_object(root: &Node<'_>) -> bool {
    root.get("object").and_then(Node::as_str).as_deref() == Some("error")
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole(seconds: f64) -> i64 {
    // Some send milliseconds; as seconds they would lie in the far future.
    let seconds = if seconds > 1e11 { seconds / 1000.0 } else { seconds };
    seconds as i64
}
