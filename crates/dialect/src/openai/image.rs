//! Images: `POST /v1/images/generations`.
//!
//! Reference: OpenAI API reference, images, and its stream events `image_generation.partial_image` and
//! `image_generation.completed`. Newer models report tokens; images of the others are counted by the piece.

use super::extension::extension;
use super::stream;
use crate::error::openai_shape as error;
use crate::framing::sse;
use crate::json::{self, JsonFault, Node, Object, object};
use crate::openai_usage as usage;
use crate::rename_model::rename_model;
use crate::{Codec, Dropped, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use baton_model::chat::Json;
use baton_model::event::{GeneratedImage, ReplyEvent};
use baton_model::operation::ImageRequest;
use baton_model::{Body, Detail, Dialect, Operation, PublicError, Target, Usage, UsageClass};
use bytes::Bytes;

/// The codec.
#[derive(Debug)]
pub struct ImageCodec;

impl Codec for ImageCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        json::read(body, read).map(Operation::Image)
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Image(request) => Ok(write(request, target)),
            _ => Err(ReadError::wrong_operation("image")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        json::read(body, read_reply)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(write_reply(events, context)))
    }

    fn stream_reader(&self, _detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(stream_reader())
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(stream_writer("image_generation", context.created))
    }
}

fn read(root: &Node<'_>) -> Result<ImageRequest, JsonFault> {
    let text = |name: &str| root.get(name).map(Node::string).transpose();
    let mut request = ImageRequest {
        model: text("model")?.unwrap_or_default(),
        prompt: root.require("prompt")?.string()?,
        n: root.get("n").map(Node::integer).transpose()?,
        size: text("size")?,
        quality: text("quality")?,
        stream: root.get("stream").map(Node::bool).transpose()?.unwrap_or(false),
        extensions: Vec::new(),
    };
    for (name, value) in root.members()? {
        if !["model", "prompt", "n", "size", "quality", "stream"].contains(&name.as_ref()) && !value.is_null() {
            request.extensions.push(extension(name.as_ref(), value));
        }
    }
    Ok(request)
}

fn write(request: &ImageRequest, target: &Target) -> EncodedBody {
    let mut dropped = Vec::new();
    let quirks = &target.model.quirks;
    let mut may = |name: &str| {
        let refused = quirks.refuses(name);
        if refused {
            dropped.push(Dropped::new(name, "refused by the model"));
        }
        !refused
    };
    let n = request.n.filter(|_| may("n"));
    let size = request.size.as_deref().filter(|_| may("size"));
    let quality = request.quality.as_deref().filter(|_| may("quality"));
    let mut known: Vec<(&str, &Json)> = Vec::new();
    for extension in &request.extensions {
        if extension.dialect != Dialect::OpenAi {
            dropped.push(Dropped::new(&extension.path, "not supported by openai"));
        } else if quirks.refuses(&extension.path) {
            dropped.push(Dropped::new(&extension.path, "refused by the model"));
        } else {
            known.push((&extension.path, &extension.value));
        }
    }
    let body = object(|o| {
        o.string("model", target.upstream()).string("prompt", &request.prompt);
        o.maybe_integer("n", n).maybe_string("size", size).maybe_string("quality", quality);
        o.maybe_bool("stream", request.stream.then_some(true));
        for (name, value) in known {
            o.json(name, value);
        }
    });
    EncodedBody { dropped, ..EncodedBody::json(body) }
}

fn read_image(node: &Node<'_>) -> GeneratedImage {
    let text = |name: &str| node.get(name).and_then(Node::string_or_none);
    GeneratedImage { base64: text("b64_json"), url: text("url"), revised_prompt: text("revised_prompt") }
}

/// Tokens as this endpoint reports them: text and image apart. What is produced is image, but for the text that some
/// models tell apart and bill at another price.
fn read_usage(node: &Node<'_>) -> Usage {
    let mut used = usage::read(node);
    // The vendor spells it in both ways, `input_token_details` in its transcriptions.
    let details = ["input_tokens_details", "input_token_details"].into_iter().find_map(|name| node.get(name));
    let images = details.and_then(|details| details.get("image_tokens")).map_or(0, Node::count);
    // Bounded, as the next line subtracts, and the numbers of a service need not add up.
    let images = images.min(used.get(UsageClass::Input) + used.get(UsageClass::ImageInput));
    used.set(UsageClass::Input, used.get(UsageClass::Input) + used.get(UsageClass::ImageInput) - images);
    used.set(UsageClass::ImageInput, images);
    let text = node.get("output_tokens_details").and_then(|details| details.get("text_tokens")).map_or(0, Node::count);
    let text = text.min(used.get(UsageClass::Output));
    used.set(UsageClass::ImageOutput, used.get(UsageClass::ImageOutput) + used.get(UsageClass::Output) - text);
    used.set(UsageClass::Output, text);
    used
}

pub(super) fn read_reply(root: &Node<'_>) -> Result<Vec<ReplyEvent>, JsonFault> {
    let images = root.require("data")?.items()?;
    let mut events: Vec<_> = images.iter().map(read_image).map(ReplyEvent::Image).collect();
    let pieces = Usage::default().with(UsageClass::Images, images.len() as u64);
    // A usage of zeros counts as none: taken at its word, the images would cost nothing.
    let used = root.get("usage").map(read_usage).filter(|usage| !usage.is_empty());
    // One or the other: a model that is priced by tokens must not be billed by the piece as well.
    events.push(ReplyEvent::Usage(used.unwrap_or(pieces)));
    events.push(ReplyEvent::Ended);
    Ok(events)
}

fn write_image(image: &GeneratedImage, o: &mut Object<'_>) {
    o.maybe_string("b64_json", image.base64.as_deref()).maybe_string("url", image.url.as_deref());
    o.maybe_string("revised_prompt", image.revised_prompt.as_deref());
}

fn write_usage(used: &Usage, o: &mut Object<'_>) {
    let (input, output) = (used.input_tokens(), used.output_tokens());
    // Billed by the piece: a usage of zeros would say that the images were free.
    if input + output == 0 {
        return;
    }
    o.object("usage", |o| {
        o.integer("total_tokens", input + output).integer("input_tokens", input).integer("output_tokens", output);
        let images = used.get(UsageClass::ImageInput);
        o.object("input_tokens_details", |o| {
            o.integer("text_tokens", input - images).integer("image_tokens", images);
        });
        let text = used.get(UsageClass::Output);
        if text > 0 {
            o.object("output_tokens_details", |o| {
                o.integer("text_tokens", text).integer("image_tokens", output - text);
            });
        }
    });
}

pub(super) fn write_reply(events: &[ReplyEvent], context: &ReplyContext) -> Vec<u8> {
    let mut used = Usage::default();
    events.iter().for_each(|event| {
        if let ReplyEvent::Usage(usage) = event {
            used.update(usage)
        }
    });
    object(|o| {
        o.integer("created", context.created).array("data", |a| {
            for event in events {
                if let ReplyEvent::Image(image) = event {
                    a.object(|o| write_image(image, o));
                }
            }
        });
        write_usage(&used, o);
    })
}

pub(super) fn stream_reader() -> Box<dyn StreamReader> {
    Box::new(ImageReader::default())
}

/// Writes events named after the endpoint: `image_generation` or `image_edit`.
pub(super) fn stream_writer(endpoint: &'static str, created: i64) -> Box<dyn StreamWriter> {
    Box::new(ImageWriter { endpoint, created, usage: None, last: None })
}

/// Reads a stream of images, which ends when its connection does: completed images say nothing of others to come.
#[derive(Debug, Default)]
struct ImageReader {
    images: u64,
    ended: bool,
}

impl StreamReader for ImageReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        let event = sse::parse(frame);
        let Some(data) = event.data.filter(|data| !data.trim_ascii().is_empty() && !self.ended) else {
            return Ok(Vec::new());
        };
        // The vendor only closes the connection. Compatible services send this, as in their chats.
        if data.trim_ascii() == b"[DONE]" {
            self.ended = true;
            return Ok(vec![ReplyEvent::Ended]);
        }
        let root = Node::parse(&data)?;
        let kind = root.get("type").and_then(Node::string_or_none).unwrap_or_default();
        if root.get("error").is_some() || kind == "error" {
            self.ended = true;
            // 200: the status was sent before the error happened, so the error must tell its kind by itself.
            let used = root.get("usage").map(read_usage).filter(|usage| !usage.is_empty()).map(ReplyEvent::Usage);
            return Ok(used.into_iter().chain([ReplyEvent::Failed(error::read_node(200, &root))]).collect());
        }
        if !kind.ends_with(".completed") {
            return Ok(vec![ReplyEvent::Other { choice: 0, dialect: Dialect::OpenAi, json: root.json() }]);
        }
        self.images += 1;
        // All so far, because a later report takes the place of an earlier one.
        let pieces = Usage::default().with(UsageClass::Images, self.images);
        let used = root.get("usage").map(read_usage).filter(|usage| !usage.is_empty());
        Ok(vec![ReplyEvent::Image(read_image(&root)), ReplyEvent::Usage(used.unwrap_or(pieces))])
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        // A connection that ends before any image was cut.
        if self.ended || self.images == 0 {
            return Vec::new();
        }
        self.ended = true;
        vec![ReplyEvent::Ended]
    }
}

/// Writes a stream of images. The last is held back, because the usage stands in its event.
#[derive(Debug)]
struct ImageWriter {
    endpoint: &'static str,
    created: i64,
    usage: Option<Usage>,
    last: Option<GeneratedImage>,
}

impl ImageWriter {
    fn finish_image(&mut self) -> Bytes {
        let Some(image) = self.last.take() else { return Bytes::new() };
        let kind = format!("{}.completed", self.endpoint);
        let data = object(|o| {
            o.string("type", &kind).integer("created_at", self.created);
            write_image(&image, o);
            if let Some(used) = &self.usage {
                write_usage(used, o);
            }
        });
        sse::write(Some(&kind), &data)
    }
}

impl StreamWriter for ImageWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        match event {
            ReplyEvent::Image(image) => {
                // Only the last event carries usage, so each image waits until it is known whether another follows.
                let before = self.finish_image();
                self.last = Some(image.clone());
                before
            }
            ReplyEvent::Usage(usage) => {
                self.usage.get_or_insert_default().update(usage);
                Bytes::new()
            }
            ReplyEvent::Other { dialect: Dialect::OpenAi, json, .. } => {
                sse::write(Some(&format!("{}.partial_image", self.endpoint)), json.0.as_bytes())
            }
            ReplyEvent::Ended => self.finish_image(),
            _ => Bytes::new(),
        }
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        stream::fail(error, request_id)
    }
}
