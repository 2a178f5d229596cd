//! Messages written: turns regrouped as this format has them, one message for each tool result.

use super::own_members::{own_members, write_own_members};
use super::reasoning::write_reasoning;
use crate::Dropped;
use crate::json::{Array, Node, Object, array};
use crate::openai_cache as cache;
use crate::openai_media::{DocumentSource, file, image_url};
use crate::turns::{PlacedPart, Turn};
use baton_model::chat::{
    CacheControl, Document, Extension, Json, MediaSource, MessageRole, Part, PartKind, Reasoning, ToolResult,
};
use baton_model::entity::{ReasoningHistory, ReasoningStyle};
use baton_model::{Dialect, Quirks};
use std::collections::HashMap;

/// What is said where nothing is left to say.
const EMPTY: &str = "…";

/// Writes the conversation. What is not supported goes to `dropped`.
pub(super) struct OpenAiMessagesWriter<'r> {
    /// How instructions of a developer are called here.
    developer: &'static str,
    /// Whether cache marks are known.
    marks: bool,
    /// Whether it was said that they are not.
    mark_dropped: bool,
    /// How reasoning is sent back, and whether with signatures.
    history: ReasoningHistory,
    blocks: bool,
    /// Members that only this format knows, by the path of what they belong to.
    extensions: HashMap<&'r str, Vec<(&'r str, &'r Json)>>,
    /// Images, audio and files out of tool results, which hold text alone here, with their paths; a user message after
    /// the last result brings them.
    moved: Vec<(String, &'r Part)>,
    dropped: &'r mut Vec<Dropped>,
}

impl<'r> OpenAiMessagesWriter<'r> {
    pub(super) fn new(extensions: &'r [Extension], quirks: &Quirks, dropped: &'r mut Vec<Dropped>) -> Self {
        // Only members inside of messages: those of the request as a whole are written with its options.
        let mut members: HashMap<_, Vec<_>> = HashMap::new();
        for extension in extensions.iter().filter(|extension| extension.dialect == Dialect::OpenAi) {
            if let Some((owner, name)) =
                extension.path.rsplit_once('.').filter(|(owner, _)| owner.starts_with("messages["))
            {
                members.entry(owner).or_default().push((name, &extension.value));
            }
        }
        let silent = quirks.reasoning == ReasoningStyle::Unsupported || quirks.refuses("reasoning_content");
        let history = if silent { ReasoningHistory::None } else { quirks.reasoning_history };
        Self {
            developer: if quirks.developer_role == Some(false) { "system" } else { "developer" },
            marks: quirks.cache_marks == Some(true),
            mark_dropped: false,
            history,
            blocks: history == ReasoningHistory::ThinkingBlocks && !quirks.refuses("thinking_blocks"),
            extensions: members,
            moved: Vec::new(),
            dropped,
        }
    }

    pub(super) fn write(mut self, turns: &'r [Turn<'r>], a: &mut Array<'_>) {
        let mut silent = 0;
        for turn in turns {
            let (results, rest): (Vec<_>, Vec<_>) =
                turn.parts.iter().partition(|placed| matches!(placed.part.kind, PartKind::ToolResult(_)));
            for placed in &results {
                if let PartKind::ToolResult(result) = &placed.part.kind {
                    let beside: &[_] = if turn.role == MessageRole::Tool { &rest } else { &[] };
                    self.write_result(result, placed.part.cache, beside, &placed.path(), a);
                }
            }
            let owns = |placed: &&PlacedPart<'_>| own_members(&placed.part.kind).is_some();
            // Members beside a result were written with it.
            if turn.role == MessageRole::Tool && rest.iter().all(owns) {
                continue;
            }
            self.flush_moved(a);
            if turn.role == MessageRole::Assistant && !self.says_something(&rest) {
                self.drop_silent(&rest);
                silent += 1;
                continue;
            }
            self.write_turn(turn, &rest, a);
        }
        self.flush_moved(a);
        // The vendor refuses a conversation without a message.
        if silent > 0 && silent == turns.len() {
            a.object(|o| o.string("role", "user").string("content", EMPTY).end());
        }
    }

    /// Whether a turn of the assistant has content, calls, or thoughts that are sent back: an empty one is refused.
    fn says_something(&self, parts: &[&'r PlacedPart<'r>]) -> bool {
        let sent_back = !matches!(self.history, ReasoningHistory::Unspecified | ReasoningHistory::None);
        parts.is_empty()
            || parts.iter().any(|placed| match &placed.part.kind {
                PartKind::Reasoning(_) => sent_back,
                PartKind::Other { dialect, .. } => *dialect == Dialect::OpenAi,
                _ => true,
            })
    }

    /// Lists what a turn holds that is not written at all.
    fn drop_silent(&mut self, parts: &[&'r PlacedPart<'r>]) {
        for placed in parts {
            self.drop(placed.path(), "not supported by openai, and the turn held nothing else");
        }
    }

    fn write_turn(&mut self, turn: &Turn<'_>, parts: &[&'r PlacedPart<'r>], a: &mut Array<'_>) {
        let role = match turn.role {
            MessageRole::System => "system",
            MessageRole::Developer => self.developer,
            MessageRole::User | MessageRole::Tool => "user",
            MessageRole::Assistant => "assistant",
        };
        a.object(|o| {
            o.string("role", role).maybe_string("name", turn.name);
            let content: Vec<_> = parts
                .iter()
                .filter(|placed| is_content(&placed.part.kind))
                .map(|placed| (placed.path(), placed.part.as_ref()))
                .collect();
            self.drop_citations(parts);
            let calls = parts.iter().any(|placed| is_call(&placed.part.kind));
            let refuses = parts.iter().any(|placed| matches!(placed.part.kind, PartKind::Refusal(_)));
            // `null` beside calls, as the vendor's own replies have it.
            if content.is_empty() && (calls || refuses) {
                o.null("content");
            } else {
                self.write_content(&content, o);
            }
            if turn.role == MessageRole::Assistant {
                self.write_reasoning(parts, o);
                self.write_calls(parts, o);
            }
            for placed in parts {
                match &placed.part.kind {
                    PartKind::Refusal(text) => o.string("refusal", text).end(),
                    kind => write_own_members(kind, o),
                }
            }
        });
    }

    fn write_result(
        &mut self,
        result: &'r ToolResult,
        mark: Option<CacheControl>,
        beside: &[&'r PlacedPart<'r>],
        path: &str,
        a: &mut Array<'_>,
    ) {
        let placed = result.parts.iter().enumerate().map(|(place, part)| (format!("{path}.content[{place}]"), part));
        let (text, rest): (Vec<_>, Vec<_>) = placed.partition(|(_, part)| is_text(&part.kind));
        for (path, part) in rest {
            self.drop(&path, "moved from a tool result into a user message");
            // Not at once: the results of one turn must follow one another, and a user message between them is
            // refused.
            self.moved.push((path, part));
        }
        if mark.is_some() && !self.marks {
            self.drop_mark();
        }
        if result.is_error == Some(true) {
            self.drop(format!("{path}.is_error"), "not supported by openai");
        }
        a.object(|o| {
            // The older form has no ids; a `tool` message without one would be refused.
            if result.call_id.is_empty() && result.name.is_some() {
                o.string("role", "function");
            } else {
                o.string("role", "tool").string("tool_call_id", &result.call_id);
            }
            o.maybe_string("name", result.name.as_deref());
            self.write_content(&text, o);
            cache::write(mark.filter(|_| self.marks), o);
            for placed in beside {
                write_own_members(&placed.part.kind, o);
            }
        });
    }

    fn flush_moved(&mut self, a: &mut Array<'_>) {
        let moved = std::mem::take(&mut self.moved);
        if moved.is_empty() {
            return;
        }
        a.object(|o| {
            o.string("role", "user").array("content", |a| {
                for (path, part) in moved {
                    self.write_part(part, &path, a);
                }
            });
        });
    }

    /// Writes `content`: a string where one plain text is all there is, or nothing. An empty array would be refused.
    fn write_content(&mut self, parts: &[(String, &'r Part)], o: &mut Object<'_>) {
        match parts {
            [(path, Part { kind: PartKind::Text { text, .. }, cache })]
                if (cache.is_none() || !self.marks)
                    && !text.is_empty()
                    && !self.extensions.contains_key(path.as_str()) =>
            {
                if cache.is_some() {
                    self.drop_mark();
                }
                o.string("content", text);
            }
            _ => {
                let content = array(|a| {
                    for (path, part) in parts {
                        self.write_part(part, path, a);
                    }
                });
                match content.as_slice() {
                    // The API refuses an empty array.
                    b"[]" => o.string("content", ""),
                    content => o.raw("content", &String::from_utf8_lossy(content)),
                };
            }
        }
    }

    fn write_part(&mut self, part: &Part, path: &str, a: &mut Array<'_>) {
        if part.cache.is_some() && !self.marks {
            self.drop_mark();
        }
        if let PartKind::Document(document) = &part.kind {
            self.drop_beyond_bytes(document, path);
        }
        let marks = self.marks;
        let extensions = self.extensions.get(path).cloned().unwrap_or_default();
        let mut write = |type_: &str, fill: &dyn Fn(&mut Object<'_>)| {
            a.object(|o| {
                fill(o.string("type", type_));
                cache::write(part.cache.filter(|_| marks), o);
                for (name, value) in &extensions {
                    o.json(name, value);
                }
            });
        };
        match &part.kind {
            PartKind::Text { text, .. } => write("text", &|o| o.string("text", text).end()),
            PartKind::Refusal(text) => write("refusal", &|o| o.string("refusal", text).end()),
            PartKind::Image(image) => match image_url(image) {
                Some(url) => write("image_url", &|o| {
                    o.object("image_url", |o| {
                        o.string("url", &url).maybe_string("detail", image.detail.as_deref());
                    });
                }),
                None => self.drop(path, "an image stored at another provider"),
            },
            PartKind::Audio { data, format } => write("input_audio", &|o| {
                o.object("input_audio", |o| o.string("data", data).string("format", format).end());
            }),
            PartKind::Document(document) => match file(document) {
                DocumentSource::Data(data) => write("file", &|o| {
                    o.object("file", |o| {
                        o.maybe_string("filename", document.title.as_deref()).string("file_data", &data);
                    });
                }),
                DocumentSource::Id(id) => write("file", &|o| {
                    o.object("file", |o| {
                        o.maybe_string("filename", document.title.as_deref()).string("file_id", id);
                    });
                }),
                DocumentSource::Text(text) => {
                    write("text", &|o| o.string("text", &text).end());
                    self.drop(path, "a text document sent as text");
                }
                DocumentSource::Unsupported(reason) => self.drop(path, reason),
            },
            PartKind::Other { dialect: Dialect::OpenAi, json } => drop(a.raw(&json.0)),
            PartKind::Other { dialect, .. } => self.drop(path, &format!("specific to {dialect}")),
            PartKind::Reasoning(_) | PartKind::ToolCall(_) | PartKind::ToolResult(_) => {
                self.drop(path, "not allowed in this role");
            }
        }
    }

    /// What Anthropic says about documents beyond their bytes.
    fn drop_beyond_bytes(&mut self, document: &Document, path: &str) {
        if document.context.is_some() {
            self.drop(format!("{path}.context"), "not supported by openai");
        }
        if document.citations == Some(true) {
            self.drop(format!("{path}.citations"), "not supported by openai");
        }
    }

    fn write_calls(&mut self, parts: &[&'r PlacedPart<'r>], o: &mut Object<'_>) {
        let mut calls = parts.iter().filter(|placed| is_call(&placed.part.kind)).peekable();
        if calls.peek().is_none() {
            return;
        }
        o.array("tool_calls", |a| {
            // Numbered among the calls of their message, not among all parts: so does the reader, which made the paths
            // of the extensions.
            let (mut message, mut place) = (usize::MAX, 0);
            for placed in calls {
                place = if placed.message == message { place + 1 } else { 0 };
                message = placed.message;
                match &placed.part.kind {
                    PartKind::ToolCall(call) => {
                        let members = self.extensions.get(format!("messages[{message}].tool_calls[{place}]").as_str());
                        a.object(|o| {
                            o.string("id", &call.id).string("type", "function").object("function", |o| {
                                o.string("name", &call.name).string("arguments", &call.arguments);
                            });
                            for (name, value) in members.into_iter().flatten() {
                                o.json(name, value);
                            }
                        });
                    }
                    PartKind::Other { json, .. } => drop(a.raw(&json.0)),
                    _ => {}
                }
            }
        });
    }

    fn write_reasoning(&mut self, parts: &[&'r PlacedPart<'r>], o: &mut Object<'_>) {
        let thoughts = parts.iter().filter_map(|placed| match &placed.part.kind {
            PartKind::Reasoning(reasoning) => Some((placed, reasoning)),
            _ => None,
        });
        if self.history == ReasoningHistory::Unspecified || self.history == ReasoningHistory::None {
            for (placed, _) in thoughts {
                self.dropped.push(Dropped::new(placed.path(), "reasoning is not taken back by the model"));
            }
            return;
        }
        let seals = |reasoning: &Reasoning| reasoning.signature.is_some() || reasoning.redacted.is_some();
        for (placed, reasoning) in thoughts.clone().filter(|(_, reasoning)| !self.blocks && seals(reasoning)) {
            let path = placed.path();
            let field = if reasoning.redacted.is_some() { path } else { format!("{path}.signature") };
            self.dropped.push(Dropped::new(field, "not supported by the model"));
        }
        write_reasoning(thoughts.map(|(_, reasoning)| reasoning), self.history, self.blocks, o);
    }

    fn drop(&mut self, field: impl Into<String>, reason: &str) {
        self.dropped.push(Dropped::new(field, reason));
    }

    /// A reply that goes back has no annotations here: its reader takes them for members of one format alone.
    fn drop_citations(&mut self, parts: &[&'r PlacedPart<'r>]) {
        for placed in parts {
            if matches!(&placed.part.kind, PartKind::Text { citations, .. } if !citations.is_empty()) {
                self.drop(format!("{}.citations", placed.path()), "not supported by openai");
            }
        }
    }

    /// Marks are hints, and a conversation may have many: one line says it for all.
    fn drop_mark(&mut self) {
        if !std::mem::replace(&mut self.mark_dropped, true) {
            self.drop("cache_control", "not supported by the model");
        }
    }
}

/// Whether a tool's result can hold the part.
fn is_text(kind: &PartKind) -> bool {
    match kind {
        PartKind::Image(_) | PartKind::Audio { .. } => false,
        PartKind::Document(document) => matches!(document.source, MediaSource::Text(_)),
        _ => true,
    }
}

/// Whether the part stands in `content`.
fn is_content(kind: &PartKind) -> bool {
    let elsewhere = matches!(kind, PartKind::Refusal(_) | PartKind::Reasoning(_) | PartKind::ToolResult(_));
    !elsewhere && !is_call(kind) && own_members(kind).is_none()
}

/// Whether the part stands in `tool_calls`: a function's, or a custom tool's.
fn is_call(kind: &PartKind) -> bool {
    match kind {
        PartKind::ToolCall(_) => true,
        PartKind::Other { dialect: Dialect::OpenAi, json } => Node::parse(json.0.as_bytes())
            .is_ok_and(|node| node.get("type").and_then(Node::as_str).as_deref() == Some("custom")),
        _ => false,
    }
}
