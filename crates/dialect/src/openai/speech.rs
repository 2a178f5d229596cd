//! Text spoken: `POST /v1/audio/speech`.
//!
//! Reference: OpenAI API reference, audio. The reply is audio, sent as it is made; with `stream_format: "sse"` it comes
//! in events instead, and these report usage.

use super::extension::extension;
use super::stream;
use crate::error::openai_shape as error;
use crate::framing::sse;
use crate::json::{self, JsonFault, Node, object};
use crate::openai_usage as usage;
use crate::rename_model::rename_model;
use crate::{Codec, Dropped, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::event::ReplyEvent;
use baton_model::operation::SpeechRequest;
use baton_model::{Body, Detail, Dialect, Operation, PublicError, Target};
use bytes::Bytes;

/// The codec.
#[derive(Debug)]
pub struct SpeechCodec;

impl Codec for SpeechCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        json::read(body, read).map(Operation::Speech)
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Speech(request) => Ok(write(request, target)),
            _ => Err(ReadError::wrong_operation("speech")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        Ok(vec![ReplyEvent::Bytes(Bytes::copy_from_slice(body)), ReplyEvent::Ended])
    }

    fn write_reply(&self, events: &[ReplyEvent], _context: &ReplyContext) -> Option<EncodedBody> {
        let audio = events
            .iter()
            .filter_map(|event| if let ReplyEvent::Bytes(bytes) = event { Some(&bytes[..]) } else { None });
        let body = audio.collect::<Vec<_>>().concat();
        Some(EncodedBody { content_type: content_type(&body).to_owned(), body: body.into(), ..EncodedBody::default() })
    }

    fn stream_reader(&self, _detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(Box::new(SpeechReader::default()))
    }

    fn stream_writer(&self, _context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(SpeechWriter))
    }
}

fn read(root: &Node<'_>) -> Result<SpeechRequest, JsonFault> {
    let text = |name: &str| root.get(name).map(Node::string).transpose();
    let mut request = SpeechRequest {
        model: text("model")?.unwrap_or_default(),
        input: root.require("input")?.string()?,
        response_format: text("response_format")?,
        stream: text("stream_format")?.as_deref() == Some("sse"),
        ..SpeechRequest::default()
    };
    for (name, value) in root.members()? {
        match name.as_ref() {
            "model" | "input" | "response_format" | "stream_format" => {}
            // A voice of one's own is an object with an id.
            "voice" if value.as_str().is_some() => request.voice = Some(value.string()?),
            _ if value.is_null() => {}
            _ => request.extensions.push(extension(name.as_ref(), value)),
        }
    }
    Ok(request)
}

fn write(request: &SpeechRequest, target: &Target) -> EncodedBody {
    let mut dropped = Vec::new();
    let body = object(|o| {
        o.string("model", target.upstream()).string("input", &request.input);
        o.maybe_string("voice", request.voice.as_deref());
        o.maybe_string("response_format", request.response_format.as_deref());
        o.maybe_string("stream_format", request.stream.then_some("sse"));
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

/// The media type of audio by its first bytes.
fn content_type(audio_bytes: &[u8]) -> &'static str {
    match audio_bytes {
        [b'R', b'I', b'F', b'F', ..] => "audio/wav",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        // Frames of MP3 and AAC begin with set bits; an MP3 may have a tag in front.
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => "audio/mpeg",
        [0xff, 0xf1 | 0xf9, ..] => "audio/aac",
        // `pcm` is bare samples, which nothing tells apart from any other bytes.
        _ => "application/octet-stream",
    }
}

/// Reads events, or audio as it comes.
#[derive(Debug, Default)]
struct SpeechReader {
    events: bool,
    ended: bool,
}

impl StreamReader for SpeechReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        // Audio may hold any bytes, also those of an event: only a JSON object counts as one.
        let data = sse::parse(frame).data.filter(|data| data.trim_ascii_start().starts_with(b"{"));
        let Some(root) = data.as_ref().and_then(|data| Node::parse(data).ok()) else {
            let says = !self.events && !frame.is_empty();
            return Ok(if says { vec![ReplyEvent::Bytes(Bytes::copy_from_slice(frame))] } else { Vec::new() });
        };
        self.events = true;
        if self.ended {
            return Ok(Vec::new());
        }
        let kind = root.get("type").and_then(Node::string_or_none).unwrap_or_default();
        if root.get("error").is_some() || kind == "error" {
            self.ended = true;
            let failed = ReplyEvent::Failed(error::read_node(200, &root));
            return Ok(used(&root).into_iter().chain([failed]).collect());
        }
        Ok(match kind.as_str() {
            "speech.audio.delta" | "audio.delta" => {
                let audio_bytes =
                    root.get("audio").or_else(|| root.get("delta")).and_then(Node::string_or_none).unwrap_or_default();
                let audio_bytes =
                    STANDARD.decode(audio_bytes).map_err(|_| ReadError::new("audio", "must be base64"))?;
                vec![ReplyEvent::Bytes(audio_bytes.into())]
            }
            "speech.audio.done" | "audio.done" => {
                self.ended = true;
                used(&root).into_iter().chain([ReplyEvent::Ended]).collect()
            }
            _ => Vec::new(),
        })
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        // Audio has no end of its own: HTTP says whether it came whole.
        if self.events || self.ended { Vec::new() } else { vec![ReplyEvent::Ended] }
    }
}

fn used(root: &Node<'_>) -> Option<ReplyEvent> {
    root.get("usage").map(usage::read).filter(|usage| !usage.is_empty()).map(ReplyEvent::Usage)
}

/// Writes audio as it comes.
#[derive(Debug)]
struct SpeechWriter;

impl StreamWriter for SpeechWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        if let ReplyEvent::Bytes(bytes) = event { bytes.clone() } else { Bytes::new() }
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        stream::fail(error, request_id)
    }
}
