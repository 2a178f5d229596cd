//! Messages written as items.

use super::{parts, reasoning};
use crate::Dropped;
use crate::json::{Array, Node, Object, object};
use crate::turns::{PlacedPart, Turn};
use baton_model::chat::{Document, Extension, Json, MessageRole, Part, PartKind, ToolCall, ToolResult};
use baton_model::entity::ReasoningStyle;
use baton_model::{Dialect, Quirks};
use std::collections::HashMap;

/// Writes the conversation. What is not supported goes to `dropped`.
pub(super) struct ItemsWriter<'r> {
    developer: &'static str,
    /// Whether cache marks are known, and whether it was said that they are not.
    marks: bool,
    mark_dropped: bool,
    /// Whether reasoning is sent back.
    reasons: bool,
    /// Members that only this format knows, by the path of what they belong to.
    extensions: HashMap<&'r str, Vec<(&'r str, &'r Json)>>,
    dropped: &'r mut Vec<Dropped>,
}

impl<'r> ItemsWriter<'r> {
    pub(super) fn new(extensions: &'r [Extension], quirks: &Quirks, dropped: &'r mut Vec<Dropped>) -> Self {
        let mut members: HashMap<_, Vec<_>> = HashMap::new();
        for extension in extensions.iter().filter(|extension| extension.dialect == Dialect::Responses) {
            let inside = extension.path.rsplit_once('.').filter(|(owner, _)| owner.starts_with("messages["));
            if let Some((owner, name)) = inside {
                members.entry(owner).or_default().push((name, &extension.value));
            }
        }
        Self {
            developer: if quirks.developer_role == Some(false) { "system" } else { "developer" },
            marks: quirks.cache_marks == Some(true),
            mark_dropped: false,
            reasons: quirks.reasoning != ReasoningStyle::Unsupported,
            extensions: members,
            dropped,
        }
    }

    /// Writes `instructions`, if the conversation begins with them, and `input`.
    pub(super) fn write(mut self, turns: &[Turn<'_>], o: &mut Object<'_>) {
        // The vendor's own place for them, which is not carried over to the next response.
        let instructions = turns.first().and_then(|first| self.instructions(first));
        o.maybe_string("instructions", instructions);
        o.array("input", |a| {
            for turn in turns.iter().skip(usize::from(instructions.is_some())) {
                self.turn(turn, a);
            }
        });
    }

    /// The text of a system message that holds one and nothing else.
    fn instructions<'m>(&self, turn: &'m Turn<'_>) -> Option<&'m str> {
        let [placed] = turn.parts.as_slice() else { return None };
        let Part { kind: PartKind::Text { text, .. }, cache: None } = placed.part.as_ref() else { return None };
        let plain = turn.role == MessageRole::System && turn.name.is_none() && !text.is_empty();
        let alone = ["messages[0].content[0]", "messages[0].content[0].message"]
            .iter()
            .all(|path| !self.extensions.contains_key(path));
        (plain && alone).then_some(text)
    }

    fn turn(&mut self, turn: &Turn<'_>, a: &mut Array<'_>) {
        if turn.name.is_some() {
            self.drop(format!("messages[{}].name", turn.message), "not supported by responses");
        }
        let mut content: Vec<&PlacedPart<'_>> = Vec::new();
        for placed in &turn.parts {
            let here = placed.path();
            // Members that a message has of its own (`phase`) must not spread to the parts of another.
            if !is_content(&placed.part.kind) || self.extensions.contains_key(format!("{here}.message").as_str()) {
                self.flush(turn.role, &mut content, a);
            }
            // Text gathers into one message until an item interrupts it: items stay in the order in which the model
            // made them.
            if is_content(&placed.part.kind) {
                content.push(placed);
            } else {
                self.item(&placed.part, &here, a);
            }
        }
        if turn.parts.is_empty() {
            self.write_message(turn.role, &[], a);
        }
        self.flush(turn.role, &mut content, a);
    }

    fn flush<'p>(&mut self, role: MessageRole, content: &mut Vec<&'p PlacedPart<'p>>, a: &mut Array<'_>) {
        let content: Vec<&'p PlacedPart<'p>> = std::mem::take(content);
        if !content.is_empty() {
            self.write_message(role, &content, a);
        }
    }

    fn write_message(&mut self, role: MessageRole, placed: &[&PlacedPart<'_>], a: &mut Array<'_>) {
        let name = match role {
            MessageRole::System => "system",
            MessageRole::Developer => self.developer,
            MessageRole::User | MessageRole::Tool => "user",
            MessageRole::Assistant => "assistant",
        };
        let parts: Vec<_> = placed.iter().map(|placed| (placed.path(), placed.part.as_ref())).collect();
        let own = parts.first().and_then(|(path, _)| self.extensions.get(format!("{path}.message").as_str()).cloned());
        // A part that is not supported must not leave an empty message behind.
        let content = match parts.as_slice() {
            [] => "\"\"".to_owned(),
            [(_, Part { kind: PartKind::Text { text, .. }, .. })] if self.is_plain(&parts) => crate::json::quoted(text),
            _ => self.array_of(&parts, role == MessageRole::Assistant),
        };
        if content == "[]" {
            return;
        }
        a.object(|o| {
            o.string("type", "message").string("role", name).raw("content", &content);
            for (name, value) in own.into_iter().flatten() {
                o.json(name, value);
            }
        });
    }

    /// Whether a part is a text that fits into a plain string.
    fn is_plain(&mut self, parts: &[(String, &Part)]) -> bool {
        let [(path, Part { kind: PartKind::Text { text, citations }, cache })] = parts else { return false };
        let plain = citations.is_empty()
            && !text.is_empty()
            && (cache.is_none() || !self.marks)
            && !self.extensions.contains_key(path.as_str());
        if plain && cache.is_some() {
            self.drop_mark();
        }
        plain
    }

    /// Parts as an array.
    fn array_of(&mut self, parts: &[(String, &Part)], output: bool) -> String {
        let array = crate::json::array(|a| {
            for (path, part) in parts {
                self.part(part, path, output, a);
            }
        });
        String::from_utf8(array).unwrap_or_default()
    }

    fn part(&mut self, part: &Part, path: &str, output: bool, a: &mut Array<'_>) {
        if part.cache.is_some() && !self.marks {
            self.drop_mark();
        }
        self.drop_citations(part, path, output);
        let members = self.extensions.get(path).cloned().unwrap_or_default();
        let how = parts::InputForm { output, marks: self.marks, members: &members };
        if let Err(reason) = parts::write(part, &how, a) {
            self.drop(path, reason);
        } else if let PartKind::Document(document) = &part.kind {
            self.drop_document_details(document, path);
        }
    }

    /// Lists sources that have no annotation here.
    fn drop_citations(&mut self, part: &Part, path: &str, output: bool) {
        let PartKind::Text { citations, .. } = &part.kind else { return };
        let is_supported = |(dialect, json): &(Dialect, Json)| output && parts::annotation(*dialect, json).is_some();
        if !citations.iter().all(is_supported) {
            self.drop(format!("{path}.citations"), "not supported by responses");
        }
    }

    /// What Anthropic says about documents beyond their bytes.
    fn drop_document_details(&mut self, document: &Document, path: &str) {
        if matches!(document.source, baton_model::chat::MediaSource::Text(_)) {
            self.drop(path, "a text document sent as text");
        }
        if document.context.is_some() {
            self.drop(format!("{path}.context"), "not supported by responses");
        }
        if document.citations == Some(true) {
            self.drop(format!("{path}.citations"), "not supported by responses");
        }
    }

    /// A part that is an item of its own.
    fn item(&mut self, part: &Part, path: &str, a: &mut Array<'_>) {
        match &part.kind {
            PartKind::ToolCall(call) => self.call(call, path, a),
            PartKind::ToolResult(result) => self.write_result(result, path, a),
            PartKind::Reasoning(_) if !self.reasons => self.drop(path, "refused by the model"),
            PartKind::Reasoning(reasoning) => {
                let mut outcome = Ok(());
                let item = object(|o| {
                    o.string("type", "reasoning");
                    outcome = reasoning::write_back(reasoning, o);
                });
                match outcome {
                    Ok(()) => drop(a.raw(&String::from_utf8_lossy(&item))),
                    Err(reason) => self.drop(path, reason),
                }
            }
            PartKind::Other { dialect: Dialect::Responses, json } => drop(a.raw(&json.0)),
            PartKind::Other { dialect, .. } => self.drop(path, &format!("specific to {dialect}")),
            PartKind::Text { .. }
            | PartKind::Refusal(_)
            | PartKind::Image(_)
            | PartKind::Audio { .. }
            | PartKind::Document(_) => {}
        }
        if part.cache.is_some() {
            self.drop_mark();
        }
    }

    fn call(&mut self, call: &ToolCall, path: &str, a: &mut Array<'_>) {
        let members = self.extensions.get(path).cloned().unwrap_or_default();
        // An empty text is no JSON: a call without arguments has the empty object.
        let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
        a.object(|o| {
            o.string("type", "function_call").string("call_id", &call.id).string("name", &call.name);
            o.string("arguments", arguments);
            for (name, value) in members {
                o.json(name, value);
            }
        });
    }

    fn write_result(&mut self, result: &ToolResult, path: &str, a: &mut Array<'_>) {
        if result.is_error == Some(true) {
            self.drop(format!("{path}.is_error"), "not supported by responses");
        }
        let parts: Vec<_> =
            result.parts.iter().enumerate().map(|(place, part)| (format!("{path}.content[{place}]"), part)).collect();
        let output = match parts.as_slice() {
            [] => "\"\"".to_owned(),
            [(_, Part { kind: PartKind::Text { text, .. }, .. })] if self.is_plain(&parts) => crate::json::quoted(text),
            _ => self.array_of(&parts, false),
        };
        let members = self.extensions.get(path).cloned().unwrap_or_default();
        a.object(|o| {
            o.string("type", "function_call_output").string("call_id", &result.call_id);
            o.raw("output", &output);
            for (name, value) in members {
                o.json(name, value);
            }
        });
    }

    fn drop(&mut self, field: impl Into<String>, reason: &str) {
        self.dropped.push(Dropped::new(field, reason));
    }

    /// Marks are hints, and a conversation may have many: one line says it for all.
    fn drop_mark(&mut self) {
        if !std::mem::replace(&mut self.mark_dropped, true) {
            self.drop("cache_control", "not supported by the model");
        }
    }
}

/// Whether the part stands in a message, not beside it.
fn is_content(kind: &PartKind) -> bool {
    match kind {
        PartKind::Text { .. }
        | PartKind::Refusal(_)
        | PartKind::Image(_)
        | PartKind::Audio { .. }
        | PartKind::Document(_) => true,
        PartKind::Reasoning(_) | PartKind::ToolCall(_) | PartKind::ToolResult(_) => false,
        PartKind::Other { dialect: Dialect::Responses, json } => Node::parse(json.0.as_bytes())
            .is_ok_and(|node| node.get("type").and_then(Node::as_str).is_some_and(|type_| parts::is_part(&type_))),
        PartKind::Other { .. } => false,
    }
}
