//! Completions: `POST /v1/completions`, the older endpoint that continues a text.
//!
//! Reference: OpenAI API reference, completions (legacy). A chat-only model serves one too: the engine asks it the chat
//! of [`CompletionRequest::as_chat`], and the writers here make a `text_completion` of what it says.

use super::chat::{ClientEndpoint, finish_name, rewrite, write_names, write_tail};
use super::{options, stream};
use crate::effective_options::effective_options;
use crate::json::{self, Array, JsonFault, JsonValue, Node, Object, object};
use crate::{Codec, Dropped, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use baton_model::chat::{Json, PartKind};
use baton_model::event::{CollectedReply, FinishReason, ReplyChoice, ReplyEvent};
use baton_model::operation::{CompletionRequest, Prompt};
use baton_model::{Body, Detail, Dialect, Operation, PublicError, Target};
use bytes::{Bytes, BytesMut};
use std::borrow::Cow;

/// The codec.
#[derive(Debug)]
pub struct OpenAiCompletionCodec;

impl Codec for OpenAiCompletionCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        json::read(body, read).map(|request| Operation::Completion(Box::new(request)))
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Completion(request) => write(request, target),
            _ => Err(ReadError::wrong_operation("completion")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        rewrite(body, target, ClientEndpoint::Completion)
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        stream::read_reply(body)
    }

    fn read_reply_facts(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        stream::read_reply_facts(body)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(write_reply(events, context)))
    }

    fn stream_reader(&self, detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(stream::reader(detail))
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(CompletionWriter { envelope: stream::ChunkEnvelope::new("text_completion", context) }))
    }
}

fn read(root: &Node<'_>) -> Result<CompletionRequest, JsonFault> {
    let mut chat = options::read(root, &["prompt", "suffix", "echo", "logprobs"])?;
    // Here it is a number: how many alternatives.
    chat.logprobs = root.get("logprobs").map(Node::integer).transpose()?;
    Ok(CompletionRequest {
        prompts: read_prompts(root.require("prompt")?)?,
        suffix: root.get("suffix").map(Node::string).transpose()?,
        echo: root.get("echo").map(Node::bool).transpose()?,
        system: None,
        images: Vec::new(),
        chat,
    })
}

/// Reads a text, texts, token ids, or lists of token ids.
pub(super) fn read_prompts(node: &Node<'_>) -> Result<Vec<Prompt>, JsonFault> {
    if let Some(text) = node.as_str() {
        return Ok(vec![Prompt::Text(text.into_owned())]);
    }
    let items = node.items().map_err(|_| node.expected_fault("a string or an array"))?;
    // An array of numbers is one prompt of token ids; an array of anything else is several prompts.
    if !items.is_empty() && items.iter().all(|item| matches!(item.value(), JsonValue::Number)) {
        return Ok(vec![read_tokens(node)?]);
    }
    let prompt = |item: &Node<'_>| match item.value() {
        JsonValue::Array(_) => read_tokens(item),
        _ => item.string().map(Prompt::Text),
    };
    items.iter().map(prompt).collect()
}

fn read_tokens(node: &Node<'_>) -> Result<Prompt, JsonFault> {
    node.items()?.iter().map(Node::integer).collect::<Result<_, _>>().map(Prompt::Tokens)
}

/// Writes what [`read_prompts`] reads.
pub(super) fn write_prompts(name: &str, prompts: &[Prompt], o: &mut Object<'_>) {
    let tokens = |a: &mut Array<'_>, ids: &[u32]| {
        for id in ids {
            a.integer(*id);
        }
    };
    match prompts {
        [Prompt::Text(text)] => {
            o.string(name, text);
        }
        // No ids at all must be nested: `[]` alone would read back as no prompt.
        [Prompt::Tokens(ids)] if !ids.is_empty() => {
            o.array(name, |a| tokens(a, ids));
        }
        prompts => {
            o.array(name, |a| {
                for prompt in prompts {
                    match prompt {
                        Prompt::Text(text) => a.string(text),
                        Prompt::Tokens(ids) => a.array(|a| tokens(a, ids)),
                    };
                }
            });
        }
    }
}

fn write(request: &CompletionRequest, target: &Target) -> Result<EncodedBody, ReadError> {
    let (mut effective, mut dropped) = effective_options(&request.chat, target)?;
    // Chat alone has them; a default for chats is no request of this client's.
    effective.tools.clear();
    effective.reasoning = None;
    // This endpoint has only the older name.
    let mut quirks = target.model.quirks.clone();
    quirks.max_tokens_field = baton_model::entity::MaxTokensField::MaxTokens;
    let prompts = with_system(request, &mut dropped);
    let body = object(|o| {
        o.string("model", target.upstream());
        write_prompts("prompt", &prompts, o);
        o.maybe_string("suffix", request.suffix.as_deref()).maybe_bool("echo", request.echo);
        options::write(&effective, &quirks, o, &mut dropped);
        o.maybe_integer("logprobs", effective.logprobs);
        options::write_stream(&effective, &quirks, o);
    });
    Ok(EncodedBody { dropped, ..EncodedBody::json(body) })
}

/// The prompts with the instructions before them: this endpoint knows text alone.
fn with_system<'r>(request: &'r CompletionRequest, dropped: &mut Vec<Dropped>) -> Cow<'r, [Prompt]> {
    if !request.images.is_empty() {
        dropped.push(Dropped::new("images", "not supported by openai in completions"));
    }
    let Some(system) = request.system.as_deref().filter(|system| !system.is_empty()) else {
        return Cow::Borrowed(&request.prompts);
    };
    let texts = request.prompts.iter().any(|prompt| matches!(prompt, Prompt::Text(_)));
    dropped
        .push(Dropped::new("system", if texts { "sent as text before the prompt" } else { "not supported by openai" }));
    let prompts = request.prompts.iter().map(|prompt| match prompt {
        Prompt::Text(text) => Prompt::Text(format!("{system}\n\n{text}")),
        // Never beside instructions: only clients of Ollama give these, and their prompts are texts.
        Prompt::Tokens(ids) => Prompt::Tokens(ids.clone()),
    });
    Cow::Owned(prompts.collect())
}

fn write_reply(events: &[ReplyEvent], context: &ReplyContext) -> Vec<u8> {
    let mut reply = CollectedReply::collect(events);
    if reply.choices.is_empty() {
        // SDKs read `choices[0]` without looking whether it is there.
        reply.choices.push(ReplyChoice { finish: Some(FinishReason::Stop), ..ReplyChoice::default() });
    }
    object(|o| {
        write_names(&reply, context, "text_completion", o);
        o.array("choices", |a| {
            for choice in &reply.choices {
                a.object(|o| {
                    let text = choice.parts.iter().filter_map(|part| match &part.kind {
                        PartKind::Text { text, .. } => Some(text.as_str()),
                        _ => None,
                    });
                    o.string("text", &text.collect::<String>()).integer("index", choice.index);
                    let mut logprobs = choice.parts.iter().filter_map(|part| match &part.kind {
                        PartKind::Other { dialect: Dialect::OpenAi, json } => own_logprobs(json),
                        _ => None,
                    });
                    o.raw("logprobs", &logprobs.next().unwrap_or_else(|| "null".into()));
                    o.string("finish_reason", choice.finish.as_ref().map_or("stop", finish_name));
                });
            }
        });
        write_tail(&reply, o);
    })
}

/// A completion's log probabilities have a shape of their own, which passes through as it is.
fn own_logprobs(json: &Json) -> Option<String> {
    let node = Node::parse(json.0.as_bytes()).ok()?;
    node.get("logprobs").map(|logprobs| logprobs.text().to_owned())
}

/// Writes a completion's stream for a client.
#[derive(Debug)]
struct CompletionWriter {
    envelope: stream::ChunkEnvelope,
}

impl CompletionWriter {
    fn chunk(&self, out: &mut BytesMut, choice: u32, text: &str, logprobs: &str, finish: Option<&FinishReason>) {
        self.envelope.push(out, |o| {
            o.string("text", text).integer("index", choice).raw("logprobs", logprobs);
            match finish {
                Some(finish) => o.string("finish_reason", finish_name(finish)),
                None => o.null("finish_reason"),
            };
        });
    }
}

impl StreamWriter for CompletionWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        let mut out = BytesMut::new();
        match event {
            ReplyEvent::Started(started) => self.envelope.start(started),
            ReplyEvent::Text { choice, text } if !text.is_empty() => self.chunk(&mut out, *choice, text, "null", None),
            ReplyEvent::Other { choice, dialect: Dialect::OpenAi, json } => {
                if let Some(logprobs) = own_logprobs(json) {
                    self.chunk(&mut out, *choice, "", &logprobs, None);
                }
            }
            ReplyEvent::Finished { choice, reason, .. } => self.chunk(&mut out, *choice, "", "null", Some(reason)),
            ReplyEvent::Usage(usage) => self.envelope.note_usage(usage),
            ReplyEvent::Ended => self.envelope.end(&mut out),
            _ => {}
        }
        out.freeze()
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        stream::fail(error, request_id)
    }
}
