//! Content blocks as events.

use crate::json::{Node, object};
use baton_model::Dialect;
use baton_model::chat::Json;
use baton_model::event::ReplyEvent;
use std::collections::BTreeMap;

/// The blocks of a message that are open.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    open: BTreeMap<u64, OpenBlock>,
    /// How many tool calls began.
    calls: u32,
}

#[derive(Debug)]
enum OpenBlock {
    Text,
    /// A piece of reasoning, with its signature so far.
    Thinking(String),
    Tool {
        index: u32,
        /// Whether arguments came.
        told: bool,
        /// The arguments that the start had; none is `{}`.
        input: String,
    },
    /// A block that only this format knows: told when it is complete.
    Other {
        json: String,
        input: String,
    },
}

impl Blocks {
    /// Whether the block opened last, which deltas are about, is a call to one of the client's tools; `false` where it
    /// is another that collects JSON.
    pub(super) fn takes_arguments(&self) -> bool {
        matches!(self.open.values().next_back(), Some(OpenBlock::Tool { .. }))
    }

    /// Notes that arguments of the call came, which somebody else told.
    pub(super) fn note_arguments(&mut self) {
        if let Some(OpenBlock::Tool { told, .. }) = self.open.values_mut().next_back() {
            *told = true;
        }
    }

    /// `content_block_start`.
    pub(super) fn start(&mut self, index: u64, node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let text = |name: &str| node.get(name).and_then(Node::string_or_none);
        let block = match text("type").as_deref() {
            Some("text") => {
                events.extend(not_empty(text("text")).map(|text| ReplyEvent::Text { choice: 0, text }));
                let citations = node.get("citations").and_then(|list| list.items().ok()).unwrap_or_default();
                events.extend(citations.iter().map(citation));
                OpenBlock::Text
            }
            Some("thinking") => {
                events.extend(not_empty(text("thinking")).map(|text| ReplyEvent::Reasoning { choice: 0, text }));
                OpenBlock::Thinking(text("signature").unwrap_or_default())
            }
            Some("redacted_thinking") => {
                // Complete with its start: nothing is left open.
                events.extend(text("data").map(|data| ReplyEvent::RedactedReasoning { choice: 0, data }));
                return;
            }
            Some("tool_use") => {
                let call = self.calls;
                self.calls += 1;
                // Not every service of this format sends an id, and the client needs one to send the result.
                let id = not_empty(text("id")).unwrap_or_else(|| format!("toolu_{call}"));
                events.push(ReplyEvent::ToolCall {
                    choice: 0,
                    index: call,
                    id,
                    name: text("name").unwrap_or_default(),
                });
                let input = node.get("input").map_or("{}", Node::text).to_owned();
                OpenBlock::Tool { index: call, told: false, input }
            }
            // `server_tool_use` streams its input like a call, but the provider runs it. Clients of other formats
            // must not take it for a call to one of their tools.
            _ => OpenBlock::Other { json: node.text().to_owned(), input: String::new() },
        };
        self.open.insert(index, block);
    }

    /// `content_block_delta`.
    pub(super) fn delta(&mut self, index: u64, delta: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let text = |name: &str| not_empty(delta.get(name).and_then(Node::string_or_none));
        let block = self.open.get_mut(&index);
        match (delta.get("type").and_then(Node::as_str).as_deref(), block) {
            (Some("text_delta"), _) => events.extend(text("text").map(|text| ReplyEvent::Text { choice: 0, text })),
            (Some("thinking_delta"), _) => {
                events.extend(text("thinking").map(|text| ReplyEvent::Reasoning { choice: 0, text }));
            }
            // Told as a whole at the stop: only a complete signature is of use.
            (Some("signature_delta"), Some(OpenBlock::Thinking(signature))) => {
                signature.push_str(&text("signature").unwrap_or_default());
            }
            (Some("citations_delta"), _) => events.extend(delta.get("citation").map(citation)),
            (Some("input_json_delta"), Some(OpenBlock::Tool { index, told, .. })) => {
                if let Some(fragment) = text("partial_json") {
                    *told = true;
                    events.push(ReplyEvent::ToolArguments { choice: 0, index: *index, fragment });
                }
            }
            (Some("input_json_delta"), Some(OpenBlock::Other { input, .. })) => {
                input.push_str(&text("partial_json").unwrap_or_default());
            }
            _ => {}
        }
    }

    /// `content_block_stop`.
    pub(super) fn stop(&mut self, index: u64, events: &mut Vec<ReplyEvent>) {
        match self.open.remove(&index) {
            Some(OpenBlock::Thinking(signature)) if !signature.is_empty() => {
                events.push(ReplyEvent::ReasoningSignature { choice: 0, signature });
            }
            // No delta came: the call has no arguments, or this is a whole reply, whose start has them all.
            Some(OpenBlock::Tool { index, told: false, input }) => {
                events.push(ReplyEvent::ToolArguments { choice: 0, index, fragment: input });
            }
            Some(OpenBlock::Other { json, input }) => {
                let json = if input.is_empty() { json } else { with_input(&json, &input) };
                events.push(ReplyEvent::Other { choice: 0, dialect: Dialect::Anthropic, json: Json(json) });
            }
            _ => {}
        }
    }

    /// Stops what a service that sends no stops left open.
    pub(super) fn stop_all(&mut self, events: &mut Vec<ReplyEvent>) {
        while let Some(index) = self.open.keys().next().copied() {
            self.stop(index, events);
        }
    }
}

fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn citation(node: &Node<'_>) -> ReplyEvent {
    ReplyEvent::Citation { choice: 0, dialect: Dialect::Anthropic, json: node.json() }
}

/// The block with the input that came in pieces; without it if that is no JSON.
fn with_input(json: &str, input: &str) -> String {
    let (Ok(block), Ok(_)) = (Node::parse(json.as_bytes()), Node::parse(input.as_bytes())) else {
        return json.to_owned();
    };
    let written = object(|o| {
        for (name, value) in block.members().unwrap_or_default() {
            if name != "input" {
                o.raw(name, value.text());
            }
        }
        o.raw("input", input);
    });
    String::from_utf8(written).unwrap_or_default()
}
