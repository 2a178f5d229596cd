//! Embeddings: `POST /v1/embeddings`.
//!
//! Reference: OpenAI API reference, embeddings. Vectors come as numbers or as base64 of little-endian 32-bit floats;
//! the Python SDK asks for base64 by default.

use super::completion::{read_prompts, write_prompts};
use super::extension::extension;
use crate::json::lexer::Lexer;
use crate::json::{self, JsonFault, Node, Object, object};
use crate::openai_usage as usage;
use crate::rename_model::rename_model;
use crate::{Codec, Dropped, EncodedBody, ReadError, ReplyContext, RewrittenRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::event::{ReplyEvent, ReplyStart};
use baton_model::operation::EmbeddingRequest;
use baton_model::{Body, Dialect, Operation, Target, Usage};
use memchr::memmem;

/// The codec.
#[derive(Debug)]
pub struct OpenAiEmbeddingCodec;

impl Codec for OpenAiEmbeddingCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        json::read(body, read).map(Operation::Embedding)
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Embedding(request) => Ok(write(request, target)),
            _ => Err(ReadError::wrong_operation("embedding")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        json::read(body, read_reply)
    }

    /// Looks for the usage alone: the vectors before it may be millions of numbers.
    fn read_reply_facts(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        match find_usage(body) {
            // Something of it can be seen, though not as text.
            Some(usage) => Ok(vec![ReplyEvent::Opaque { text_bytes: 0 }, ReplyEvent::Usage(usage), ReplyEvent::Ended]),
            // Somewhere else, or no reply at all.
            None => self.read_reply(body),
        }
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(write_reply(events, context)))
    }
}

fn read(root: &Node<'_>) -> Result<EmbeddingRequest, JsonFault> {
    let mut request = EmbeddingRequest {
        model: root.get("model").map(Node::string).transpose()?.unwrap_or_default(),
        input: read_prompts(root.require("input")?)?,
        dimensions: root.get("dimensions").map(Node::integer).transpose()?,
        user: root.get("user").map(Node::string).transpose()?,
        ..EmbeddingRequest::default()
    };
    if let Some(format) = root.get("encoding_format") {
        request.base64 = match format.string()?.as_str() {
            "float" => false,
            "base64" => true,
            _ => return Err(format.expected_fault("float or base64")),
        };
    }
    for (name, value) in root.members()? {
        if !["model", "input", "dimensions", "user", "encoding_format"].contains(&name.as_ref()) && !value.is_null() {
            request.extensions.push(extension(name.as_ref(), value));
        }
    }
    Ok(request)
}

fn write(request: &EmbeddingRequest, target: &Target) -> EncodedBody {
    let quirks = &target.model.quirks;
    let mut dropped = Vec::new();
    let mut may = |name: &str, given: bool| {
        let refused = given && quirks.refuses(name);
        if refused {
            dropped.push(Dropped::new(name, "refused by the model"));
        }
        given && !refused
    };
    let (dimensions, user) = (may("dimensions", request.dimensions.is_some()), may("user", request.user.is_some()));
    // Sent only if the client asked for it: the reader takes vectors in both forms.
    let base64 = request.base64 && !quirks.refuses("encoding_format");
    if request.truncate == Some(true) {
        dropped.push(Dropped::new("truncate", "not supported by openai"));
    }
    let body = object(|o| {
        o.string("model", target.upstream());
        write_prompts("input", &request.input, o);
        o.maybe_integer("dimensions", request.dimensions.filter(|_| dimensions));
        o.maybe_string("user", request.user.as_deref().filter(|_| user));
        o.maybe_string("encoding_format", base64.then_some("base64"));
        for extension in &request.extensions {
            if extension.dialect == Dialect::OpenAi {
                o.json(&extension.path, &extension.value);
            } else {
                dropped.push(Dropped::new(&extension.path, "not supported by openai"));
            }
        }
    });
    EncodedBody { dropped, ..EncodedBody::json(body) }
}

fn read_reply(root: &Node<'_>) -> Result<Vec<ReplyEvent>, JsonFault> {
    let mut vectors = Vec::new();
    for (place, item) in root.require("data")?.items()?.iter().enumerate() {
        let index = item.get("index").map(Node::integer).transpose()?.unwrap_or(place);
        vectors.push((index, read_vector(item.require("embedding")?)?));
    }
    // Services that compute in batches may send them out of order.
    vectors.sort_by_key(|(index, _)| *index);
    let model = root.get("model").and_then(Node::string_or_none);
    let mut events = vec![
        ReplyEvent::Started(ReplyStart { model, ..ReplyStart::default() }),
        ReplyEvent::Embeddings(vectors.into_iter().map(|(_, vector)| vector).collect()),
    ];
    events.extend(root.get("usage").map(usage::read).filter(|usage| !usage.is_empty()).map(ReplyEvent::Usage));
    events.push(ReplyEvent::Ended);
    Ok(events)
}

/// The usage, by its name: vectors have no names in them, and inside of a string its quotes would be escaped.
fn find_usage(body: &[u8]) -> Option<Usage> {
    const NAME: &[u8] = b"\"usage\"";
    // From the end, where OpenAI has it.
    let at = memmem::rfind(body, NAME).filter(|_| body.trim_ascii_start().starts_with(b"{"))?;
    let value = body.get(at + NAME.len()..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let place = Lexer::new(value).ok()?.value().ok()?;
    let usage = Node::parse(value.get(place)?).ok()?;
    Some(usage::read(&usage)).filter(|read| usage.is_object() && !read.is_empty())
}

fn read_vector(node: &Node<'_>) -> Result<Vec<f32>, JsonFault> {
    if let Some(base64) = node.as_str() {
        let bytes = STANDARD.decode(base64.as_bytes()).map_err(|_| node.expected_fault("base64"))?;
        let (floats, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(node.expected_fault("base64 of 32-bit floats"));
        }
        return Ok(floats.iter().map(|float| f32::from_le_bytes(*float)).collect());
    }
    #[expect(clippy::cast_possible_truncation, reason = "vectors have that precision")]
    node.items()?.iter().map(|number| number.f64().map(|number| number as f32)).collect()
}

fn write_reply(events: &[ReplyEvent], context: &ReplyContext) -> Vec<u8> {
    let (mut model, mut used, mut vectors) = (context.model.as_str(), Usage::default(), &[][..]);
    for event in events {
        match event {
            ReplyEvent::Started(ReplyStart { model: Some(name), .. }) => model = name,
            ReplyEvent::Embeddings(all) => vectors = all,
            ReplyEvent::Usage(usage) => used.update(usage),
            _ => {}
        }
    }
    object(|o| {
        o.string("object", "list").array("data", |a| {
            for (index, vector) in (0_u32..).zip(vectors) {
                a.object(|o| {
                    o.string("object", "embedding").integer("index", index);
                    write_vector(vector, context.base64, o);
                });
            }
        });
        o.string("model", model).object("usage", |o| {
            o.integer("prompt_tokens", used.input_tokens()).integer("total_tokens", used.input_tokens());
        });
    })
}

fn write_vector(vector: &[f32], base64: bool, o: &mut Object<'_>) {
    if base64 {
        let bytes: Vec<u8> = vector.iter().flat_map(|float| float.to_le_bytes()).collect();
        o.string("embedding", &STANDARD.encode(bytes));
        return;
    }
    o.array("embedding", |a| {
        for float in vector {
            // The shortest spelling of the 32-bit number, not of its 64-bit neighbour.
            if float.is_finite() {
                a.raw(&float.to_string())
            } else {
                a.raw("null")
            };
        }
    });
}
