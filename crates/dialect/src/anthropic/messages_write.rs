//! Messages written: turns regrouped as this format has them.
//!
//! Instructions move to the top; turns of one role that follow one another become one; the results of tools stand first
//! in the user's turn, all of them together (split over several, they teach the model not to make parallel calls).

use super::media;
use super::system::{self, System};
use super::{UNKNOWN, cache};
use crate::json::{Array, Node, Object};
use crate::open_calls::OpenCalls;
use crate::proof;
use crate::{Dropped, ReadError};
use baton_model::chat::{Extension, Json, Message, Part, PartKind, Role, ToolCall, ToolResult};
use baton_model::entity::ReasoningStyle;
use baton_model::{Dialect, Quirks};
use std::borrow::Cow;
use std::collections::HashMap;

/// What is said in the user's place where a conversation begins with the model.
const OPENING: &str = "(The conversation begins with your message.)";

/// A part that will be written, and its path.
#[derive(Debug, Clone)]
pub(super) struct Block<'r> {
    path: String,
    part: Cow<'r, Part>,
}

#[derive(Debug)]
struct Turn<'r> {
    role: &'static str,
    blocks: Vec<Block<'r>>,
}

/// Writes the conversation. What can't be said goes to `dropped`.
pub(super) struct MessagesWriter<'r> {
    quirks: &'r Quirks,
    /// Members that only this format knows, by the path of what they belong to.
    extensions: HashMap<&'r str, Vec<(&'r str, &'r Json)>>,
    /// Calls without an id in the turn before, by the id given to them.
    minted: OpenCalls,
    mint: u32,
    dropped: &'r mut Vec<Dropped>,
}

/// A conversation regrouped.
#[derive(Debug)]
pub(super) struct Conversation<'r> {
    system: System<'r>,
    turns: Vec<Turn<'r>>,
}

impl<'r> MessagesWriter<'r> {
    pub(super) fn new(extensions: &'r [Extension], quirks: &'r Quirks, dropped: &'r mut Vec<Dropped>) -> Self {
        let mut members: HashMap<_, Vec<_>> = HashMap::new();
        for extension in extensions.iter().filter(|extension| extension.dialect == Dialect::Anthropic) {
            if let Some((owner, name)) =
                extension.path.rsplit_once('.').filter(|(owner, _)| owner.starts_with("messages["))
            {
                members.entry(owner).or_default().push((name, &extension.value));
            }
        }
        Self { quirks, extensions: members, minted: OpenCalls::default(), mint: 0, dropped }
    }

    /// Puts the conversation into this format's order.
    ///
    /// # Errors
    /// If it ends with the assistant, and this model does not go on from there.
    pub(super) fn regroup(&mut self, messages: &'r [Message]) -> Result<Conversation<'r>, ReadError> {
        let mut conversation = Conversation { system: System::default(), turns: Vec::new() };
        for ((place, message), precedes_assistant) in messages.iter().enumerate().zip(precede_assistant(messages)) {
            let path = format!("messages[{place}]");
            if message.name.is_some() {
                self.drop(format!("{path}.name"), UNKNOWN);
            }
            match message.role {
                Role::System | Role::Developer => {
                    let follows_user = matches!(conversation.turns.last(), Some(turn) if turn.role != "assistant");
                    if self.quirks.system_anywhere == Some(true) && follows_user && precedes_assistant {
                        let blocks = self.blocks(message, &path, "system");
                        conversation.push("system", blocks);
                    } else {
                        let blocks = self.instructions(message, &path);
                        conversation.system.push(blocks);
                    }
                }
                Role::Assistant => conversation.push("assistant", self.blocks(message, &path, "assistant")),
                Role::User | Role::Tool => conversation.push("user", self.blocks(message, &path, "user")),
            }
        }
        self.open(&mut conversation);
        self.close(&mut conversation)?;
        Ok(conversation)
    }

    /// A conversation must begin with the user.
    fn open(&mut self, conversation: &mut Conversation<'r>) {
        if conversation.turns.is_empty() {
            let blocks = conversation.system.take();
            if !blocks.is_empty() {
                for block in &blocks {
                    self.drop(block.path.as_str(), "instructions alone are sent as the user's turn");
                }
                conversation.push("user", blocks);
            }
        } else if conversation.turns.first().is_some_and(|turn| turn.role != "user") {
            self.drop("messages", "a user's turn was put before the assistant's, which came first");
            let part = Cow::Owned(Part::text(OPENING));
            let blocks = vec![Block { path: String::new(), part }];
            conversation.turns.insert(0, Turn { role: "user", blocks });
        }
    }

    /// The last turn of an assistant is one to be continued; trailing space in it is refused.
    fn close(&mut self, conversation: &mut Conversation<'r>) -> Result<(), ReadError> {
        let Some(turn) = conversation.turns.last_mut().filter(|turn| turn.role == "assistant") else { return Ok(()) };
        let Some(Block { part, .. }) = turn.blocks.last_mut() else { return Ok(()) };
        let (PartKind::Text { text, .. } | PartKind::Refusal(text)) = &part.kind else { return Ok(()) };
        if self.quirks.prefill == Some(false) {
            let problem = "this model does not continue an assistant's message: the last one must be the user's";
            return Err(ReadError::new("messages", problem));
        }
        let length = text.trim_end().len();
        if length < text.len()
            && let PartKind::Text { text, .. } | PartKind::Refusal(text) = &mut part.to_mut().kind
        {
            text.truncate(length);
        }
        Ok(())
    }

    /// The parts of a message that a turn of that role can hold.
    fn blocks(&mut self, message: &'r Message, path: &str, role: &str) -> Vec<Block<'r>> {
        let mut blocks = Vec::with_capacity(message.parts.len());
        for (place, part) in message.parts.iter().enumerate() {
            let path = format!("{path}.content[{place}]");
            if self.keeps(part, &path, role) {
                blocks.push(Block { path, part: Cow::Borrowed(part) });
            }
        }
        blocks
    }

    fn instructions(&mut self, message: &'r Message, path: &str) -> Vec<Block<'r>> {
        let mut blocks = self.blocks(message, path, "system");
        blocks.retain(|block| {
            let held = system::holds(&block.part);
            if !held {
                self.dropped.push(Dropped::new(&block.path, "instructions at the top are text alone"));
            }
            held
        });
        blocks
    }

    /// Whether the part can be said in a turn of that role; if not, it is listed. Blank text is refused, and says nothing.
    fn keeps(&mut self, part: &Part, path: &str, role: &str) -> bool {
        let problem = match (&part.kind, role) {
            (PartKind::Text { text, citations }, _) => {
                if citations.iter().any(|(dialect, _)| *dialect != Dialect::Anthropic) {
                    self.drop(format!("{path}.citations"), UNKNOWN);
                }
                return !text.trim().is_empty();
            }
            (PartKind::Refusal(text), _) => return !text.trim().is_empty(),
            (PartKind::Image(image), "user") => {
                if image.detail.is_some() {
                    self.drop(format!("{path}.detail"), UNKNOWN);
                }
                media::image(image).err()
            }
            (PartKind::Document(document), "user") => media::document(document).err(),
            (PartKind::Audio { .. }, _) => Some("sound is not known to anthropic"),
            (PartKind::Reasoning(thought), "assistant") => {
                let refused = self.quirks.reasoning == ReasoningStyle::Unsupported;
                let sealed = thought.signature.is_some() || thought.redacted.is_some();
                match (refused, sealed) {
                    (true, _) => Some("refused by the model"),
                    _ if proof::is_of_responses(thought) => Some("a thought of another kind of provider"),
                    (_, false) => Some("a thought without a signature"),
                    _ => None,
                }
            }
            (PartKind::ToolCall(_), "assistant") | (PartKind::ToolResult(_), "user") => None,
            (PartKind::Other { dialect: Dialect::Anthropic, .. }, _) => None,
            (PartKind::Other { dialect, .. }, _) => {
                self.drop(path, &format!("known to {dialect} alone"));
                return false;
            }
            _ => Some("out of place in this role"),
        };
        if let Some(problem) = problem {
            self.drop(path, problem);
        }
        problem.is_none()
    }

    /// The text of a block that is nothing but text.
    pub(super) fn plain_text<'b>(&self, block: &'b Block<'_>) -> Option<&'b str> {
        match &block.part.kind {
            PartKind::Text { text, citations }
                if citations.is_empty()
                    && block.part.cache.is_none()
                    && !self.extensions.contains_key(block.path.as_str()) =>
            {
                Some(text)
            }
            PartKind::Refusal(text) if block.part.cache.is_none() => Some(text),
            _ => None,
        }
    }

    /// Writes blocks into an array.
    pub(super) fn write_blocks(&mut self, blocks: &[Block<'r>], a: &mut Array<'_>) {
        for block in blocks {
            self.write_block(&block.part, &block.path, a);
        }
    }

    fn write_turn(&mut self, turn: &Turn<'r>, a: &mut Array<'_>) {
        if turn.role == "assistant" {
            self.minted = OpenCalls::default();
        }
        a.object(|o| {
            o.string("role", turn.role);
            self.write_content(&turn.blocks, o);
        });
    }

    /// Writes `content`: a string where one plain text is all there is.
    fn write_content(&mut self, blocks: &[Block<'r>], o: &mut Object<'_>) {
        match blocks {
            [block] if self.plain_text(block).is_some() => {
                o.string("content", self.plain_text(block).unwrap_or_default());
            }
            _ => o.array("content", |a| self.write_blocks(blocks, a)).end(),
        }
    }

    fn write_block(&mut self, part: &Part, path: &str, a: &mut Array<'_>) {
        if let PartKind::Other { json, .. } = &part.kind {
            a.raw(&json.0);
            return;
        }
        a.object(|o| {
            self.write_members(part, path, o);
            // Thoughts bear no marks; one on the next part covers them.
            cache::write(part.cache.filter(|_| !matches!(part.kind, PartKind::Reasoning(_))), o);
            for (name, value) in self.extensions.get(path).into_iter().flatten() {
                o.json(name, value);
            }
        });
    }

    fn write_members(&mut self, part: &Part, path: &str, o: &mut Object<'_>) {
        match &part.kind {
            PartKind::Text { text, citations } => {
                o.string("type", "text").string("text", text);
                write_citations(citations, o);
            }
            PartKind::Refusal(text) => o.string("type", "text").string("text", text).end(),
            PartKind::Image(image) => {
                o.string("type", "image");
                if let Ok(source) = media::image(image) {
                    source.write(o);
                }
            }
            PartKind::Document(document) => {
                o.string("type", "document");
                if let Ok(source) = media::document(document) {
                    source.write(o);
                }
                o.maybe_string("title", document.title.as_deref());
                o.maybe_string("context", document.context.as_deref());
                if let Some(enabled) = document.citations {
                    o.object("citations", |o| {
                        o.bool("enabled", enabled);
                    });
                }
            }
            PartKind::Reasoning(thought) => match &thought.redacted {
                Some(data) => o.string("type", "redacted_thinking").string("data", data).end(),
                None => {
                    o.string("type", "thinking").string("thinking", &thought.text);
                    o.maybe_string("signature", thought.signature.as_deref());
                }
            },
            PartKind::ToolCall(call) => self.write_call(call, path, o),
            PartKind::ToolResult(result) => self.write_result(result, path, o),
            PartKind::Audio { .. } | PartKind::Other { .. } => {}
        }
    }

    fn write_call(&mut self, call: &ToolCall, path: &str, o: &mut Object<'_>) {
        let mut id = plain_id(&call.id);
        if id.is_empty() {
            id = format!("toolu_{}", self.mint).into();
            self.mint += 1;
            self.minted.push(id.to_string(), call.name.clone());
        }
        o.string("type", "tool_use").string("id", &id).string("name", &call.name);
        let input = arguments(&call.arguments);
        if matches!(input, Input::Wrapped(_)) {
            self.drop(format!("{path}.arguments"), "no JSON object: sent as the member `arguments` of one");
        }
        o.raw("input", input.text());
    }

    fn write_result(&mut self, result: &ToolResult, path: &str, o: &mut Object<'_>) {
        let mut id = plain_id(&result.call_id);
        if id.is_empty() {
            let named = result.name.as_ref().and_then(|name| self.minted.answer_name(name));
            id = named.or_else(|| self.minted.answer_first()).map_or(id, Cow::Owned);
        }
        o.string("type", "tool_result").string("tool_use_id", &id);
        let mut parts = Vec::with_capacity(result.parts.len());
        for (place, part) in result.parts.iter().enumerate() {
            let path = format!("{path}.content[{place}]");
            if self.keeps(part, &path, "user") {
                parts.push(Block { path, part: Cow::Borrowed(part) });
            }
        }
        match parts.as_slice() {
            [] => {}
            [block] if self.plain_text(block).is_some() => {
                o.string("content", self.plain_text(block).unwrap_or_default());
            }
            _ => o
                .array("content", |a| {
                    for block in &parts {
                        self.write_block(&block.part, &block.path, a);
                    }
                })
                .end(),
        }
        o.maybe_bool("is_error", result.is_error);
    }

    fn drop(&mut self, field: impl Into<String>, reason: &str) {
        self.dropped.push(Dropped::new(field, reason));
    }
}

impl<'r> Conversation<'r> {
    /// Adds blocks to the last turn if it is of that role, else as a new one; none make no turn.
    fn push(&mut self, role: &'static str, blocks: Vec<Block<'r>>) {
        match self.turns.last_mut() {
            _ if blocks.is_empty() => {}
            Some(turn) if turn.role == role => turn.blocks.extend(blocks),
            _ => self.turns.push(Turn { role, blocks }),
        }
    }

    /// Writes `system` and `messages`.
    pub(super) fn write(&mut self, writer: &mut MessagesWriter<'r>, o: &mut Object<'_>) {
        self.system.write(writer, o);
        o.array("messages", |a| {
            for turn in &mut self.turns {
                turn.blocks.sort_by_key(|block| !matches!(block.part.kind, PartKind::ToolResult(_)));
                writer.write_turn(turn, a);
            }
        });
    }
}

/// Of each message, whether the assistant's turn or the end follows, instructions apart.
fn precede_assistant(messages: &[Message]) -> Vec<bool> {
    let mut follows = true;
    let mut precede: Vec<_> = messages
        .iter()
        .rev()
        .map(|message| {
            let precedes = follows;
            if !is_instruction(message) {
                follows = message.role == Role::Assistant;
            }
            precedes
        })
        .collect();
    precede.reverse();
    precede
}

fn is_instruction(message: &Message) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// Writes the sources that a text cites, if any are this format's own.
pub(super) fn write_citations(citations: &[(Dialect, Json)], o: &mut Object<'_>) {
    let mut own = citations.iter().filter(|(dialect, _)| *dialect == Dialect::Anthropic).peekable();
    if own.peek().is_some() {
        o.array("citations", |a| {
            for (_, json) in own {
                a.raw(&json.0);
            }
        });
    }
}

/// The arguments of a call as an object.
pub(super) enum Input<'a> {
    /// As the model wrote them.
    Object(&'a str),
    /// What the model wrote is no object: it stands in one.
    Wrapped(String),
}

impl Input<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Object(text) => text,
            Self::Wrapped(text) => text,
        }
    }
}

/// The arguments of a call as this format has them: an object.
pub(super) fn arguments(text: &str) -> Input<'_> {
    let trimmed = text.trim();
    // Of no arguments some models write `null`.
    if matches!(trimmed, "" | "null") {
        return Input::Object("{}");
    }
    if Node::parse(trimmed.as_bytes()).is_ok_and(|node| node.is_object()) {
        return Input::Object(trimmed);
    }
    let wrapped = crate::json::object(|o| {
        o.string("arguments", text);
    });
    Input::Wrapped(String::from_utf8(wrapped).unwrap_or_default())
}

/// An id in the characters that the format takes; others, as some services make them, become `_` in call and result
/// alike.
fn plain_id(id: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.chars().all(is_plain) {
        return id.into();
    }
    id.chars().map(|c| if is_plain(c) { c } else { '_' }).collect::<String>().into()
}
