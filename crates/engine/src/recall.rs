//! Thoughts that a client gives no place to.
//!
//! A model that reasons wants its thoughts back, unchanged, with the calls that followed them, as long as the results
//! of those calls are talked about. Clients of a format without thoughts drop them. So the thoughts before a call are
//! kept for a while under the call's id and put back when a conversation returns with that call and without them. Only
//! who got them gets them back, and only for the provider that made them.

use crate::call::Call;
use baton_kv::Cache;
use baton_model::chat::{Message, Part, PartKind, Reasoning, Role};
use baton_model::{ChatRequest, Event, ProviderId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// How long thoughts are kept: a tool may wait for a person, who may sleep over it.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The most of one answer's thoughts that is kept, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// The most calls of one conversation whose thoughts are looked for, from the end.
const MOST_CALLS: usize = 128;

/// Where thoughts are kept.
pub struct Recall {
    values: Arc<dyn Cache>,
}

/// The thoughts before one call.
#[derive(Debug, Deserialize, Serialize)]
struct Kept {
    thoughts: Vec<Thought>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Thought {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<String>,
}

impl Recall {
    /// Keeps them there.
    pub fn new(values: Arc<dyn Cache>) -> Self {
        Self { values }
    }

    /// Keeps the thoughts of an answer to that call by that provider.
    pub async fn keep(&self, call: &Call, provider: &ProviderId, heard: Heard) {
        for (id, thoughts) in heard.calls {
            match serde_json::to_vec(&Kept { thoughts }) {
                Ok(bytes) => self.values.set(key(call, provider, &id), bytes.into(), LIFETIME, Vec::new()).await,
                Err(error) => tracing::warn!(%error, "thoughts could not be kept"),
            }
        }
    }

    /// Puts back what the client dropped. Whether the calls that are being answered have their thoughts now.
    pub async fn restore(&self, call: &Call, provider: &ProviderId, request: &mut ChatRequest) -> bool {
        let mut complete = true;
        let mut left = MOST_CALLS;
        let answered = last_calls(&request.messages);
        for (place, message) in request.messages.iter_mut().enumerate().rev() {
            if message.role != Role::Assistant || left == 0 || has_proof(message) {
                continue;
            }
            let ids: Vec<String> = message.parts.iter().filter_map(call_id).map(str::to_owned).collect();
            if ids.is_empty() {
                continue;
            }
            left = left.saturating_sub(ids.len());
            let mut found = Vec::new();
            for id in ids {
                let kept = self.values.get(&key(call, provider, &id)).await;
                let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
                found.extend(kept.map(|kept| (id, kept.thoughts)));
            }
            if found.is_empty() {
                complete &= Some(place) != answered;
            } else {
                put_back(message, found);
            }
        }
        complete
    }
}

/// The place of the turn whose calls the conversation is about to go on from.
fn last_calls(messages: &[Message]) -> Option<usize> {
    let place = messages.iter().rposition(|message| message.role != Role::Tool)?;
    let last = messages.get(place)?;
    (last.role == Role::Assistant && last.parts.iter().any(|part| call_id(part).is_some())).then_some(place)
}

fn call_id(part: &Part) -> Option<&str> {
    if let PartKind::ToolCall(call) = &part.kind { Some(&call.id) } else { None }
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
pub struct Heard {
    /// What was thought since the last call of each answer.
    open: Vec<(u32, Thought, bool)>,
    calls: Vec<(String, Vec<Thought>)>,
    bytes: usize,
}

impl Heard {
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
                Event::ToolCall { choice, id, .. } => self.called(*choice, id),
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

    /// A call takes the thoughts before it; those without proof can't be given back.
    fn called(&mut self, choice: u32, id: &str) {
        let thoughts: Vec<Thought> = self
            .open
            .extract_if(.., |(of, ..)| *of == choice)
            .map(|(_, thought, _)| thought)
            .filter(|thought| thought.signature.is_some() || thought.redacted.is_some())
            .collect();
        if !thoughts.is_empty() {
            self.calls.push((id.to_owned(), thoughts));
        }
    }
}
