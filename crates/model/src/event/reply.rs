//! A chat or completion reply as a whole: a stream of events, collected.

use super::{FinishReason, ReplyEvent, ReplyStart, Timings};
use crate::chat::{Json, Part, PartKind, Reasoning, ToolCall};
use crate::usage::Usage;
use std::collections::HashMap;

/// A whole chat or completion reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CollectedReply {
    /// Its names.
    pub started: ReplyStart,
    /// The choices, by number.
    pub choices: Vec<ReplyChoice>,
    /// What was consumed; empty where the provider did not say.
    pub usage: Option<Usage>,
    /// How long the provider took, where it says.
    pub timings: Option<Timings>,
}

/// Where the tool calls of each choice stand among its parts.
type Calls = HashMap<u32, Vec<usize>>;

/// One choice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplyChoice {
    /// Its number, from 0.
    pub index: u32,
    /// Text, reasoning, tool calls, in order.
    pub parts: Vec<Part>,
    /// Why it is complete; `None` if the stream was cut.
    pub finish: Option<FinishReason>,
    /// The stop text that was met.
    pub stop_sequence: Option<String>,
    /// Log probabilities: JSON arrays to be joined, one for each event that carried some.
    pub logprobs: Vec<Json>,
}

impl CollectedReply {
    /// Puts a stream together. Neighbouring pieces of text (or reasoning) become one part; events of other
    /// capabilities, errors and ends are passed over.
    pub fn collect<'a>(events: impl IntoIterator<Item = &'a ReplyEvent>) -> Self {
        let (mut reply, mut calls) = (Self::default(), Calls::new());
        for event in events {
            reply.push(event, &mut calls);
        }
        reply
    }

    fn push(&mut self, event: &ReplyEvent, calls: &mut Calls) {
        match event {
            ReplyEvent::Started(started) => self.started = started.clone(),
            ReplyEvent::Text { choice, text } => match self.last(*choice) {
                // Text after a citation begins another part: a citation belongs to the text before it and not to what
                // follows.
                Some(PartKind::Text { text: before, citations }) if citations.is_empty() => before.push_str(text),
                _ => self.add(*choice, PartKind::Text { text: text.clone(), citations: Vec::new() }),
            },
            ReplyEvent::Refusal { choice, text } => match self.last(*choice) {
                Some(PartKind::Refusal(before)) => before.push_str(text),
                _ => self.add(*choice, PartKind::Refusal(text.clone())),
            },
            ReplyEvent::Reasoning { choice, text } => match self.last(*choice) {
                // A signature covers exactly the text before it, so nothing is added to reasoning that has one.
                Some(PartKind::Reasoning(Reasoning { text: before, signature: None, redacted: None })) => {
                    before.push_str(text);
                }
                _ => self.add(*choice, PartKind::Reasoning(Reasoning { text: text.clone(), ..Reasoning::default() })),
            },
            ReplyEvent::ReasoningSignature { choice, signature } => match self.last(*choice) {
                Some(PartKind::Reasoning(Reasoning { signature: slot @ None, redacted: None, .. })) => {
                    *slot = Some(signature.clone());
                }
                // A new part: Anthropic may sign reasoning that it does not show.
                _ => self.add(
                    *choice,
                    PartKind::Reasoning(Reasoning { signature: Some(signature.clone()), ..Reasoning::default() }),
                ),
            },
            ReplyEvent::RedactedReasoning { choice, data } => self
                .add(*choice, PartKind::Reasoning(Reasoning { redacted: Some(data.clone()), ..Reasoning::default() })),
            ReplyEvent::ToolCall { choice, id, name, .. } => {
                calls.entry(*choice).or_default().push(self.choice(*choice).parts.len());
                let call = ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() };
                self.add(*choice, PartKind::ToolCall(call));
            }
            ReplyEvent::ToolArguments { choice, index, fragment } => {
                // By index and not to the last call: OpenAI may interleave the arguments of parallel calls.
                let place = calls.get(choice).and_then(|places| places.get(*index as usize));
                let part = place.and_then(|place| self.choice(*choice).parts.get_mut(*place));
                // Arguments of a call that was never begun are dropped: nothing says what they would call.
                if let Some(PartKind::ToolCall(call)) = part.map(|part| &mut part.kind) {
                    call.arguments.push_str(fragment);
                }
            }
            ReplyEvent::Citation { choice, dialect, json } => {
                // Without a text before it a citation belongs to nothing, and is dropped.
                if let Some(PartKind::Text { citations, .. }) = self.last(*choice) {
                    citations.push((*dialect, json.clone()));
                }
            }
            ReplyEvent::LogProbs { choice, content } => self.choice(*choice).logprobs.push(content.clone()),
            ReplyEvent::Other { choice, dialect, json } => {
                self.add(*choice, PartKind::Other { dialect: *dialect, json: json.clone() });
            }
            ReplyEvent::Finished { choice, reason, stop_sequence } => {
                let choice = self.choice(*choice);
                choice.finish = Some(reason.clone());
                choice.stop_sequence.clone_from(stop_sequence);
            }
            ReplyEvent::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            ReplyEvent::Timings(timings) => self.timings = Some(*timings),
            ReplyEvent::Opaque { .. }
            | ReplyEvent::Embeddings(_)
            | ReplyEvent::Image(_)
            | ReplyEvent::Transcript(_)
            | ReplyEvent::Bytes(_)
            | ReplyEvent::Failed(_)
            | ReplyEvent::Ended => {}
        }
    }

    /// The stream that [collects](Self::collect) into this reply, its end included.
    pub fn events(&self) -> Vec<ReplyEvent> {
        let mut events = vec![ReplyEvent::Started(self.started.clone())];
        for choice in &self.choices {
            choice.events(&mut events);
        }
        events.extend(self.usage.clone().map(ReplyEvent::Usage));
        events.extend(self.timings.map(ReplyEvent::Timings));
        events.push(ReplyEvent::Ended);
        events
    }

    /// The choice of that number, created if it is not there yet.
    fn choice(&mut self, index: u32) -> &mut ReplyChoice {
        // Choices may begin in any order in a stream.
        let place = match self.choices.binary_search_by_key(&index, |choice| choice.index) {
            Ok(place) => place,
            Err(place) => {
                self.choices.insert(place, ReplyChoice { index, ..ReplyChoice::default() });
                place
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the search returned the place, or the line above filled it")]
        &mut self.choices[place]
    }

    fn last(&mut self, choice: u32) -> Option<&mut PartKind> {
        self.choice(choice).parts.last_mut().map(|part| &mut part.kind)
    }

    fn add(&mut self, choice: u32, kind: PartKind) {
        self.choice(choice).parts.push(kind.into());
    }
}

impl ReplyChoice {
    fn events(&self, events: &mut Vec<ReplyEvent>) {
        let choice = self.index;
        let mut calls = 0..;
        for part in &self.parts {
            match &part.kind {
                PartKind::Text { text, citations } => {
                    events.push(ReplyEvent::Text { choice, text: text.clone() });
                    events.extend(citations.iter().map(|(dialect, json)| ReplyEvent::Citation {
                        choice,
                        dialect: *dialect,
                        json: json.clone(),
                    }));
                }
                PartKind::Refusal(text) => events.push(ReplyEvent::Refusal { choice, text: text.clone() }),
                PartKind::Reasoning(Reasoning { text, signature, redacted }) => {
                    // A part that was empty in the stream stays a part, so that a reply collects into itself.
                    // Anthropic may send a signature without text (`display: omitted`).
                    if !text.is_empty() || (signature.is_none() && redacted.is_none()) {
                        events.push(ReplyEvent::Reasoning { choice, text: text.clone() });
                    }
                    if let Some(signature) = signature {
                        events.push(ReplyEvent::ReasoningSignature { choice, signature: signature.clone() });
                    }
                    if let Some(data) = redacted {
                        events.push(ReplyEvent::RedactedReasoning { choice, data: data.clone() });
                    }
                }
                PartKind::ToolCall(ToolCall { id, name, arguments }) => {
                    let index = calls.next().unwrap_or(u32::MAX);
                    events.push(ReplyEvent::ToolCall { choice, index, id: id.clone(), name: name.clone() });
                    events.push(ReplyEvent::ToolArguments { choice, index, fragment: arguments.clone() });
                }
                PartKind::Other { dialect, json } => {
                    events.push(ReplyEvent::Other { choice, dialect: *dialect, json: json.clone() });
                }
                // A model replies with none of these; images and audio of a chat come as `Other`.
                PartKind::Image(_) | PartKind::Audio { .. } | PartKind::Document(_) | PartKind::ToolResult(_) => {}
            }
        }
        events.extend(self.logprobs.iter().map(|content| ReplyEvent::LogProbs { choice, content: content.clone() }));
        if let Some(reason) = &self.finish {
            events.push(ReplyEvent::Finished {
                choice,
                reason: reason.clone(),
                stop_sequence: self.stop_sequence.clone(),
            });
        }
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_reply_taken_apart_collects_into_itself() {
        let events = [
            ReplyEvent::Started(ReplyStart { id: Some("msg_1".into()), ..ReplyStart::default() }),
            ReplyEvent::Reasoning { choice: 0, text: "The user ".into() },
            ReplyEvent::Reasoning { choice: 0, text: "asks.".into() },
            ReplyEvent::ReasoningSignature { choice: 0, signature: "c2ln".into() },
            ReplyEvent::Text { choice: 0, text: "Look".into() },
            ReplyEvent::Text { choice: 0, text: "ing.".into() },
            ReplyEvent::ToolCall { choice: 0, index: 0, id: "a".into(), name: "weather".into() },
            ReplyEvent::ToolCall { choice: 0, index: 1, id: "b".into(), name: "time".into() },
            ReplyEvent::ToolArguments { choice: 0, index: 0, fragment: "{\"city\":".into() },
            ReplyEvent::ToolArguments { choice: 0, index: 1, fragment: "{}".into() },
            ReplyEvent::ToolArguments { choice: 0, index: 0, fragment: "\"Paris\"}".into() },
            ReplyEvent::Finished { choice: 0, reason: FinishReason::ToolCalls, stop_sequence: None },
            ReplyEvent::Usage(Usage::default().with(crate::UsageClass::Input, 3)),
            ReplyEvent::Ended,
        ];
        let reply = CollectedReply::collect(&events);
        let parts = &reply.choices.first().expect("one answer").parts;
        assert_eq!(parts.len(), 4, "{parts:?}");
        assert_eq!(CollectedReply::collect(&reply.events()), reply);
    }
}
