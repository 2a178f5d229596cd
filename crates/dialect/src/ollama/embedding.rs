//! Embeddings: `POST /api/embed`.
//!
//! Reference: Ollama API documentation, "Generate embeddings". Vectors come as numbers alone, and a text that is too
//! long is cut unless `truncate` is false: requests written here say false where the client did not ask for it.

use super::{chat, line, options};
use crate::framing::splice::Editor;
use crate::json::{self, Array, JsonFault, Node, Object, object};
use crate::rename_model::set_model;
use crate::{Codec, Dropped, EncodedBody, ReadError, ReplyContext, RewrittenRequest};
use baton_model::chat::Extension;
use baton_model::event::{ReplyEvent, ReplyStart, Timings};
use baton_model::operation::{EmbeddingRequest, Prompt};
use baton_model::{Body, Dialect, Operation, Target, Usage};

/// The codec.
#[derive(Debug)]
pub struct OllamaEmbeddingCodec;

impl Codec for OllamaEmbeddingCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        json::read(body, read).map(Operation::Embedding)
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Embedding(request) => write(request, target),
            _ => Err(ReadError::wrong_operation("embedding")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        // No `truncate: false` here: a client of Ollama's own API that leaves it out expects long texts to be cut.
        let mut editor = Editor::new(body);
        set_model(&mut editor, target);
        chat::set_window(&mut editor, target)?;
        Ok(RewrittenRequest { editor, hide_usage: false, dropped: Vec::new() })
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        json::read(body, read_reply)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(write_reply(events, context)))
    }
}

fn read(root: &Node<'_>) -> Result<EmbeddingRequest, JsonFault> {
    let mut request = EmbeddingRequest {
        model: root.get("model").map(Node::string).transpose()?.unwrap_or_default(),
        input: root.get("input").map(read_input).transpose()?.unwrap_or_default(),
        dimensions: root.get("dimensions").map(Node::integer).transpose()?,
        truncate: root.get("truncate").map(Node::bool).transpose()?,
        ..EmbeddingRequest::default()
    };
    for (name, value) in root.members()? {
        match name.as_ref() {
            "model" | "input" | "dimensions" | "truncate" => {}
            _ if value.is_null() => {}
            "options" => {
                for (name, option) in value.members()? {
                    request.extensions.push(options::extension(format!("options.{name}"), option));
                }
            }
            _ => request.extensions.push(options::extension(name.as_ref(), value)),
        }
    }
    Ok(request)
}

fn read_input(node: &Node<'_>) -> Result<Vec<Prompt>, JsonFault> {
    if let Some(text) = node.as_str() {
        return Ok(vec![Prompt::Text(text.into_owned())]);
    }
    let items = node.items().map_err(|_| node.expected_fault("a string or an array of strings"))?;
    items.iter().map(|item| item.string().map(Prompt::Text)).collect()
}

fn write(request: &EmbeddingRequest, target: &Target) -> Result<EncodedBody, ReadError> {
    let texts: Option<Vec<_>> = request.input.iter().map(text).collect();
    // Leaving one out would give each text behind it the vector of its neighbour.
    let texts = texts.ok_or_else(|| ReadError::new("input", "ollama takes strings, not token ids"))?;
    let mut dropped = Vec::new();
    let dimensions = request.dimensions.filter(|_| !target.model.quirks.refuses("dimensions"));
    if request.dimensions.is_some() && dimensions.is_none() {
        dropped.push(Dropped::new("dimensions", "refused by the model"));
    }
    if request.user.is_some() {
        dropped.push(Dropped::new("user", "not supported by ollama"));
    }
    let (own, foreign): (Vec<_>, Vec<_>) =
        request.extensions.iter().partition(|extension| extension.dialect == Dialect::Ollama);
    dropped.extend(foreign.iter().map(|extension| Dropped::new(&extension.path, "not supported by ollama")));
    let body = object(|o| {
        o.string("model", target.upstream());
        match texts.as_slice() {
            [text] => o.string("input", text).end(),
            texts => o
                .array("input", |a| {
                    for text in texts {
                        a.string(text);
                    }
                })
                .end(),
        }
        o.bool("truncate", request.truncate.unwrap_or(false)).maybe_integer("dimensions", dimensions);
        write_extensions(&own, target, o);
    });
    Ok(EncodedBody { dropped, ..EncodedBody::json(body) })
}

fn text(prompt: &Prompt) -> Option<&str> {
    match prompt {
        Prompt::Text(text) => Some(text),
        Prompt::Tokens(_) => None,
    }
}

fn write_extensions(own: &[&Extension], target: &Target, o: &mut Object<'_>) {
    let options: Vec<_> = own.iter().filter_map(|e| Some((e.path.strip_prefix("options.")?, &e.value))).collect();
    // The client's own window comes first.
    let window = target.context_window.filter(|_| options.iter().all(|(name, _)| *name != "num_ctx"));
    if !options.is_empty() || window.is_some() {
        o.object("options", |o| {
            for (name, value) in options {
                o.json(name, value);
            }
            o.maybe_integer("num_ctx", window);
        });
    }
    for extension in own.iter().filter(|extension| !extension.path.starts_with("options.")) {
        o.json(&extension.path, &extension.value);
    }
}

fn read_reply(root: &Node<'_>) -> Result<Vec<ReplyEvent>, JsonFault> {
    let vectors = root.require("embeddings")?.items()?.iter().map(read_vector).collect::<Result<_, _>>()?;
    let model = root.get("model").and_then(Node::string_or_none);
    let mut events =
        vec![ReplyEvent::Started(ReplyStart { model, ..ReplyStart::default() }), ReplyEvent::Embeddings(vectors)];
    events.extend(line::usage(root).map(ReplyEvent::Usage));
    events.extend(line::timings(root).map(ReplyEvent::Timings));
    events.push(ReplyEvent::Ended);
    Ok(events)
}

fn read_vector(node: &Node<'_>) -> Result<Vec<f32>, JsonFault> {
    #[expect(clippy::cast_possible_truncation, reason = "vectors have that precision")]
    node.items()?.iter().map(|number| number.f64().map(|number| number as f32)).collect()
}

fn write_reply(events: &[ReplyEvent], context: &ReplyContext) -> Vec<u8> {
    let (mut model, mut used, mut timings) = (context.model.as_str(), Usage::default(), Timings::default());
    let mut vectors = &[][..];
    for event in events {
        match event {
            ReplyEvent::Started(ReplyStart { model: Some(name), .. }) => model = name,
            ReplyEvent::Embeddings(all) => vectors = all,
            ReplyEvent::Usage(usage) => used.update(usage),
            ReplyEvent::Timings(told) => timings = *told,
            _ => {}
        }
    }
    object(|o| {
        o.string("model", model).array("embeddings", |a| {
            for vector in vectors {
                a.array(|a| write_vector(vector, a));
            }
        });
        let mut count = |name: &str, number: u64| {
            if number > 0 {
                o.integer(name, number);
            }
        };
        count("total_duration", timings.total);
        count("load_duration", timings.load);
        count("prompt_eval_count", used.input_tokens());
    })
}

fn write_vector(vector: &[f32], a: &mut Array<'_>) {
    for float in vector {
        // The shortest spelling of the 32-bit number, not of its 64-bit neighbour.
        if float.is_finite() {
            a.raw(&float.to_string())
        } else {
            a.raw("null")
        };
    }
}
