//! A chat's stream, written.

use crate::client_tools::{self, ClientTools};
use crate::error::openai_shape as error;
use crate::framing::sse;
use crate::json::{JsonValue, Node, Object, object};
use crate::openai::chat::{
    Arguments, annotation, chat_finish_name, write_block, write_call, write_function_call, write_tier,
};
use crate::openai_usage as usage;
use crate::{ReplyContext, StreamWriter};
use baton_model::chat::Reasoning;
use baton_model::event::{FinishReason, ReplyEvent, ReplyStart};
use baton_model::{Dialect, PublicError, Usage};
use bytes::{Bytes, BytesMut};
use std::collections::{BTreeMap, BTreeSet};

/// What all chunks of a stream share.
#[derive(Debug)]
pub(in crate::openai) struct ChunkEnvelope {
    kind: &'static str,
    id: String,
    model: String,
    created: i64,
    fingerprint: Option<String>,
    include_usage: bool,
    usage: Option<Usage>,
}

impl ChunkEnvelope {
    pub(in crate::openai) fn new(kind: &'static str, context: ReplyContext) -> Self {
        let ReplyContext { id, model, created, include_usage, .. } = context;
        Self { kind, id, model, created, fingerprint: None, include_usage, usage: None }
    }

    /// Takes the provider's names over ours.
    pub(in crate::openai) fn start(&mut self, started: &ReplyStart) {
        let ReplyStart { id, model, created, fingerprint } = started;
        let take = |slot: &mut String, name: &Option<String>| {
            if let Some(name) = name {
                slot.clone_from(name);
            }
        };
        take(&mut self.id, id);
        take(&mut self.model, model);
        self.created = created.unwrap_or(self.created);
        self.fingerprint.clone_from(fingerprint);
    }

    /// Appends a chunk with one choice.
    pub(in crate::openai) fn push(&self, out: &mut BytesMut, choice: impl FnOnce(&mut Object<'_>)) {
        let chunk = object(|o| {
            self.write_names(o);
            o.array("choices", |a| {
                a.object(choice);
            });
            // With usage asked for, every chunk has the member, and only the last a value.
            if self.include_usage {
                o.null("usage");
            }
        });
        sse::push(out, None, &chunk);
    }

    pub(in crate::openai) fn note_usage(&mut self, usage: &Usage) {
        self.usage.get_or_insert_default().update(usage);
    }

    /// Appends the end: usage if asked for, and `[DONE]`.
    pub(in crate::openai) fn end(&self, out: &mut BytesMut) {
        if let Some(used) = self.usage.as_ref().filter(|_| self.include_usage) {
            let chunk = object(|o| {
                self.write_names(o);
                o.array("choices", |_| {}).object("usage", |o| usage::write(used, o));
                write_tier(used, o);
            });
            sse::push(out, None, &chunk);
        }
        sse::push(out, None, b"[DONE]");
    }

    fn write_names(&self, o: &mut Object<'_>) {
        o.string("id", &self.id).string("object", self.kind).integer("created", self.created);
        o.string("model", &self.model).maybe_string("system_fingerprint", self.fingerprint.as_deref());
    }
}

/// The error that ends a stream; no `[DONE]` follows, so that nobody takes the reply for complete.
pub(in crate::openai) fn fail(error: &PublicError, request_id: &str) -> Bytes {
    sse::write(None, &error::write(error, request_id).body)
}

/// A piece of one of the `thinking_blocks`.
fn write_piece(index: u32, block: &Reasoning, o: &mut Object<'_>) {
    o.array("thinking_blocks", |a| {
        a.object(|o| {
            o.integer("index", index);
            write_block(block, o);
        });
    });
}

/// Writes a chat's stream for a client.
#[derive(Debug)]
pub(in crate::openai) struct ChatWriter {
    envelope: ChunkEnvelope,
    tools: ClientTools,
    choices: BTreeMap<u32, Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    /// Tool calls of which no argument was sent yet.
    bare_calls: BTreeSet<u32>,
    /// What came so far of the arguments of custom tools, whose text comes out of them when they are complete.
    custom_calls: BTreeMap<u32, String>,
    /// Reasoning blocks that are over.
    reasoning_texts: u32,
}

impl ChatWriter {
    pub(in crate::openai) fn new(context: ReplyContext) -> Self {
        let tools = context.tools.clone();
        Self { envelope: ChunkEnvelope::new("chat.completion.chunk", context), tools, choices: BTreeMap::new() }
    }

    /// Appends a chunk with a delta; before a choice's first, the one with its role.
    fn delta(&mut self, out: &mut BytesMut, choice: u32, delta: impl FnOnce(&mut Object<'_>)) {
        self.begin(out, choice);
        self.envelope.push(out, |o| {
            o.integer("index", choice).object("delta", delta).null("finish_reason");
        });
    }

    fn begin(&mut self, out: &mut BytesMut, choice: u32) {
        if self.choices.contains_key(&choice) {
            return;
        }
        // The role comes in a chunk of its own, before any content: SDKs take it from the first.
        self.choices.insert(choice, Choice::default());
        self.envelope.push(out, |o| {
            o.integer("index", choice);
            o.object("delta", |o| {
                o.string("role", "assistant").string("content", "");
            });
            o.null("finish_reason");
        });
    }

    fn call(&mut self, out: &mut BytesMut, choice: u32, index: u32, (id, name): (&str, &str)) {
        if self.tools.reads_function_calls() {
            // The older form has one call in a reply, and no id for it.
            if index == 0 {
                self.delta(out, choice, |o| write_function_call(name, "", o));
            }
        } else {
            let custom = self.tools.call(name).custom;
            self.delta(out, choice, |o| {
                o.array("tool_calls", |a| {
                    a.object(|o| {
                        o.integer("index", index);
                        write_call(id, name, if custom { Arguments::Custom("") } else { Arguments::Function("") }, o);
                    });
                });
            });
            if custom {
                self.choices.entry(choice).or_default().custom_calls.insert(index, String::new());
                return;
            }
        }
        self.choices.entry(choice).or_default().bare_calls.insert(index);
    }

    fn take_arguments(&mut self, out: &mut BytesMut, choice: u32, index: u32, fragment: &str) {
        let state = self.choices.entry(choice).or_default();
        if let Some(held) = state.custom_calls.get_mut(&index) {
            held.push_str(fragment);
            return;
        }
        state.bare_calls.remove(&index);
        self.arguments(out, choice, index, fragment);
    }

    /// What closes the calls of a choice.
    fn end_calls(&mut self, out: &mut BytesMut, choice: u32, cut: bool) {
        let Some(state) = self.choices.get_mut(&choice) else { return };
        let (bare, custom) = (std::mem::take(&mut state.bare_calls), std::mem::take(&mut state.custom_calls));
        // An empty text is no JSON: a call without arguments has the empty object. If it was cut, its arguments are
        // unknown.
        for index in bare.into_iter().filter(|_| !cut) {
            self.arguments(out, choice, index, "{}");
        }
        for (index, arguments) in custom.into_iter().filter(|(_, arguments)| !arguments.is_empty()) {
            let input = client_tools::of_arguments(&arguments);
            self.delta(out, choice, |o| {
                o.array("tool_calls", |a| {
                    a.object(|o| {
                        o.integer("index", index).object("custom", |o| o.string("input", &input).end());
                    });
                });
            });
        }
    }

    fn arguments(&mut self, out: &mut BytesMut, choice: u32, index: u32, fragment: &str) {
        if self.tools.reads_function_calls() {
            if index == 0 {
                self.delta(out, choice, |o| {
                    o.object("function_call", |o| o.string("arguments", fragment).end());
                });
            }
            return;
        }
        self.delta(out, choice, |o| {
            o.array("tool_calls", |a| {
                a.object(|o| {
                    // Without id, type and name: they stand in a call's first piece only. SDKs join the strings of
                    // all pieces, so a repeated name would come out doubled.
                    o.integer("index", index).object("function", |o| {
                        o.string("arguments", fragment);
                    });
                });
            });
        });
    }

    /// What closes a reasoning block. Its index has SDKs put the pieces of one block together.
    fn block(&mut self, out: &mut BytesMut, choice: u32, block: &Reasoning) {
        let index = self.choices.entry(choice).or_default().reasoning_texts;
        self.delta(out, choice, |o| write_piece(index, block, o));
        self.choices.entry(choice).or_default().reasoning_texts += 1;
    }

    /// A piece of the reasoning. `reasoning_content` runs through all blocks, so from the second on they say their
    /// text too.
    fn reasoning(&mut self, out: &mut BytesMut, choice: u32, text: &str) {
        let index = self.choices.get(&choice).map_or(0, |choice| choice.reasoning_texts);
        self.delta(out, choice, |o| {
            o.string("reasoning_content", text);
            if index > 0 {
                write_piece(index, &Reasoning { text: text.to_owned(), ..Reasoning::default() }, o);
            }
        });
    }

    fn write(&mut self, event: &ReplyEvent, out: &mut BytesMut) {
        match event {
            ReplyEvent::Started(started) => {
                self.envelope.start(started);
                // At once, not with the first text: the client of a slow model sees that its reply has begun.
                self.begin(out, 0);
            }
            ReplyEvent::Text { choice, text } => self.delta(out, *choice, |o| put(o, "content", text)),
            ReplyEvent::Refusal { choice, text } => self.delta(out, *choice, |o| put(o, "refusal", text)),
            ReplyEvent::Reasoning { choice, text } => self.reasoning(out, *choice, text),
            ReplyEvent::ReasoningSignature { choice, signature } => {
                self.block(out, *choice, &Reasoning { signature: Some(signature.clone()), ..Reasoning::default() });
            }
            ReplyEvent::RedactedReasoning { choice, data } => {
                self.block(out, *choice, &Reasoning { redacted: Some(data.clone()), ..Reasoning::default() });
            }
            ReplyEvent::ToolCall { choice, index, id, name } => self.call(out, *choice, *index, (id, name)),
            ReplyEvent::ToolArguments { choice, index, fragment } if !fragment.is_empty() => {
                self.take_arguments(out, *choice, *index, fragment);
            }
            ReplyEvent::Citation { choice, dialect, json } => {
                if let Some(annotation) = annotation(*dialect, json) {
                    self.delta(out, *choice, |o| {
                        o.array("annotations", |a| {
                            a.raw(&annotation);
                        });
                    });
                }
            }
            ReplyEvent::LogProbs { choice, content } => {
                self.begin(out, *choice);
                self.envelope.push(out, |o| {
                    o.integer("index", *choice).object("delta", |_| {});
                    o.object("logprobs", |o| {
                        o.json("content", content).null("refusal");
                    });
                    o.null("finish_reason");
                });
            }
            ReplyEvent::Other { choice, dialect: Dialect::OpenAi, json } => {
                if let Ok(node) = Node::parse(json.0.as_bytes())
                    && let JsonValue::Object(members) = node.value()
                    // Members of a message have no `type`. What has one is a whole part, and a delta has no place for
                    // it.
                    && node.get("type").is_none()
                {
                    self.delta(out, *choice, |o| {
                        for (name, value) in members {
                            o.raw(name, value.text());
                        }
                    });
                }
            }
            ReplyEvent::Finished { choice, reason, .. } => {
                self.begin(out, *choice);
                self.end_calls(out, *choice, *reason == FinishReason::Length);
                let finish = chat_finish_name(reason, &self.tools);
                self.envelope.push(out, |o| {
                    o.integer("index", *choice).object("delta", |_| {}).string("finish_reason", finish);
                });
            }
            ReplyEvent::Usage(usage) => self.envelope.note_usage(usage),
            ReplyEvent::Ended => self.envelope.end(out),
            ReplyEvent::ToolArguments { .. }
            | ReplyEvent::Other { .. }
            | ReplyEvent::Opaque { .. }
            | ReplyEvent::Timings(_)
            | ReplyEvent::Embeddings(_)
            | ReplyEvent::Image(_)
            | ReplyEvent::Transcript(_)
            | ReplyEvent::Bytes(_)
            | ReplyEvent::Failed(_) => {}
        }
    }
}

fn put(o: &mut Object<'_>, name: &str, text: &str) {
    if !text.is_empty() {
        o.string(name, text);
    }
}

impl StreamWriter for ChatWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        let mut out = BytesMut::new();
        self.write(event, &mut out);
        out.freeze()
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        fail(error, request_id)
    }
}
