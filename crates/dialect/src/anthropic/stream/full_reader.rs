//! Streams read in full, for translation.

use super::blocks::Blocks;
use crate::anthropic::reply::read_finish;
use crate::anthropic::{error, usage};
use crate::framing::sse;
use crate::json::Node;
use crate::{ReadError, StreamReader};
use baton_model::event::{ReplyEvent, ReplyStart};

/// Reads every event.
#[derive(Debug, Default)]
pub(super) struct AnthropicFullReader {
    pub(super) blocks: Blocks,
    pub(super) report: usage::Report,
    /// Whether the names were told.
    pub(super) started: bool,
    /// Whether the end, or a failure, was told.
    pub(super) ended: bool,
    pub(super) finished: bool,
}

impl AnthropicFullReader {
    fn event(&mut self, root: &Node<'_>, name: Option<&str>, events: &mut Vec<ReplyEvent>) {
        let type_ = root.get("type").and_then(Node::as_str);
        let index = || root.get("index").and_then(|index| index.integer().ok()).unwrap_or(0);
        match type_.as_deref().or(name) {
            // Some services of this format send errors in OpenAI's shape, without a `type`.
            _ if root.get("error").is_some() => self.fail(root, events),
            Some("error") => self.fail(root, events),
            Some("message_start") => self.start(root.get("message").unwrap_or(root), events),
            Some("content_block_start") => {
                if let Some(block) = root.get("content_block") {
                    self.blocks.start(index(), block, events);
                }
            }
            Some("content_block_delta") => {
                if let Some(delta) = root.get("delta") {
                    self.blocks.delta(index(), delta, events);
                }
            }
            Some("content_block_stop") => self.blocks.stop(index(), events),
            Some("message_delta") => self.message_delta(root, events),
            Some("message_stop") => {
                self.ended = true;
                events.push(ReplyEvent::Ended);
            }
            _ => {}
        }
    }

    fn start(&mut self, message: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        if !std::mem::replace(&mut self.started, true) {
            events.push(ReplyEvent::Started(started(message)));
        }
        // The prompt is reported here already: a stream that is cut later is billed for it.
        if let Some(used) = message.get("usage") {
            self.report.update(used);
            let prompt = self.report.prompt();
            events.extend((!prompt.is_empty()).then_some(ReplyEvent::Usage(prompt)));
        }
    }

    fn message_delta(&mut self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        // A block whose `content_block_stop` is missing ends here at the latest.
        self.blocks.stop_all(events);
        // The reference allows several `message_delta`; the reason must be told once.
        if let Some(delta) = root.get("delta").filter(|_| !self.finished) {
            let before = events.len();
            finish(delta, events);
            self.finished = events.len() > before;
        }
        if let Some(used) = root.get("usage") {
            self.report.update(used);
            let usage = self.report.usage();
            events.extend((!usage.is_empty()).then_some(ReplyEvent::Usage(usage)));
        }
    }

    fn fail(&mut self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        self.ended = true;
        if let Some(used) = root.get("usage") {
            self.report.update(used);
            let usage = self.report.usage();
            events.extend((!usage.is_empty()).then_some(ReplyEvent::Usage(usage)));
        }
        events.push(ReplyEvent::Failed(error::read_node(200, root)));
    }
}

impl StreamReader for AnthropicFullReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        let event = sse::parse(frame);
        let Some(data) = event.data.filter(|data| !data.trim_ascii().is_empty() && !self.ended) else {
            return Ok(Vec::new());
        };
        // Some services end as OpenAI does, after the format's own end or in place of it.
        if data.trim_ascii() == b"[DONE]" {
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        self.event(&Node::parse(&data)?, event.name, &mut events);
        Ok(events)
    }

    /// The format always says its end: a stream without was cut.
    fn finish(&mut self) -> Vec<ReplyEvent> {
        Vec::new()
    }
}

/// The names of a message.
pub(super) fn started(message: &Node<'_>) -> ReplyStart {
    let text = |name: &str| message.get(name).and_then(Node::string_or_none).filter(|text| !text.is_empty());
    ReplyStart { id: text("id"), model: text("model"), ..ReplyStart::default() }
}

/// Reads `stop_reason` and `stop_sequence`, of a whole reply or of a `message_delta`.
pub(super) fn finish(node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
    let Some(word) = node.get("stop_reason").and_then(Node::as_str) else { return };
    let stop_sequence = node.get("stop_sequence").and_then(Node::string_or_none);
    events.push(ReplyEvent::Finished { choice: 0, reason: read_finish(&word), stop_sequence });
}
