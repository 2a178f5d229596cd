//! Completions: `POST /api/generate`.
//!
//! Reference: Ollama API documentation, "Generate a completion". Unlike OpenAI's, the prompt goes through the model's
//! template unless `raw` is set, and one request has one prompt. `template`, `raw` and `context` have no
//! place in the vocabulary: they stay extensions.

use super::{chat, line, options, stream, writer};
use crate::effective_options::effective_options;
use crate::json::{self, JsonFault, Node, object};
use crate::{Codec, Dropped, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use baton_model::operation::{CompletionRequest, Prompt};
use baton_model::{Body, Detail, Operation, ReplyEvent, Target};

/// The codec.
#[derive(Debug)]
pub struct OllamaCompletionCodec;

impl Codec for OllamaCompletionCodec {
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
        chat::rewrite(body, target)
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        line::read_reply(body)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(writer::write_reply(writer::OllamaEndpoint::Completion, events, context))
    }

    fn stream_reader(&self, detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(stream::reader(detail))
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(writer::LineWriter::new(writer::OllamaEndpoint::Completion, context)))
    }
}

/// Without a prompt it only loads the model.
fn read(root: &Node<'_>) -> Result<CompletionRequest, JsonFault> {
    let text = |name: &str| root.get(name).map(Node::string).transpose();
    Ok(CompletionRequest {
        prompts: vec![Prompt::Text(text("prompt")?.unwrap_or_default())],
        suffix: text("suffix")?,
        echo: None,
        system: text("system")?,
        images: chat::read_images(root)?,
        chat: options::read(root, &["prompt", "suffix", "system", "images"])?,
    })
}

fn write(request: &CompletionRequest, target: &Target) -> Result<EncodedBody, ReadError> {
    // Several prompts would need several requests, of which some could fail: that can't be one reply.
    let [Prompt::Text(prompt)] = request.prompts.as_slice() else {
        return Err(ReadError::new("prompt", "ollama takes one string, not an array or token ids"));
    };
    let (effective, mut dropped) = effective_options(&request.chat, target)?;
    if request.echo == Some(true) {
        dropped.push(Dropped::new("echo", "not supported by ollama"));
    }
    let body = object(|o| {
        o.string("model", target.upstream()).string("prompt", prompt);
        o.maybe_string("suffix", request.suffix.as_deref()).maybe_string("system", request.system.as_deref());
        chat::write_images(&request.images, o, &mut dropped);
        options::write(&effective, target, o, &mut dropped);
    });
    Ok(EncodedBody { dropped, ..EncodedBody::json(body) })
}
