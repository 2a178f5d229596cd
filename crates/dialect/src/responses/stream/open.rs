//! The items that are open while a stream is written: a message, a piece of reasoning, calls.

use crate::client_tools::{self, ClientCall};
use crate::framing::sse;
use crate::json::{Object, object};
use crate::responses::reasoning::write_summary;
use baton_model::chat::Json;
use bytes::BytesMut;

/// The events on their way out, numbered.
#[derive(Debug, Default)]
pub(super) struct EventSequence {
    sequence: u64,
}

impl EventSequence {
    pub(super) fn push(&mut self, out: &mut BytesMut, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let data = object(|o| {
            o.string("type", name).integer("sequence_number", self.sequence);
            fill(o);
        });
        self.sequence += 1;
        sse::push(out, Some(name), &data);
    }
}

/// The item that text goes to.
#[derive(Debug)]
pub(super) enum OpenItem {
    None,
    Message(MessageItem),
    Reasoning(ReasoningItem),
}

fn text_of(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_default()
}

/// A message of the model's.
#[derive(Debug)]
pub(super) struct MessageItem {
    number: usize,
    id: String,
    /// Its parts that are complete.
    content: Vec<String>,
    part: Option<OpenPart>,
}

/// The part that is open.
#[derive(Debug)]
struct OpenPart {
    refusal: bool,
    text: String,
    annotations: Vec<String>,
    logprobs: Vec<String>,
}

impl OpenPart {
    fn part(&self) -> String {
        text_of(object(|o| {
            if self.refusal {
                o.string("type", "refusal").string("refusal", &self.text);
                return;
            }
            o.string("type", "output_text").string("text", &self.text);
            o.raw("annotations", &list(&self.annotations)).raw("logprobs", &list(&self.logprobs));
        }))
    }
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

impl MessageItem {
    pub(super) fn new(number: usize, id: String) -> Self {
        Self { number, id, content: Vec::new(), part: None }
    }

    pub(super) fn item(&self, status: &str) -> String {
        text_of(object(|o| {
            o.string("id", &self.id).string("type", "message").string("status", status);
            o.raw("content", &list(&self.content)).string("role", "assistant");
        }))
    }

    fn write_place(&self, o: &mut Object<'_>) {
        o.string("item_id", &self.id).integer("output_index", self.number as u64);
        o.integer("content_index", self.content.len() as u64);
    }

    /// Says a piece of text, or of a refusal.
    pub(super) fn push_text(&mut self, refusal: bool, text: &str, line: &mut EventSequence, out: &mut BytesMut) {
        self.part(refusal, line, out);
        if let Some(said) = &mut self.part {
            said.text.push_str(text);
        }
        let name = if refusal { "response.refusal.delta" } else { "response.output_text.delta" };
        line.push(out, name, |o| {
            self.write_place(o);
            o.string("delta", text);
            if !refusal {
                // The SDKs' type requires it.
                o.array("logprobs", |_| {});
            }
        });
    }

    /// Opens a part of that kind, if none is open.
    fn part(&mut self, refusal: bool, line: &mut EventSequence, out: &mut BytesMut) {
        if self.part.as_ref().is_some_and(|said| said.refusal == refusal) {
            return;
        }
        self.close_part(line, out);
        let said = OpenPart { refusal, text: String::new(), annotations: Vec::new(), logprobs: Vec::new() };
        line.push(out, "response.content_part.added", |o| {
            self.write_place(o);
            o.raw("part", &said.part());
        });
        self.part = Some(said);
    }

    /// Adds a source that the text cites.
    pub(super) fn cite(&mut self, annotation: String, line: &mut EventSequence, out: &mut BytesMut) {
        self.part(false, line, out);
        let number = self.part.as_ref().map_or(0, |said| said.annotations.len());
        line.push(out, "response.output_text.annotation.added", |o| {
            self.write_place(o);
            o.integer("annotation_index", number as u64).raw("annotation", &annotation);
        });
        if let Some(said) = &mut self.part {
            said.annotations.push(annotation);
        }
    }

    /// Adds log probabilities of what was said.
    pub(super) fn push_logprobs(&mut self, content: &Json, line: &mut EventSequence, out: &mut BytesMut) {
        self.part(false, line, out);
        // Only a delta can bring log probabilities, and their text was said already.
        line.push(out, "response.output_text.delta", |o| {
            self.write_place(o);
            o.string("delta", "").json("logprobs", content);
        });
        let items = content.0.trim().strip_prefix('[').and_then(|items| items.strip_suffix(']'));
        if let (Some(said), Some(items)) = (&mut self.part, items.map(str::trim).filter(|items| !items.is_empty())) {
            said.logprobs.push(items.to_owned());
        }
    }

    fn close_part(&mut self, line: &mut EventSequence, out: &mut BytesMut) {
        let Some(said) = self.part.take() else { return };
        let (name, member) = match said.refusal {
            true => ("response.refusal.done", "refusal"),
            false => ("response.output_text.done", "text"),
        };
        line.push(out, name, |o| {
            self.write_place(o);
            o.string(member, &said.text);
            if !said.refusal {
                o.raw("logprobs", &list(&said.logprobs));
            }
        });
        let part = said.part();
        line.push(out, "response.content_part.done", |o| {
            self.write_place(o);
            o.raw("part", &part);
        });
        self.content.push(part);
    }

    /// Its number, and the item that it became.
    pub(super) fn close(mut self, status: &str, line: &mut EventSequence, out: &mut BytesMut) -> (usize, String) {
        self.close_part(line, out);
        (self.number, self.item(status))
    }
}

/// What the model thinks.
#[derive(Debug)]
pub(super) struct ReasoningItem {
    number: usize,
    id: String,
    text: String,
    /// What goes back unchanged, as members of the item.
    pub(super) seal: Option<Vec<u8>>,
}

impl ReasoningItem {
    pub(super) fn new(number: usize, id: String) -> Self {
        Self { number, id, text: String::new(), seal: None }
    }

    pub(super) fn item(&self) -> String {
        text_of(object(|o| {
            o.string("id", &self.id).string("type", "reasoning");
            write_summary(&self.text, o);
            let seal = self.seal.as_deref().and_then(|seal| crate::json::Node::parse(seal).ok());
            for (name, value) in seal.iter().flat_map(|seal| seal.members().unwrap_or_default()) {
                o.raw(name, value.text());
            }
        }))
    }

    fn write_place(&self, o: &mut Object<'_>) {
        o.string("item_id", &self.id).integer("output_index", self.number as u64).integer("summary_index", 0);
    }

    /// Says a piece of the reasoning.
    pub(super) fn push_text(&mut self, text: &str, line: &mut EventSequence, out: &mut BytesMut) {
        if self.text.is_empty() {
            line.push(out, "response.reasoning_summary_part.added", |o| {
                self.write_place(o);
                o.object("part", |o| o.string("type", "summary_text").string("text", "").end());
            });
        }
        self.text.push_str(text);
        line.push(out, "response.reasoning_summary_text.delta", |o| {
            self.write_place(o);
            o.string("delta", text);
        });
    }

    /// Its number, and the item that it became.
    pub(super) fn close(self, line: &mut EventSequence, out: &mut BytesMut) -> (usize, String) {
        if !self.text.is_empty() {
            line.push(out, "response.reasoning_summary_text.done", |o| {
                self.write_place(o);
                o.string("text", &self.text);
            });
            line.push(out, "response.reasoning_summary_part.done", |o| {
                self.write_place(o);
                o.object("part", |o| o.string("type", "summary_text").string("text", &self.text).end());
            });
        }
        (self.number, self.item())
    }
}

/// A call of the model's. Calls may overlap, and stay open to the end.
#[derive(Debug)]
pub(super) struct CallItem {
    pub(super) number: usize,
    pub(super) id: String,
    pub(super) call_id: String,
    pub(super) called: ClientCall,
    pub(super) arguments: String,
}

impl CallItem {
    pub(super) fn item(&self, status: &str) -> String {
        let ClientCall { name, namespace, custom } = &self.called;
        text_of(object(|o| {
            o.string("id", &self.id);
            if *custom {
                o.string("type", "custom_tool_call").string("status", status).string("input", &self.input());
            } else {
                o.string("type", "function_call").string("status", status).string("arguments", &self.arguments);
            }
            o.string("call_id", &self.call_id).string("name", name).maybe_string("namespace", namespace.as_deref());
        }))
    }

    /// The text that a custom tool takes.
    fn input(&self) -> String {
        if self.arguments.is_empty() { String::new() } else { client_tools::of_arguments(&self.arguments) }
    }

    fn write_place(&self, o: &mut Object<'_>) {
        o.string("item_id", &self.id).integer("output_index", self.number as u64);
    }

    /// Says a piece of its arguments.
    pub(super) fn push_text(&mut self, fragment: &str, line: &mut EventSequence, out: &mut BytesMut) {
        self.arguments.push_str(fragment);
        // The text of a custom tool comes out of its arguments, and so when they are complete.
        if !self.called.custom {
            line.push(out, "response.function_call_arguments.delta", |o| {
                self.write_place(o);
                o.string("delta", fragment);
            });
        }
    }

    /// Its number, and the item that it became. `cut`: it may lack its end.
    pub(super) fn close(mut self, cut: bool, line: &mut EventSequence, out: &mut BytesMut) -> (usize, String) {
        if self.called.custom {
            let input = self.input();
            for (name, member) in [("delta", "delta"), ("done", "input")] {
                line.push(out, &format!("response.custom_tool_call_input.{name}"), |o| {
                    self.write_place(o);
                    o.string(member, &input);
                });
            }
        } else {
            // An empty text is no JSON: a call without arguments has the empty object. If it was cut, its arguments
            // are unknown.
            if self.arguments.is_empty() && !cut {
                self.push_text("{}", line, out);
            }
            line.push(out, "response.function_call_arguments.done", |o| {
                self.write_place(o);
                o.string("name", &self.called.name).string("arguments", &self.arguments);
            });
        }
        (self.number, self.item(if cut { "incomplete" } else { "completed" }))
    }
}
