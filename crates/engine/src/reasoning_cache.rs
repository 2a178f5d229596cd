//! Reasoning that the client's format has no place for.
//!
//! A model that reasons wants its reasoning back, unchanged, with the tool calls that followed, for as long as the
//! conversation goes on from the results of those calls. Clients of a format without reasoning drop it, or keep pieces.
//! So the reasoning before a call is kept for a while, and put back when a conversation returns with that call. Calls
//! are known by their id, or by their name and arguments where a client drops ids too (Ollama's). Only the caller that
//! got the reasoning gets it back, and only for the provider that produced it.

use crate::call::Call;
use baton_kv::Cache;
use baton_model::chat::{Message, MessageRole, Part, PartKind, Reasoning, ToolCall};
use baton_model::{ChatRequest, ProviderId, ReplyEvent};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long reasoning is kept: a tool may wait for a person, who may sleep over it.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The most of one reply's reasoning that is kept, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// The most calls of one conversation whose reasoning is looked for, from the end.
const MOST_CALLS: usize = 128;

/// Where reasoning is kept.
pub struct ReasoningCache {
    values: Arc<dyn Cache>,
}

/// The reasoning before one call.
#[derive(Debug, Deserialize, Serialize)]
struct CachedReasoning {
    // Cached values outlive an upgrade, so the name on the wire stays as the first version wrote it.
    #[serde(rename = "thoughts")]
    blocks: Vec<ReasoningBlock>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct ReasoningBlock {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<String>,
}

impl ReasoningCache {
    /// Keeps them there.
    pub fn new(values: Arc<dyn Cache>) -> Self {
        Self { values }
    }

    /// Keeps the reasoning of a reply to that call by that provider.
    pub async fn store_reasoning(&self, call: &Call, provider: &ProviderId, recorder: ReasoningRecorder) {
        for (tool, blocks) in recorder.calls.into_values().filter(|(_, blocks)| !blocks.is_empty()) {
            let bytes = match serde_json::to_vec(&CachedReasoning { blocks }) {
                Ok(bytes) => Bytes::from(bytes),
                Err(error) => {
                    tracing::warn!(%error, "reasoning could not be cached");
                    continue;
                }
            };
            // Under both names, because it is not known yet whether this client sends ids back.
            for name in [tool.id.clone(), describe_call(&tool)] {
                self.values.set(key(call, provider, &name), bytes.clone(), LIFETIME, Vec::new()).await;
            }
        }
    }

    /// Whether a conversation may lack reasoning: only the reasoning before tool calls is kept.
    pub fn may_restore(request: &ChatRequest) -> bool {
        // Asked before the request is copied: a copy of a long conversation is expensive, and most have no tool
        // calls.
        let calls = |message: &Message| {
            message.role == MessageRole::Assistant && message.parts.iter().any(|part| tool(part).is_some())
        };
        request.messages.iter().any(calls)
    }

    /// Puts back what the client dropped. Whether the calls that are being continued have their reasoning now.
    pub async fn restore(&self, call: &Call, provider: &ProviderId, request: &mut ChatRequest) -> bool {
        let mut complete = true;
        let mut left = MOST_CALLS;
        let answered = find_last_calls(&request.messages);
        // From the end: the latest turns matter most, and the number of lookups is bounded.
        for (place, message) in request.messages.iter_mut().enumerate().rev() {
            if message.role != MessageRole::Assistant || left == 0 {
                continue;
            }
            let tools: Vec<ToolCall> = message.parts.iter().filter_map(tool).cloned().collect();
            if tools.is_empty() {
                continue;
            }
            left = left.saturating_sub(tools.len());
            let mut found = Vec::new();
            for tool in tools {
                let blocks = self.find_blocks(call, provider, &tool).await;
                found.extend(blocks.map(|blocks| (tool.id, blocks)));
            }
            if found.is_empty() {
                complete &= Some(place) != answered || is_signed(message);
            } else {
                // What a client sends back itself may be a piece of it; what was kept is complete.
                restore_blocks(message, found);
            }
        }
        complete
    }
}

impl ReasoningCache {
    async fn find_blocks(&self, call: &Call, provider: &ProviderId, tool: &ToolCall) -> Option<Vec<ReasoningBlock>> {
        let bytes = match self.values.get(&key(call, provider, &tool.id)).await {
            Some(bytes) => bytes,
            None => self.values.get(&key(call, provider, &describe_call(tool))).await?,
        };
        serde_json::from_slice::<CachedReasoning>(&bytes).ok().map(|cached| cached.blocks)
    }
}

/// What identifies a call beside its id: its function and arguments, in whatever order the client sends them back.
fn describe_call(tool: &ToolCall) -> String {
    let arguments =
        serde_json::from_str(&tool.arguments).map_or_else(|_| tool.arguments.clone(), |value| sort_keys(&value));
    let digest: [u8; 32] = Sha256::digest(format!("{}:{}:{arguments}", tool.name.len(), tool.name)).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON with its keys in order.
fn sort_keys(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, String> =
                members.iter().map(|(key, value)| (Value::from(key.as_str()).to_string(), sort_keys(value))).collect();
            let members: Vec<String> = members.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sort_keys).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// The place of the turn whose calls the conversation is about to go on from.
fn find_last_calls(messages: &[Message]) -> Option<usize> {
    let place = messages.iter().rposition(|message| message.role != MessageRole::Tool)?;
    let last = messages.get(place)?;
    (last.role == MessageRole::Assistant && last.parts.iter().any(|part| call_id(part).is_some())).then_some(place)
}

fn tool(part: &Part) -> Option<&ToolCall> {
    if let PartKind::ToolCall(call) = &part.kind { Some(call) } else { None }
}

fn call_id(part: &Part) -> Option<&str> {
    tool(part).map(|call| call.id.as_str())
}

/// Whether the message has reasoning that the provider can recognise as its own.
fn is_signed(message: &Message) -> bool {
    message.parts.iter().any(|part| {
        matches!(&part.kind, PartKind::Reasoning(block) if block.signature.is_some() || block.redacted.is_some())
    })
}

/// Reasoning before the first call begins the turn; later reasoning stands before its call.
fn restore_blocks(message: &mut Message, mut found: Vec<(String, Vec<ReasoningBlock>)>) {
    // Text without its signature is worth nothing to the provider, so the client's pieces go before the whole comes in.
    message.parts.retain(|part| !matches!(part.kind, PartKind::Reasoning(_)));
    // The call that stands first in the message decides, not the first that was found in the cache.
    let first = message.parts.iter().find_map(call_id).map(str::to_owned);
    let mut parts = Vec::with_capacity(message.parts.len() + found.len());
    for part in std::mem::take(&mut message.parts) {
        if let Some(place) = call_id(&part).and_then(|id| found.iter().position(|(of, _)| of == id)) {
            // Removed, because two calls of one reply may have the same name and arguments, and each has its own
            // reasoning.
            let (id, blocks) = found.swap_remove(place);
            let blocks = blocks.into_iter().map(Part::from);
            if Some(&id) == first.as_ref() {
                parts.splice(0..0, blocks);
            } else {
                parts.extend(blocks);
            }
        }
        parts.push(part);
    }
    message.parts = parts;
}

impl From<ReasoningBlock> for Part {
    fn from(ReasoningBlock { text, signature, redacted }: ReasoningBlock) -> Self {
        PartKind::Reasoning(Reasoning { text, signature, redacted }).into()
    }
}

/// Who may have them back, and for whom: lengths first, so that no two make the same key.
fn key(call: &Call, provider: &ProviderId, id: &str) -> String {
    let caller = &call.identity.caller;
    let own = [
        caller.key.as_ref().map_or("", |key| key.as_str()),
        caller.project.as_deref().unwrap_or_default(),
        caller.user.as_deref().unwrap_or_default(),
        provider.as_str(),
        id,
    ];
    // The word is as the first version wrote it; entries live a day, longer than an upgrade takes.
    own.iter().fold("thought".to_owned(), |key, part| format!("{key}:{}:{part}", part.len()))
}

/// The reasoning of a reply under way, as far as it belongs to tool calls.
#[derive(Debug, Default)]
pub struct ReasoningRecorder {
    /// The blocks since the last call of each choice, and whether each is closed.
    open: Vec<(u32, ReasoningBlock, bool)>,
    /// By choice and index.
    calls: BTreeMap<(u32, u32), (ToolCall, Vec<ReasoningBlock>)>,
    bytes: usize,
}

impl ReasoningRecorder {
    /// Takes note of what a frame says.
    pub fn observe(&mut self, events: &[ReplyEvent]) {
        for event in events {
            // Past the bound nothing is kept (`is_empty`): reasoning goes back whole or not at all.
            if self.bytes > MOST_BYTES {
                return;
            }
            match event {
                ReplyEvent::Reasoning { choice, text } => {
                    self.bytes += text.len();
                    self.open_block(*choice).text.push_str(text);
                }
                ReplyEvent::ReasoningSignature { choice, signature } => {
                    self.bytes += signature.len();
                    self.open_block(*choice).signature = Some(signature.clone());
                    // A signature ends its block: text that follows belongs to the next one, which has its own.
                    self.close(*choice);
                }
                ReplyEvent::RedactedReasoning { choice, data } => {
                    self.bytes += data.len();
                    self.close(*choice);
                    self.open_block(*choice).redacted = Some(data.clone());
                    self.close(*choice);
                }
                ReplyEvent::ToolCall { choice, index, id, name } => {
                    let tool = ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() };
                    let blocks = self.take_blocks(*choice);
                    self.calls.insert((*choice, *index), (tool, blocks));
                }
                ReplyEvent::ToolArguments { choice, index, fragment } => {
                    if let Some((tool, blocks)) = self.calls.get_mut(&(*choice, *index))
                        // Arguments serve to recognise the call, and one without reasoning is not kept.
                        && !blocks.is_empty()
                    {
                        self.bytes += fragment.len();
                        tool.arguments.push_str(fragment);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether there is anything to keep.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() || self.bytes > MOST_BYTES
    }

    /// The block that is still growing.
    fn open_block(&mut self, choice: u32) -> &mut ReasoningBlock {
        let is_open = |(of, _, closed): &(u32, ReasoningBlock, bool)| *of == choice && !closed;
        let place = self.open.iter().rposition(is_open).unwrap_or_else(|| {
            self.open.push((choice, ReasoningBlock::default(), false));
            self.open.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the search returned the place, or the line above filled it")]
        &mut self.open[place].1
    }

    fn close(&mut self, choice: u32) {
        self.open.iter_mut().filter(|(of, ..)| *of == choice).for_each(|(_, _, closed)| *closed = true);
    }

    /// The blocks since the last call; those without a signature can't be given back.
    fn take_blocks(&mut self, choice: u32) -> Vec<ReasoningBlock> {
        self.open
            .extract_if(.., |(of, ..)| *of == choice)
            .map(|(_, block, _)| block)
            .filter(|block| block.signature.is_some() || block.redacted.is_some())
            .collect()
    }
}
