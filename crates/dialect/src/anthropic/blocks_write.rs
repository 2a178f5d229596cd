//! The blocks of a turn, written: what this format holds of each part.

use super::arguments::{Input, arguments};
use super::cache;
use super::citations::write_citations;
use super::extension::UNKNOWN;
use super::media;
use crate::Dropped;
use crate::json::{Array, Object};
use crate::reasoning_origin;
use crate::turns::PlacedPart;
use baton_model::chat::{Extension, Json, Part, PartKind, ToolCall, ToolResult};
use baton_model::entity::ReasoningStyle;
use baton_model::{Dialect, Quirks};
use std::borrow::Cow;
use std::collections::HashMap;

/// A part that will be written, and its path.
#[derive(Debug, Clone)]
pub(super) struct PendingBlock<'r> {
    pub(super) path: String,
    pub(super) part: Cow<'r, Part>,
}

/// Writes blocks. What is not supported goes to `dropped`.
pub(super) struct BlockWriter<'r> {
    pub(super) quirks: &'r Quirks,
    /// Members that only this format knows, by the path of what they belong to.
    extensions: HashMap<&'r str, Vec<(&'r str, &'r Json)>>,
    dropped: &'r mut Vec<Dropped>,
}

impl<'r> BlockWriter<'r> {
    pub(super) fn new(extensions: &'r [Extension], quirks: &'r Quirks, dropped: &'r mut Vec<Dropped>) -> Self {
        let mut members: HashMap<_, Vec<_>> = HashMap::new();
        // A path such as `messages[0].content[1].caller` names the block and its member. All other extensions are
        // options, which `options` writes.
        for extension in extensions.iter().filter(|extension| extension.dialect == Dialect::Anthropic) {
            if let Some((owner, name)) =
                extension.path.rsplit_once('.').filter(|(owner, _)| owner.starts_with("messages["))
            {
                members.entry(owner).or_default().push((name, &extension.value));
            }
        }
        Self { quirks, extensions: members, dropped }
    }

    /// Lists the members of a turn itself: turns are joined and split on the way, and what holds for one of them would
    /// hold for others.
    pub(super) fn drop_members(&mut self, path: &str) {
        for (name, _) in self.extensions.remove(path).unwrap_or_default() {
            self.drop(format!("{path}.{name}"), "turns are joined where requests are translated");
        }
    }

    /// The parts of a message that a turn of that role can hold.
    pub(super) fn blocks(&mut self, parts: Vec<PlacedPart<'r>>, role: &str) -> Vec<PendingBlock<'r>> {
        let mut blocks = Vec::with_capacity(parts.len());
        for placed in parts {
            let path = placed.path();
            if self.check_role(&placed.part, &path, role) {
                blocks.push(PendingBlock { path, part: placed.part });
            }
        }
        blocks
    }

    /// Whether the part can be said in a turn of that role; if not, it is listed. Blank text is refused, and says
    /// nothing.
    fn check_role(&mut self, part: &Part, path: &str, role: &str) -> bool {
        let problem = match (&part.kind, role) {
            (PartKind::Text { text, citations }, _) => {
                if citations.iter().any(|(dialect, _)| *dialect != Dialect::Anthropic) {
                    self.drop(format!("{path}.citations"), UNKNOWN);
                }
                // The API refuses blank text blocks.
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
            (PartKind::Audio { .. }, _) => Some("audio is not supported by anthropic"),
            (PartKind::Reasoning(reasoning), "assistant") => {
                // The API refuses a thinking block whose signature is missing or is another vendor's.
                let refused = self.quirks.reasoning == ReasoningStyle::Unsupported;
                let sealed = reasoning.signature.is_some() || reasoning.redacted.is_some();
                match (refused, sealed) {
                    (true, _) => Some("refused by the model"),
                    _ if reasoning_origin::is_from_responses(reasoning) => {
                        Some("reasoning of another kind of provider")
                    }
                    (_, false) => Some("reasoning without a signature"),
                    _ => None,
                }
            }
            (PartKind::ToolCall(_), "assistant") | (PartKind::ToolResult(_), "user") => None,
            (PartKind::Other { dialect: Dialect::Anthropic, .. }, _) => None,
            (PartKind::Other { dialect, .. }, _) => {
                self.drop(path, &format!("specific to {dialect}"));
                return false;
            }
            _ => Some("not allowed in this role"),
        };
        if let Some(problem) = problem {
            self.drop(path, problem);
        }
        problem.is_none()
    }

    /// The text of a block that is nothing but text.
    pub(super) fn plain_text<'b>(&self, block: &'b PendingBlock<'_>) -> Option<&'b str> {
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
    pub(super) fn write_blocks(&mut self, blocks: &[PendingBlock<'r>], a: &mut Array<'_>) {
        for block in blocks {
            self.write_block(&block.part, &block.path, a);
        }
    }

    /// Writes `content`: a string where one plain text is all there is.
    pub(super) fn write_content(&mut self, blocks: &[PendingBlock<'r>], o: &mut Object<'_>) {
        match blocks {
            [block] if self.plain_text(block).is_some() => {
                o.string("content", self.plain_text(block).unwrap_or_default());
            }
            _ => o.array("content", |a| self.write_blocks(blocks, a)).end(),
        }
    }

    fn write_block(&mut self, part: &Part, path: &str, a: &mut Array<'_>) {
        // As it stood, with a cache mark among its members if it has one.
        if let PartKind::Other { json, .. } = &part.kind {
            a.raw(&json.0);
            return;
        }
        a.object(|o| {
            self.write_members(part, path, o);
            // The API refuses `cache_control` on thinking blocks; a mark on the next part covers them.
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
                // One that can't be said never comes here (`check_role`), nor does such a document.
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
            PartKind::Reasoning(reasoning) => match &reasoning.redacted {
                Some(data) => o.string("type", "redacted_thinking").string("data", data).end(),
                None => {
                    o.string("type", "thinking").string("thinking", &reasoning.text);
                    o.maybe_string("signature", reasoning.signature.as_deref());
                }
            },
            PartKind::ToolCall(call) => self.write_call(call, path, o),
            PartKind::ToolResult(result) => self.write_result(result, path, o),
            PartKind::Audio { .. } | PartKind::Other { .. } => {}
        }
    }

    fn write_call(&mut self, call: &ToolCall, path: &str, o: &mut Object<'_>) {
        o.string("type", "tool_use").string("id", &plain_id(&call.id)).string("name", &call.name);
        let input = arguments(&call.arguments);
        if matches!(input, Input::Wrapped(_)) {
            self.drop(format!("{path}.arguments"), "not a JSON object: sent as the member `arguments` of one");
        }
        o.raw("input", input.text());
    }

    fn write_result(&mut self, result: &ToolResult, path: &str, o: &mut Object<'_>) {
        o.string("type", "tool_result").string("tool_use_id", &plain_id(&result.call_id));
        let mut parts = Vec::with_capacity(result.parts.len());
        for (place, part) in result.parts.iter().enumerate() {
            let path = format!("{path}.content[{place}]");
            // As a user's, because results stand in the user's turn.
            if self.check_role(part, &path, "user") {
                parts.push(PendingBlock { path, part: Cow::Borrowed(part) });
            }
        }
        match parts.as_slice() {
            // `content` is optional in a result, and blank text is refused.
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

    /// Where what is not supported is listed.
    pub(super) fn dropped(&mut self) -> &mut Vec<Dropped> {
        self.dropped
    }

    pub(super) fn drop(&mut self, field: impl Into<String>, reason: &str) {
        self.dropped.push(Dropped::new(field, reason));
    }
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
