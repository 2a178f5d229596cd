//! The messages of a chat.

use super::calls::Calls;
use super::framing::PER_MESSAGE;
use super::{Counter, Rule};
use crate::count::Section;
use crate::media;
use baton_model::chat::{Message, MessageRole, Part, PartKind, Reasoning};

impl Counter {
    /// Adds up the messages. The text of the first instructions, behind which tools and schemas stand.
    pub(super) fn messages(&mut self, messages: &[Message]) -> Option<String> {
        let mut instructions = None;
        let calls = Calls::of(messages, self.joined);
        // Reasoning of turns that have ended is dropped by the service; a loop of tools goes on from its own.
        let ended = messages.iter().rposition(|message| message.role == MessageRole::User);
        for (place, message) in messages.iter().enumerate() {
            self.in_turn = ended.is_none_or(|ended| place > ended);
            let text = self.message(message, &calls);
            if matches!(message.role, MessageRole::System | MessageRole::Developer) {
                instructions.get_or_insert(text);
            }
        }
        self.results_together(messages, &calls);
        instructions
    }

    fn message(&mut self, message: &Message, calls: &Calls<'_>) -> String {
        let (role, section) = match message.role {
            MessageRole::System => ("system", Section::System),
            MessageRole::Developer => ("developer", Section::System),
            MessageRole::User => ("user", Section::Messages),
            MessageRole::Assistant => ("assistant", Section::Messages),
            MessageRole::Tool => ("tool", Section::Messages),
        };
        // Parts are one text for the encoding.
        let mut text = String::new();
        self.parts(&message.parts, section, &mut text, calls);
        let says_nothing = text.is_empty() && message.parts.iter().any(|part| is_call(&part.kind));
        if message.role != MessageRole::Tool && !says_nothing {
            // A name stands behind the role, in one text with it.
            let header = match &message.name {
                Some(name) => self.tokenizer.count(&format!("{role}:{name}")),
                None => self.tokenizer.count(role),
            };
            let channel = if message.role == MessageRole::Assistant { self.framing.assistant } else { 0 };
            self.breakdown.add(Section::Framing, PER_MESSAGE.saturating_add(header).saturating_add(channel));
            self.breakdown.add(section, self.tokenizer.count(&text));
        }
        self.calls(&message.parts);
        text
    }

    /// Adds up parts that are no text, and collects the text.
    pub(super) fn parts(&mut self, parts: &[Part], section: Section, text: &mut String, calls: &Calls<'_>) {
        for part in parts {
            match &part.kind {
                PartKind::Text { text: said, .. } | PartKind::Refusal(said) => text.push_str(said),
                PartKind::Image(image) => {
                    self.uses(Rule::Media, false);
                    self.breakdown.add(Section::Images, self.media.image(image));
                }
                PartKind::Audio { data, format } => {
                    self.uses(Rule::Media, false);
                    self.breakdown.add(Section::Audio, media::audio(media::decoded_len(data), format));
                }
                PartKind::Document(document) => {
                    self.uses(Rule::Media, false);
                    text.push_str(media::document_text(document).unwrap_or_default());
                    self.breakdown.add(Section::Documents, self.media.document(document));
                }
                PartKind::Reasoning(reasoning) => self.reasoning(reasoning, section),
                PartKind::ToolCall(_) => {}
                PartKind::ToolResult(result) => self.result(result, section, calls),
                PartKind::Other { json, .. } if super::calls::legacy(&json.0).is_some() => {}
                PartKind::Other { json, .. } => {
                    self.uses(Rule::Other, false);
                    let tokens =
                        if media::is_sealed(&json.0) { media::sealed(&json.0) } else { self.tokenizer.count(&json.0) };
                    self.breakdown.add(section, tokens);
                }
            }
        }
    }
}

impl Counter {
    /// Adds encrypted reasoning by its length.
    fn reasoning(&mut self, reasoning: &Reasoning, section: Section) {
        self.uses(Rule::Reasoning, false);
        let sealed = reasoning.redacted.as_ref().or(reasoning.signature.as_ref());
        if let (true, Some(sealed)) = (self.in_turn, sealed) {
            self.breakdown.add(section, media::sealed(sealed));
        }
    }
}

/// Whether a part is a call, which has a message of its own.
fn is_call(kind: &PartKind) -> bool {
    match kind {
        PartKind::ToolCall(_) => true,
        PartKind::Other { json, .. } => super::calls::legacy(&json.0).is_some(),
        _ => false,
    }
}
