//! A message's stream, written.
//!
//! Blocks can't overlap here, and in other formats they can: a call that begins while another is unfinished is kept back
//! until that one is complete, and so is text or reasoning that comes between the arguments of a call. A block that ended
//! early would leave the client with half of the arguments.

use crate::anthropic::reply::{finish_name, write_stop};
use crate::anthropic::{error, usage as anthropic_usage};
use crate::framing::sse;
use crate::json::{Node, Object, object};
use crate::{ReplyContext, StreamWriter};
use baton_model::event::{FinishReason, ReplyEvent};
use baton_model::{Dialect, PublicError, Usage, UsageClass};
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;

/// Writes a message's stream for a client: the first choice, as the format has one.
#[derive(Debug)]
pub(in crate::anthropic) struct MessageWriter {
    context: ReplyContext,
    /// Whether `message_start` was said: not before the first content, so that it knows the usage of the prompt.
    begun: bool,
    open: Open,
    /// The number of the next block.
    next: u32,
    calls: Vec<Call>,
    /// The place of each call among them, by its index.
    places: HashMap<u32, usize>,
    /// How many of them were opened: those before the first that waits.
    opened: usize,
    /// What came while a call was unfinished, in order.
    held: Vec<ReplyEvent>,
    held_bytes: usize,
    usage: Usage,
    finish: Option<(FinishReason, Option<String>)>,
}

/// The most that is kept back, in bytes: a call that is unfinished by then never ends.
const MOST_HELD: usize = 1 << 20;

/// The block that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    None,
    Text,
    /// Text that has cited a source; more text is another block.
    Cited,
    Thinking,
    /// One that comes at once.
    Other,
    /// The call of that index.
    Tool(u32),
}

#[derive(Debug)]
struct Call {
    index: u32,
    id: String,
    name: String,
    /// All arguments so far.
    arguments: String,
    /// With how many bytes of arguments it was last looked whether they are complete, and what was found.
    looked_at: (usize, bool),
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Open,
    Closed,
}

impl MessageWriter {
    pub(in crate::anthropic) fn new(context: ReplyContext) -> Self {
        Self {
            context,
            begun: false,
            open: Open::None,
            next: 0,
            calls: Vec::new(),
            places: HashMap::new(),
            opened: 0,
            held: Vec::new(),
            held_bytes: 0,
            usage: Usage::default(),
            finish: None,
        }
    }

    fn write(&mut self, event: &ReplyEvent, out: &mut BytesMut) {
        let Some(size) = content_size(event) else {
            self.write_now(event, out);
            // What came may have been the end of the call that the others wait for.
            if !self.held.is_empty() && !self.is_call_unfinished() {
                self.release(out);
            }
            return;
        };
        if self.is_call_unfinished() && self.held_bytes <= MOST_HELD {
            self.held_bytes += size;
            self.held.push(event.clone());
            return;
        }
        self.release(out);
        self.write_now(event, out);
    }

    /// Writes what was kept back.
    fn release(&mut self, out: &mut BytesMut) {
        if self.held.is_empty() {
            return;
        }
        self.flush(out);
        self.held_bytes = 0;
        for event in std::mem::take(&mut self.held) {
            self.write_now(&event, out);
        }
    }

    fn write_now(&mut self, event: &ReplyEvent, out: &mut BytesMut) {
        match event {
            ReplyEvent::Started(started) => {
                let take = |slot: &mut String, name: &Option<String>| {
                    if let Some(name) = name {
                        slot.clone_from(name);
                    }
                };
                take(&mut self.context.id, &started.id);
                take(&mut self.context.model, &started.model);
            }
            ReplyEvent::Text { choice: 0, text } | ReplyEvent::Refusal { choice: 0, text } if !text.is_empty() => {
                if self.open != Open::Text {
                    self.start(out, Open::Text, |o| {
                        o.string("type", "text").string("text", "");
                    });
                }
                self.delta(out, |o| {
                    o.string("type", "text_delta").string("text", text);
                });
            }
            ReplyEvent::Reasoning { choice: 0, text } if !text.is_empty() => {
                self.write_thinking(out);
                self.delta(out, |o| {
                    o.string("type", "thinking_delta").string("thinking", text);
                });
            }
            ReplyEvent::ReasoningSignature { choice: 0, signature } => {
                self.write_thinking(out);
                self.delta(out, |o| {
                    o.string("type", "signature_delta").string("signature", signature);
                });
                // A block has one signature, so reasoning that follows begins another.
                self.close(out);
            }
            ReplyEvent::RedactedReasoning { choice: 0, data } => {
                self.write_whole_block(
                    out,
                    &object(|o| {
                        o.string("type", "redacted_thinking").string("data", data);
                    }),
                );
            }
            ReplyEvent::ToolCall { choice: 0, index, id, name } => self.call(out, *index, id, name),
            ReplyEvent::ToolArguments { choice: 0, index, fragment } if !fragment.is_empty() => {
                self.arguments(out, *index, fragment);
            }
            ReplyEvent::Citation { choice: 0, dialect: Dialect::Anthropic, json } => {
                if matches!(self.open, Open::Text | Open::Cited) {
                    self.delta(out, |o| {
                        o.string("type", "citations_delta").json("citation", json);
                    });
                    self.open = Open::Cited;
                }
            }
            ReplyEvent::Other { choice: 0, dialect: Dialect::Anthropic, json } => {
                self.write_whole_block(out, json.0.as_bytes())
            }
            ReplyEvent::Finished { choice: 0, reason, stop_sequence } => {
                // Only noted: OpenAI's usage comes behind the reason, and `message_delta` has both.
                self.finish = Some((reason.clone(), stop_sequence.clone()));
                self.begin(out);
                self.flush(out);
                self.release(out);
            }
            ReplyEvent::Usage(usage) => self.usage.update(usage),
            ReplyEvent::Ended => self.end(out),
            _ => {}
        }
    }

    fn begin(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        // The provider's own number, if it came before the content; `message_delta` has it in any case.
        let mut usage = self.usage.clone();
        if let Some(tokens) = self.context.input_tokens.filter(|_| self.usage.is_empty()) {
            usage.set(UsageClass::Input, tokens);
        }
        event(out, "message_start", |o| {
            o.object("message", |o| {
                o.string("id", &self.context.id).string("type", "message").string("role", "assistant");
                o.string("model", &self.context.model).array("content", |_| {});
                o.null("stop_reason").null("stop_sequence");
                o.object("usage", |o| anthropic_usage::write(&usage, o));
            });
        });
    }

    /// Starts a block in place of the one that is open.
    fn start(&mut self, out: &mut BytesMut, kind: Open, fill: impl FnOnce(&mut Object<'_>)) {
        // Blocks must not overlap: what is open ends before the next begins.
        self.flush(out);
        self.begin(out);
        self.start_raw(out, kind, &object(fill));
    }

    fn start_raw(&mut self, out: &mut BytesMut, kind: Open, block: &[u8]) {
        let index = self.next;
        event(out, "content_block_start", |o| {
            o.integer("index", index).raw("content_block", &String::from_utf8_lossy(block));
        });
        self.next += 1;
        self.open = kind;
    }

    fn write_thinking(&mut self, out: &mut BytesMut) {
        if self.open != Open::Thinking {
            self.start(out, Open::Thinking, |o| {
                o.string("type", "thinking").string("thinking", "").string("signature", "");
            });
        }
    }

    fn delta(&self, out: &mut BytesMut, fill: impl FnOnce(&mut Object<'_>)) {
        let index = self.next.saturating_sub(1);
        event(out, "content_block_delta", |o| {
            o.integer("index", index).object("delta", fill);
        });
    }

    fn close(&mut self, out: &mut BytesMut) {
        if self.open == Open::None {
            return;
        }
        let index = self.next.saturating_sub(1);
        event(out, "content_block_stop", |o| {
            o.integer("index", index);
        });
        if let Open::Tool(index) = self.open
            && let Some(call) = self.call_of(index)
        {
            call.state = State::Closed;
        }
        self.open = Open::None;
    }

    /// A block that comes at once.
    fn write_whole_block(&mut self, out: &mut BytesMut, block: &[u8]) {
        self.flush(out);
        self.begin(out);
        self.start_raw(out, Open::Other, block);
        self.close(out);
    }

    fn call(&mut self, out: &mut BytesMut, index: u32, id: &str, name: &str) {
        let (id, name) = (id.to_owned(), name.to_owned());
        self.places.entry(index).or_insert(self.calls.len());
        self.calls.push(Call {
            index,
            id,
            name,
            arguments: String::new(),
            looked_at: (0, false),
            state: State::Waiting,
        });
        if let Open::Tool(open) = self.open {
            if !self.is_complete(open) {
                return;
            }
            self.close(out);
        }
        // Calls kept back before it come first.
        self.open_calls(out, false);
    }

    fn arguments(&mut self, out: &mut BytesMut, index: u32, fragment: &str) {
        let Some(call) = self.call_of(index) else { return };
        call.arguments.push_str(fragment);
        match call.state {
            State::Open => self.delta(out, |o| write_fragment(fragment, o)),
            // The other may have become complete with what came last.
            State::Waiting => {
                if let Open::Tool(open) = self.open
                    && self.is_complete(open)
                {
                    self.close(out);
                    self.open_calls(out, false);
                }
            }
            // Too late: a block that was closed can't be opened again.
            State::Closed => {}
        }
    }

    /// Whether all arguments of a call are there, as far as they can tell.
    fn is_complete(&mut self, index: u32) -> bool {
        let Some(call) = self.call_of(index) else { return false };
        let length = call.arguments.len();
        if call.looked_at.0 != length {
            // Most are not, and need no parsing to tell.
            let may_be = call.arguments.trim_end().ends_with('}');
            let is = may_be && Node::parse(call.arguments.as_bytes()).is_ok_and(|node| node.is_object());
            call.looked_at = (length, is);
        }
        call.looked_at.1
    }

    /// Whether a call waits for more of its arguments, or for its turn.
    fn is_call_unfinished(&mut self) -> bool {
        let open = if let Open::Tool(index) = self.open { !self.is_complete(index) } else { false };
        open || self.opened < self.calls.len()
    }

    fn call_of(&mut self, index: u32) -> Option<&mut Call> {
        self.calls.get_mut(*self.places.get(&index)?)
    }

    /// Starts the calls kept back, in order; up to the first that is unfinished, unless `all` are to be written.
    fn open_calls(&mut self, out: &mut BytesMut, all: bool) {
        while let Some(call) = self.calls.get_mut(self.opened) {
            self.opened += 1;
            call.state = State::Open;
            let (index, arguments) = (call.index, call.arguments.clone());
            let block = object(|o| {
                o.string("type", "tool_use").string("id", &call.id).string("name", &call.name);
                o.object("input", |_| {});
            });
            self.close(out);
            self.begin(out);
            self.start_raw(out, Open::Tool(index), &block);
            if !arguments.is_empty() {
                self.delta(out, |o| write_fragment(&arguments, o));
            }
            // The next one has to wait: this format has one open block at a time.
            if !all && !self.is_complete(index) {
                return;
            }
        }
    }

    /// Closes what is open, and writes what was kept back.
    fn flush(&mut self, out: &mut BytesMut) {
        self.close(out);
        self.open_calls(out, true);
        self.close(out);
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.begin(out);
        self.flush(out);
        self.release(out);
        // Once more, because what was kept back may have opened a block.
        self.flush(out);
        // SDKs take the final usage from `message_delta`, so it comes last but for `message_stop`.
        let (reason, stop) = self.finish.take().unwrap_or((FinishReason::Stop, None));
        event(out, "message_delta", |o| {
            o.object("delta", |o| {
                o.string("stop_reason", finish_name(&reason));
                write_stop(stop.as_deref(), o);
            });
            o.object("usage", |o| anthropic_usage::write(&self.usage, o));
        });
        event(out, "message_stop", |_| {});
    }
}

/// How many bytes of content an event brings that needs a block of its own; `None` of other events.
fn content_size(event: &ReplyEvent) -> Option<usize> {
    match event {
        ReplyEvent::Text { choice: 0, text }
        | ReplyEvent::Refusal { choice: 0, text }
        | ReplyEvent::Reasoning { choice: 0, text } => Some(text.len()).filter(|size| *size > 0),
        ReplyEvent::ReasoningSignature { choice: 0, signature } => Some(signature.len()),
        ReplyEvent::RedactedReasoning { choice: 0, data } => Some(data.len()),
        ReplyEvent::Citation { choice: 0, json, .. } | ReplyEvent::Other { choice: 0, json, .. } => Some(json.0.len()),
        _ => None,
    }
}

fn write_fragment(fragment: &str, o: &mut Object<'_>) {
    o.string("type", "input_json_delta").string("partial_json", fragment);
}

fn event(out: &mut BytesMut, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
    let data = object(|o| {
        o.string("type", name);
        fill(o);
    });
    sse::push(out, Some(name), &data);
}

impl StreamWriter for MessageWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        let mut out = BytesMut::new();
        self.write(event, &mut out);
        out.freeze()
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        // Without `message_stop`, or SDKs would take the cut reply for a complete one.
        sse::write(Some("error"), &error::write(error, request_id).body)
    }
}
