//! Replies, written for a client: whole, or a line at a time.
//!
//! This format has only one choice, no refusals apart from text, and no signatures; tool calls are held until they are
//! whole.

use super::{calls, error, time};
use crate::json::{JsonValue, Node, Object, object};
use crate::{Dropped, EncodedBody, ReplyContext, StreamWriter};
use baton_model::chat::{Json, PartKind, ToolCall};
use baton_model::event::{CollectedReply, FinishReason, ReplyChoice, ReplyEvent, ReplyStart, Timings};
use baton_model::{Dialect, PublicError, Usage};
use bytes::Bytes;
use std::collections::BTreeMap;

/// Where the text of a reply stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OllamaEndpoint {
    /// In `message`, as a chat's.
    Chat,
    /// In `response`, as a completion's.
    Completion,
}

/// What one line says.
#[derive(Debug, Default)]
struct LineContent<'s> {
    text: &'s str,
    reasoning: &'s str,
    calls: &'s [ToolCall],
}

impl OllamaEndpoint {
    fn write(self, said: &LineContent<'_>, o: &mut Object<'_>) {
        match self {
            Self::Chat => o
                .object("message", |o| {
                    o.string("role", "assistant").string("content", said.text);
                    write_rest(said, o);
                })
                .end(),
            Self::Completion => {
                o.string("response", said.text);
                write_rest(said, o);
            }
        }
    }
}

fn write_rest(said: &LineContent<'_>, o: &mut Object<'_>) {
    if !said.reasoning.is_empty() {
        o.string("thinking", said.reasoning);
    }
    if !said.calls.is_empty() {
        o.array("tool_calls", |a| {
            for (index, call) in said.calls.iter().enumerate() {
                a.object(|o| {
                    calls::write(call, index, o);
                });
            }
        });
    }
}

/// Writes a whole reply.
pub(super) fn write_reply(form: OllamaEndpoint, events: &[ReplyEvent], context: &ReplyContext) -> EncodedBody {
    let reply = CollectedReply::collect(events);
    let others = reply.choices.iter().filter(|choice| choice.index != 0).count();
    let first_choice = reply.choices.iter().find(|choice| choice.index == 0).cloned().unwrap_or_default();
    let (text, reasoning, calls) = (text(&first_choice), reasoning(&first_choice), tool_calls(&first_choice));
    let body = object(|o| {
        write_names(&reply.started, context, o);
        form.write(&LineContent { text: &text, reasoning: &reasoning, calls: &calls }, o);
        write_logprobs(&first_choice.logprobs, o);
        for part in &first_choice.parts {
            write_own(&part.kind, o);
        }
        write_end(first_choice.finish.as_ref(), reply.usage.as_ref(), reply.timings, o);
    });
    let dropped = (others > 0).then(|| Dropped::new("n", "ollama's format holds one choice"));
    EncodedBody { dropped: dropped.into_iter().collect(), ..EncodedBody::json(body) }
}

fn text(first_choice: &ReplyChoice) -> String {
    let texts = first_choice.parts.iter().filter_map(|part| match &part.kind {
        PartKind::Text { text, .. } | PartKind::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn reasoning(first_choice: &ReplyChoice) -> String {
    let reasoning_texts = first_choice.parts.iter().filter_map(|part| match &part.kind {
        PartKind::Reasoning(reasoning) => Some(reasoning.text.as_str()),
        _ => None,
    });
    reasoning_texts.collect()
}

fn tool_calls(first_choice: &ReplyChoice) -> Vec<ToolCall> {
    let calls = first_choice.parts.iter().filter_map(|part| match &part.kind {
        PartKind::ToolCall(call) => Some(call.clone()),
        _ => None,
    });
    calls.collect()
}

fn write_names(started: &ReplyStart, context: &ReplyContext, o: &mut Object<'_>) {
    o.string("model", started.model.as_deref().unwrap_or(&context.model));
    o.string("created_at", &time::write(started.created.unwrap_or(context.created)));
}

/// Members that only this format knows: the `context` of a completion.
fn write_own(kind: &PartKind, o: &mut Object<'_>) {
    if let PartKind::Other { dialect: Dialect::Ollama, json } = kind {
        write_members(json, o);
    }
}

fn write_members(json: &Json, o: &mut Object<'_>) {
    let Ok(node) = Node::parse(json.0.as_bytes()) else { return };
    if let JsonValue::Object(members) = node.value() {
        for (name, value) in members {
            o.raw(name, value.text());
        }
    }
}

/// Writes one array of all the items, as OpenAI and Ollama share their shape.
fn write_logprobs(arrays: &[Json], o: &mut Object<'_>) {
    if arrays.is_empty() {
        return;
    }
    o.array("logprobs", |a| {
        for array in arrays {
            let Ok(node) = Node::parse(array.0.as_bytes()) else { continue };
            for item in node.items().unwrap_or_default() {
                a.raw(item.text());
            }
        }
    });
}

/// Writes what only the last line has.
fn write_end(finish: Option<&FinishReason>, usage: Option<&Usage>, timings: Option<Timings>, o: &mut Object<'_>) {
    o.string("done_reason", finish.map_or("stop", finish_name)).bool("done", true);
    // Zero is left out, as the server does.
    let mut count = |name: &str, number: u64| {
        if number > 0 {
            o.integer(name, number);
        }
    };
    let (timings, usage) = (timings.unwrap_or_default(), usage.cloned().unwrap_or_default());
    count("total_duration", timings.total);
    count("load_duration", timings.load);
    count("prompt_eval_count", usage.input_tokens());
    count("prompt_eval_duration", timings.prompt);
    count("eval_count", usage.output_tokens());
    count("eval_duration", timings.output);
}

/// The word for it. Tool calls have none of their own.
fn finish_name(finish: &FinishReason) -> &str {
    match finish {
        FinishReason::Length | FinishReason::ContextWindow => "length",
        // Ollama's own `load` and `unload` come back as they were. `function_call` is OpenAI's older word, and a call
        // ends with `stop` here.
        FinishReason::Other(word) if word != "function_call" => word,
        FinishReason::Stop
        | FinishReason::StopSequence
        | FinishReason::ToolCalls
        | FinishReason::ContentFilter
        | FinishReason::Refusal
        | FinishReason::Pause
        | FinishReason::Other(_) => "stop",
    }
}

/// Writes a stream for a client.
#[derive(Debug)]
pub(super) struct LineWriter {
    form: OllamaEndpoint,
    context: ReplyContext,
    started: ReplyStart,
    /// Calls whose end has not come, by their number.
    calls: BTreeMap<u32, ToolCall>,
    own: Option<Json>,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    timings: Option<Timings>,
}

impl LineWriter {
    pub(super) fn new(form: OllamaEndpoint, context: ReplyContext) -> Self {
        let (started, calls) = (ReplyStart::default(), BTreeMap::new());
        Self { form, context, started, calls, own: None, finish: None, usage: None, timings: None }
    }

    fn write(&mut self, event: &ReplyEvent) -> Bytes {
        match event {
            ReplyEvent::Started(started) => self.started = started.clone(),
            ReplyEvent::Text { choice: 0, text } | ReplyEvent::Refusal { choice: 0, text } if !text.is_empty() => {
                return self.line(&LineContent { text, ..LineContent::default() }, &[]);
            }
            ReplyEvent::Reasoning { choice: 0, text } if !text.is_empty() => {
                return self.line(&LineContent { reasoning: text, ..LineContent::default() }, &[]);
            }
            ReplyEvent::LogProbs { choice: 0, content } => {
                return self.line(&LineContent::default(), std::slice::from_ref(content));
            }
            ReplyEvent::ToolCall { choice: 0, index, id, name } => {
                let call = ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() };
                self.calls.insert(*index, call);
            }
            // Held: a line has arguments as an object, which half of them is not.
            ReplyEvent::ToolArguments { choice: 0, index, fragment } => {
                if let Some(call) = self.calls.get_mut(index) {
                    call.arguments.push_str(fragment);
                }
            }
            // For the last line, where the server has it.
            ReplyEvent::Other { choice: 0, dialect: Dialect::Ollama, json } => self.own = Some(json.clone()),
            // Not the last line yet: OpenAI's usage comes behind the finish reason, and the last line has both.
            ReplyEvent::Finished { choice: 0, reason, .. } => {
                self.finish = Some(reason.clone());
                return self.flush_calls();
            }
            ReplyEvent::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            ReplyEvent::Timings(timings) => self.timings = Some(*timings),
            ReplyEvent::Ended => return self.end(),
            _ => {}
        }
        Bytes::new()
    }

    fn line(&self, said: &LineContent<'_>, logprobs: &[Json]) -> Bytes {
        line(|o| {
            write_names(&self.started, &self.context, o);
            self.form.write(said, o);
            write_logprobs(logprobs, o);
            o.bool("done", false);
        })
    }

    /// The calls, whole, in one line.
    fn flush_calls(&mut self) -> Bytes {
        let calls: Vec<_> = std::mem::take(&mut self.calls).into_values().collect();
        if calls.is_empty() {
            Bytes::new()
        } else {
            self.line(&LineContent { calls: &calls, ..LineContent::default() }, &[])
        }
    }

    fn end(&mut self) -> Bytes {
        let mut out = Vec::from(self.flush_calls());
        out.extend_from_slice(&line(|o| {
            write_names(&self.started, &self.context, o);
            self.form.write(&LineContent::default(), o);
            if let Some(own) = &self.own {
                write_members(own, o);
            }
            write_end(self.finish.as_ref(), self.usage.as_ref(), self.timings, o);
        }));
        out.into()
    }
}

fn line(fill: impl FnOnce(&mut Object<'_>)) -> Bytes {
    let mut line = object(fill);
    // JSON of others may be set over several lines, and this one would end at the first. In strings they are escaped.
    for byte in &mut line {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    line.push(b'\n');
    line.into()
}

impl StreamWriter for LineWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        self.write(event)
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        let mut line = error::write(error, request_id).body;
        // A provider's own error passes through and may be set over several lines; a line break would end it early.
        line.retain(|byte| *byte != b'\n');
        line.push(b'\n');
        line.into()
    }
}
