//! One line of a stream, or a whole reply, which is one line that says everything.
//!
//! Reference: Ollama API documentation, responses of "Generate a chat completion" and "Generate a completion"; the two
//! differ in where the text stands (`message.content`, `response`), so one reader reads both.

use super::{calls, error, time};
use crate::ReadError;
use crate::json::{JsonValue, Node, object};
use baton_model::chat::Json;
use baton_model::event::{FinishReason, ReplyEvent, ReplyStart, Timings};
use baton_model::{Dialect, Usage, UsageClass};

/// What lines refer back to.
#[derive(Debug, Default)]
pub(super) struct LineContext {
    started: bool,
    /// When the first line says it was made: names the reply's calls.
    created: String,
    /// How many tool calls came.
    calls: usize,
}

/// Reads a whole reply.
pub(super) fn read_reply(body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
    let root = Node::parse(body)?;
    // A proxy's JSON page would otherwise be an empty reply.
    if ["message", "response", "done", "error"].iter().all(|name| root.get(name).is_none()) {
        return Err(ReadError::new("message", "is required"));
    }
    let mut events = Vec::new();
    LineContext::default().push(&root, &mut events);
    // A whole reply needs no sign of its end.
    if !events.iter().any(|event| matches!(event, ReplyEvent::Failed(_) | ReplyEvent::Ended)) {
        events.push(ReplyEvent::Ended);
    }
    Ok(events)
}

impl LineContext {
    /// Whether the reply's names were told.
    pub(super) fn is_started(&self) -> bool {
        self.started
    }

    /// The events of a line.
    pub(super) fn push(&mut self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        if root.get("error").is_some() {
            events.extend(usage(root).map(ReplyEvent::Usage));
            events.push(ReplyEvent::Failed(error::read_node(200, root)));
            return;
        }
        self.start(root, events);
        // Chats wrap the text in `message`, completions have it beside `done`.
        let message = root.get("message").filter(|node| node.is_object()).unwrap_or(root);
        let text =
            |node: &Node<'_>, name: &str| node.get(name).and_then(Node::string_or_none).filter(|t| !t.is_empty());
        // Reasoning first: a line may hold both, and the model reasons before it writes text.
        events.extend(text(message, "thinking").map(|text| ReplyEvent::Reasoning { choice: 0, text }));
        let said = text(message, "content").or_else(|| text(root, "response"));
        events.extend(said.map(|text| ReplyEvent::Text { choice: 0, text }));
        for call in message.get("tool_calls").and_then(|calls| calls.items().ok()).unwrap_or_default() {
            self.call(call, events);
        }
        if let Some(logprobs) = root.get("logprobs")
            && matches!(logprobs.value(), JsonValue::Array(items) if !items.is_empty())
        {
            events.push(ReplyEvent::LogProbs { choice: 0, content: logprobs.json() });
        }
        if root.get("done").is_some_and(|done| done.bool().unwrap_or(false)) {
            self.finish(root, events);
        }
    }

    fn start(&mut self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        if self.started {
            return;
        }
        self.started = true;
        self.created = root.get("created_at").and_then(Node::string_or_none).unwrap_or_default();
        events.push(ReplyEvent::Started(ReplyStart {
            model: root.get("model").and_then(Node::string_or_none).filter(|model| !model.is_empty()),
            created: time::read(&self.created),
            ..ReplyStart::default()
        }));
    }

    fn call(&mut self, node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let Some(function) = node.get("function") else { return };
        let text = |node: &Node<'_>, name: &str| node.get(name).and_then(Node::string_or_none).unwrap_or_default();
        let id = Some(text(node, "id")).filter(|id| !id.is_empty());
        // Ollama's `index` starts anew on each line, so the calls are counted here.
        let index = u32::try_from(self.calls).unwrap_or(u32::MAX);
        let id = id.unwrap_or_else(|| calls::make_id(self.calls, &self.created));
        self.calls += 1;
        events.push(ReplyEvent::ToolCall { choice: 0, index, id, name: text(function, "name") });
        let fragment = calls::read_arguments(function.get("arguments"));
        if !fragment.is_empty() {
            events.push(ReplyEvent::ToolArguments { choice: 0, index, fragment });
        }
    }

    fn finish(&self, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        // The token ids of the conversation so far: the client of `/api/generate` sends them back to go on.
        if let Some(context) = root.get("context").filter(|context| matches!(context.value(), JsonValue::Array(_))) {
            let json = object(|o| {
                o.raw("context", context.text());
            });
            let json = Json(String::from_utf8(json).unwrap_or_default());
            events.push(ReplyEvent::Other { choice: 0, dialect: Dialect::Ollama, json });
        }
        let word = root.get("done_reason").and_then(Node::string_or_none).unwrap_or_default();
        let reason = match word.as_str() {
            // Ollama says `stop` for tool calls too, and older servers say nothing at all.
            "stop" | "" if self.calls > 0 => FinishReason::ToolCalls,
            "stop" | "" => FinishReason::Stop,
            "length" => FinishReason::Length,
            _ => FinishReason::Other(word),
        };
        events.push(ReplyEvent::Finished { choice: 0, reason, stop_sequence: None });
        events.extend(usage(root).map(ReplyEvent::Usage));
        events.extend(timings(root).map(ReplyEvent::Timings));
        events.push(ReplyEvent::Ended);
    }
}

/// What was consumed: absent counts are zero, and all zero is nothing said.
pub(super) fn usage(root: &Node<'_>) -> Option<Usage> {
    let count = |name: &str| root.get(name).map_or(0, Node::count);
    // The server is written in Go and leaves out numbers that are 0.
    let usage = Usage::default()
        .with(UsageClass::Input, count("prompt_eval_count"))
        .with(UsageClass::Output, count("eval_count"));
    Some(usage).filter(|usage| !usage.is_empty())
}

/// How long it took, where it is said.
pub(super) fn timings(root: &Node<'_>) -> Option<Timings> {
    let nanoseconds = |name: &str| root.get(name).map_or(0, Node::count);
    let timings = Timings {
        total: nanoseconds("total_duration"),
        load: nanoseconds("load_duration"),
        prompt: nanoseconds("prompt_eval_duration"),
        output: nanoseconds("eval_duration"),
    };
    Some(timings).filter(|timings| *timings != Timings::default())
}
