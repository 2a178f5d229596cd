//! Thoughts that a client gives no place to.
//!
//! A model that reasons wants its thoughts back, unchanged, with the calls that followed them, as long as the results
//! of those calls are talked about. Clients of a format without thoughts drop them, or keep pieces. So the thoughts
//! before a call are kept for a while, and put back when a conversation returns with that call. Calls are known by their
//! id, or by what they ask where a client drops ids too (Ollama's). Only who got the thoughts gets them back, and only
//! for the provider that made them.

use crate::call::Call;
use baton_kv::Cache;
use baton_model::chat::{Message, Part, PartKind, Reasoning, Role, ToolCall};
use baton_model::{ChatRequest, Event, ProviderId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long thoughts are kept: a tool may wait for a person, who may sleep over it.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The most of one answer's thoughts that is kept, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// The most calls of one conversation whose thoughts are looked for, from the end.
const MOST_CALLS: usize = 128;

/// Where thoughts are kept.
pub struct ReasoningCache {
    values: Arc<dyn Cache>,
}

/// The thoughts before one call.
#[derive(Debug, Deserialize, Serialize)]
struct CachedReasoning {
    thoughts: Vec<Thought>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct Thought {
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

    /// Keeps the thoughts of an answer to that call by that provider.
    pub async fn keep(&self, call: &Call, provider: &ProviderId, heard: ReasoningRecorder) {
        for (tool, thoughts) in heard.calls.into_values().filter(|(_, thoughts)| !thoughts.is_empty()) {
            let bytes = match serde_json::to_vec(&CachedReasoning { thoughts }) {
                Ok(bytes) => Bytes::from(bytes),
                Err(error) => {
                    tracing::warn!(%error, "thoughts could not be kept");
                    continue;
                }
            };
            for name in [tool.id.clone(), asked(&tool)] {
                self.values.set(key(call, provider, &name), bytes.clone(), LIFETIME, Vec::new()).await;
            }
        }
    }

    /// Puts back what the client dropped. Whether the calls that are being answered have their thoughts now.
    pub async fn restore(&self, call: &Call, provider: &ProviderId, request: &mut ChatRequest) -> bool {
        let mut complete = true;
        let mut left = MOST_CALLS;
        let answered = last_calls(&request.messages);
        for (place, message) in request.messages.iter_mut().enumerate().rev() {
            if message.role != Role::Assistant || left == 0 {
                continue;
            }
            let tools: Vec<ToolCall> = message.parts.iter().filter_map(tool).cloned().collect();
            if tools.is_empty() {
                continue;
            }
            left = left.saturating_sub(tools.len());
            let mut found = Vec::new();
            for tool in tools {
                let thoughts = self.thoughts(call, provider, &tool).await;
                found.extend(thoughts.map(|thoughts| (tool.id, thoughts)));
            }
            if found.is_empty() {
                complete &= Some(place) != answered || has_proof(message);
            } else {
                // What a client sends back itself may be a piece of it; what was kept is what was thought.
                put_back(message, found);
            }
        }
        complete
    }
}

impl ReasoningCache {
    async fn thoughts(&self, call: &Call, provider: &ProviderId, tool: &ToolCall) -> Option<Vec<Thought>> {
        let kept = match self.values.get(&key(call, provider, &tool.id)).await {
            Some(kept) => kept,
            None => self.values.get(&key(call, provider, &asked(tool))).await?,
        };
        serde_json::from_slice::<CachedReasoning>(&kept).ok().map(|kept| kept.thoughts)
    }
}

/// What names a call beside its id: its function and arguments, whatever order and spelling they are sent back in.
fn asked(tool: &ToolCall) -> String {
    let arguments =
        serde_json::from_str(&tool.arguments).map_or_else(|_| tool.arguments.clone(), |value| sorted(&value));
    let digest: [u8; 32] = Sha256::digest(format!("{}:{}:{arguments}", tool.name.len(), tool.name)).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON with its keys in order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, String> =
                members.iter().map(|(key, value)| (Value::from(key.as_str()).to_string(), sorted(value))).collect();
            let members: Vec<String> = members.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// The place of the turn whose calls the conversation is about to go on from.
fn last_calls(messages: &[Message]) -> Option<usize> {
    let place = messages.iter().rposition(|message| message.role != Role::Tool)?;
    let last = messages.get(place)?;
    (last.role == Role::Assistant && last.parts.iter().any(|part| call_id(part).is_some())).then_some(place)
}

fn tool(part: &Part) -> Option<&ToolCall> {
    if let PartKind::ToolCall(call) = &part.kind { Some(call) } else { None }
}

fn call_id(part: &Part) -> Option<&str> {
    tool(part).map(|call| call.id.as_str())
}

/// Whether thoughts that a provider can recognise as its own stand there.
fn has_proof(message: &Message) -> bool {
    message.parts.iter().any(|part| {
        matches!(&part.kind, PartKind::Reasoning(thought) if thought.signature.is_some() || thought.redacted.is_some())
    })
}

/// What was thought before the first call began the turn; what was thought later stands before its call.
fn put_back(message: &mut Message, mut found: Vec<(String, Vec<Thought>)>) {
    // The text of a thought without its proof is worth nothing to the provider.
    message.parts.retain(|part| !matches!(part.kind, PartKind::Reasoning(_)));
    let first = message.parts.iter().find_map(call_id).map(str::to_owned);
    let mut parts = Vec::with_capacity(message.parts.len() + found.len());
    for part in std::mem::take(&mut message.parts) {
        if let Some(place) = call_id(&part).and_then(|id| found.iter().position(|(of, _)| of == id)) {
            let (id, thoughts) = found.swap_remove(place);
            let thoughts = thoughts.into_iter().map(Part::from);
            if Some(&id) == first.as_ref() {
                parts.splice(0..0, thoughts);
            } else {
                parts.extend(thoughts);
            }
        }
        parts.push(part);
    }
    message.parts = parts;
}

impl From<Thought> for Part {
    fn from(Thought { text, signature, redacted }: Thought) -> Self {
        PartKind::Reasoning(Reasoning { text, signature, redacted }).into()
    }
}

/// Who may have them back, and for whom: lengths first, so that no two make the same key.
fn key(call: &Call, provider: &ProviderId, id: &str) -> String {
    let caller = &call.caller;
    let own = [
        caller.key.as_ref().map_or("", |key| key.as_str()),
        caller.project.as_deref().unwrap_or_default(),
        caller.user.as_deref().unwrap_or_default(),
        provider.as_str(),
        id,
    ];
    own.iter().fold("thought".to_owned(), |key, part| format!("{key}:{}:{part}", part.len()))
}

/// The thoughts of an answer under way, as far as they belong to calls.
#[derive(Debug, Default)]
pub struct ReasoningRecorder {
    /// What was thought since the last call of each answer.
    open: Vec<(u32, Thought, bool)>,
    /// By answer and number.
    calls: BTreeMap<(u32, u32), (ToolCall, Vec<Thought>)>,
    bytes: usize,
}

impl ReasoningRecorder {
    /// Takes note of what a frame says.
    pub fn listen(&mut self, events: &[Event]) {
        for event in events {
            if self.bytes > MOST_BYTES {
                return;
            }
            match event {
                Event::Reasoning { choice, text } => {
                    self.bytes += text.len();
                    self.thought(*choice).text.push_str(text);
                }
                Event::ReasoningSignature { choice, signature } => {
                    self.bytes += signature.len();
                    self.thought(*choice).signature = Some(signature.clone());
                    self.close(*choice);
                }
                Event::RedactedReasoning { choice, data } => {
                    self.bytes += data.len();
                    self.close(*choice);
                    self.thought(*choice).redacted = Some(data.clone());
                    self.close(*choice);
                }
                Event::ToolCall { choice, index, id, name } => {
                    let tool = ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() };
                    let thoughts = self.before(*choice);
                    self.calls.insert((*choice, *index), (tool, thoughts));
                }
                Event::ToolArguments { choice, index, fragment } => {
                    if let Some((tool, thoughts)) = self.calls.get_mut(&(*choice, *index))
                        && !thoughts.is_empty()
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

    /// The thought that goes on.
    fn thought(&mut self, choice: u32) -> &mut Thought {
        let is_open = |(of, _, closed): &(u32, Thought, bool)| *of == choice && !closed;
        let place = self.open.iter().rposition(is_open).unwrap_or_else(|| {
            self.open.push((choice, Thought::default(), false));
            self.open.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the search returned the place, or the line above filled it")]
        &mut self.open[place].1
    }

    fn close(&mut self, choice: u32) {
        self.open.iter_mut().filter(|(of, ..)| *of == choice).for_each(|(_, _, closed)| *closed = true);
    }

    /// The thoughts since the last call; those without proof can't be given back.
    fn before(&mut self, choice: u32) -> Vec<Thought> {
        self.open
            .extract_if(.., |(of, ..)| *of == choice)
            .map(|(_, thought, _)| thought)
            .filter(|thought| thought.signature.is_some() || thought.redacted.is_some())
            .collect()
    }
}
