//! A response, written: as a stream, or as the object that such a stream ends with.

use super::open::{CallItem, EventSequence, MessageItem, OpenItem, ReasoningItem};
use crate::json::{Node, object};
use crate::responses::parts::annotation;
use crate::responses::reasoning;
use crate::responses::response::{ResponseBase, ResponseStatus, error_code, incomplete};
use crate::{ReplyContext, StreamWriter};
use baton_model::chat::Json;
use baton_model::event::{FinishReason, ReplyEvent};
use baton_model::{Dialect, PublicError};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// Writes a whole reply for a client.
pub(in crate::responses) fn write_reply(events: &[ReplyEvent], context: &ReplyContext) -> Vec<u8> {
    let (mut writer, mut out) = (ResponseWriter::new(context.clone()), BytesMut::new());
    for event in events.iter().filter(|event| !matches!(event, ReplyEvent::Ended)) {
        writer.write(event, &mut out);
        // Only the object at the end is wanted, not the events of the stream.
        out.clear();
    }
    // Without a reason in the reply the items would still be open, and so left out.
    writer.close_all(&mut out);
    writer.response.write(ResponseStatus::Finished(writer.finish.as_ref()), writer.items()).into_bytes()
}

/// Writes a response's stream for a client: the first choice, as the format has one.
#[derive(Debug)]
pub(in crate::responses) struct ResponseWriter {
    response: ResponseBase,
    line: EventSequence,
    begun: bool,
    /// The items so far, by number; empty while they are open.
    output: Vec<String>,
    open: OpenItem,
    /// The calls that are open, by their index.
    calls: BTreeMap<u32, CallItem>,
    finish: Option<FinishReason>,
}

impl ResponseWriter {
    pub(in crate::responses) fn new(context: ReplyContext) -> Self {
        Self {
            response: ResponseBase::new(context),
            line: EventSequence::default(),
            begun: false,
            output: Vec::new(),
            open: OpenItem::None,
            calls: BTreeMap::new(),
            finish: None,
        }
    }

    fn items(&self) -> impl Iterator<Item = &str> {
        self.output.iter().map(String::as_str).filter(|item| !item.is_empty())
    }

    fn write(&mut self, event: &ReplyEvent, out: &mut BytesMut) {
        match event {
            ReplyEvent::Started(started) => {
                self.response.start(started);
                self.begin(out);
            }
            ReplyEvent::Text { choice: 0, text } if !text.is_empty() => {
                self.with_message(out, |message, line, out| message.push_text(false, text, line, out));
            }
            ReplyEvent::Refusal { choice: 0, text } if !text.is_empty() => {
                self.with_message(out, |message, line, out| message.push_text(true, text, line, out));
            }
            ReplyEvent::Citation { choice: 0, dialect, json } => {
                if let Some(annotation) = annotation(*dialect, json) {
                    self.with_message(out, |message, line, out| message.cite(annotation, line, out));
                }
            }
            ReplyEvent::LogProbs { choice: 0, content } => {
                self.with_message(out, |message, line, out| message.push_logprobs(content, line, out));
            }
            ReplyEvent::Reasoning { choice: 0, text } if !text.is_empty() => {
                self.with_reasoning(out, |reasoning, line, out| reasoning.push_text(text, line, out));
            }
            ReplyEvent::ReasoningSignature { choice: 0, signature } => {
                self.seal(object(|o| reasoning::write_signature(signature, o)), out);
            }
            ReplyEvent::RedactedReasoning { choice: 0, data } => {
                // A sealed piece is an item of its own, and not the end of the one before.
                self.close(out);
                self.seal(object(|o| reasoning::write_redacted(data, o)), out);
            }
            ReplyEvent::ToolCall { choice: 0, index, id, name } => self.call(*index, id, name, out),
            ReplyEvent::ToolArguments { choice: 0, index, fragment } if !fragment.is_empty() => {
                if let Some(call) = self.calls.get_mut(index) {
                    call.push_text(fragment, &mut self.line, out);
                }
            }
            ReplyEvent::Other { choice: 0, dialect: Dialect::Responses, json } => self.write_whole_item(json, out),
            ReplyEvent::Finished { choice: 0, reason, .. } => {
                self.finish = Some(reason.clone());
                self.close_all(out);
            }
            ReplyEvent::Usage(usage) => self.response.usage.get_or_insert_default().update(usage),
            ReplyEvent::Ended => self.end(out),
            _ => {}
        }
    }

    fn begin(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let response = self.response.write(ResponseStatus::InProgress, std::iter::empty());
        // SDKs build their snapshot from the first of them and refuse deltas before it.
        for name in ["response.created", "response.in_progress"] {
            self.line.push(out, name, |o| o.raw("response", &response).end());
        }
    }

    /// A place for one more item, which stands there as `item` for now.
    fn add(&mut self, item: impl FnOnce(usize, &ResponseBase) -> (String, OpenItem), out: &mut BytesMut) {
        self.close(out);
        self.begin(out);
        let number = self.output.len();
        // The place is taken at once: items that end later keep the index under which they began.
        self.output.push(String::new());
        let (item, open) = item(number, &self.response);
        self.open = open;
        self.line.push(out, "response.output_item.added", |o| {
            o.integer("output_index", number as u64).raw("item", &item);
        });
    }

    fn write_done(&mut self, (number, item): (usize, String), out: &mut BytesMut) {
        self.line.push(out, "response.output_item.done", |o| {
            o.integer("output_index", number as u64).raw("item", &item);
        });
        if let Some(place) = self.output.get_mut(number) {
            *place = item;
        }
    }

    fn with_message(
        &mut self,
        out: &mut BytesMut,
        write: impl FnOnce(&mut MessageItem, &mut EventSequence, &mut BytesMut),
    ) {
        if !matches!(self.open, OpenItem::Message(_)) {
            let new = |number, response: &ResponseBase| {
                let message = MessageItem::new(number, response.item_id("msg", number));
                (message.item("in_progress"), OpenItem::Message(message))
            };
            self.add(new, out);
        }
        if let OpenItem::Message(message) = &mut self.open {
            write(message, &mut self.line, out);
        }
    }

    fn with_reasoning(
        &mut self,
        out: &mut BytesMut,
        write: impl FnOnce(&mut ReasoningItem, &mut EventSequence, &mut BytesMut),
    ) {
        if !matches!(self.open, OpenItem::Reasoning(_)) {
            let new = |number, response: &ResponseBase| {
                let reasoning = ReasoningItem::new(number, response.item_id("rs", number));
                (reasoning.item(), OpenItem::Reasoning(reasoning))
            };
            self.add(new, out);
        }
        if let OpenItem::Reasoning(reasoning) = &mut self.open {
            write(reasoning, &mut self.line, out);
        }
    }

    /// Ends the reasoning with what goes back unchanged: members of its item.
    fn seal(&mut self, members: Vec<u8>, out: &mut BytesMut) {
        self.with_reasoning(out, |reasoning, _, _| reasoning.seal = Some(members));
        self.close(out);
    }

    fn call(&mut self, index: u32, call_id: &str, name: &str, out: &mut BytesMut) {
        self.close(out);
        let number = self.output.len();
        let called = self.response.client_call(name);
        let prefix = if called.custom { "ctc" } else { "fc" };
        let call = CallItem {
            number,
            id: self.response.item_id(prefix, number),
            call_id: call_id.to_owned(),
            called,
            arguments: String::new(),
        };
        self.add(|_, _| (call.item("in_progress"), OpenItem::None), out);
        // An index that comes again is another call: the one before is over.
        if let Some(before) = self.calls.insert(index, call) {
            let closed = before.close(false, &mut self.line, out);
            self.write_done(closed, out);
        }
    }

    /// An item that comes at once.
    fn write_whole_item(&mut self, json: &Json, out: &mut BytesMut) {
        // An unknown part of a message is no item.
        let node = Node::parse(json.0.as_bytes()).ok();
        let type_ = node.as_ref().and_then(|node| node.get("type")?.as_str());
        if type_.is_none_or(|type_| crate::responses::parts::is_part(&type_)) {
            return;
        }
        let number = self.output.len();
        self.add(|_, _| (json.0.clone(), OpenItem::None), out);
        self.write_done((number, json.0.clone()), out);
    }

    /// Closes the open message or reasoning.
    fn close(&mut self, out: &mut BytesMut) {
        let status = match incomplete(ResponseStatus::Finished(self.finish.as_ref())) {
            Some(_) => "incomplete",
            None => "completed",
        };
        let closed = match std::mem::replace(&mut self.open, OpenItem::None) {
            OpenItem::None => return,
            OpenItem::Message(message) => message.close(status, &mut self.line, out),
            OpenItem::Reasoning(reasoning) => reasoning.close(&mut self.line, out),
        };
        self.write_done(closed, out);
    }

    fn close_all(&mut self, out: &mut BytesMut) {
        self.close(out);
        let cut = incomplete(ResponseStatus::Finished(self.finish.as_ref())).is_some();
        for (_, call) in std::mem::take(&mut self.calls) {
            let closed = call.close(cut, &mut self.line, out);
            self.write_done(closed, out);
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.begin(out);
        self.close_all(out);
        let status = ResponseStatus::Finished(self.finish.as_ref());
        let name = if incomplete(status).is_some() { "response.incomplete" } else { "response.completed" };
        let response = self.response.write(status, self.items());
        self.line.push(out, name, |o| o.raw("response", &response).end());
    }
}

impl StreamWriter for ResponseWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        let mut out = BytesMut::new();
        self.write(event, &mut out);
        out.freeze()
    }

    /// What was made so far, as a response that failed; then an `error`, by which SDKs raise.
    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        let mut out = BytesMut::new();
        self.begin(&mut out);
        let response = self.response.write(ResponseStatus::Failed(error), self.items());
        self.line.push(&mut out, "response.failed", |o| o.raw("response", &response).end());
        let reply = crate::error::openai_shape::write(error, request_id).body;
        let reply = Node::parse(&reply).ok();
        self.line.push(&mut out, "error", |o| {
            o.string("code", error_code(error)).string("message", &error.message);
            match &error.param {
                Some(param) => o.string("param", param),
                None => o.null("param"),
            };
            if let Some(inner) = reply.as_ref().and_then(|reply| reply.get("error")) {
                o.raw("error", inner.text());
            }
        });
        out.freeze()
    }
}
