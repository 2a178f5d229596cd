//! Speech written down: `POST /v1/audio/transcriptions` and `/v1/audio/translations`.
//!
//! Reference: OpenAI API reference, audio. Requests are forms, which the HTTP layer takes apart; replies are JSON or,
//! as `text`, `srt` and `vtt`, no JSON at all. Streams have typed events and end with `transcript.text.done`.

use super::multipart::MultipartForm;
use super::stream;
use crate::error::openai_shape as error;
use crate::framing::sse;
use crate::json::{self, JsonFault, Node, Object, object};
use crate::rename_model::rename_model;
use crate::{Codec, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::event::{ReplyEvent, Transcript};
use baton_model::operation::TranscriptionRequest;
use baton_model::{Body, Detail, Dialect, Operation, PublicError, Target, Usage, UsageClass};
use bytes::Bytes;

/// The codec of both endpoints.
#[derive(Debug)]
pub struct TranscriptionCodec {
    /// Whether the text shall be English.
    pub translate: bool,
}

impl Codec for TranscriptionCodec {
    /// Reads the JSON form: the fields of the form, and the file as base64 in `file`.
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        json::read(body, |root| read(root, self.translate)).map(Operation::Transcription)
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::Transcription(request) => Ok(write(request, target)),
            _ => Err(ReadError::wrong_operation("transcription")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        read_reply(body)
    }

    fn write_reply(&self, events: &[ReplyEvent], _context: &ReplyContext) -> Option<EncodedBody> {
        Some(write_reply(events))
    }

    fn stream_reader(&self, _detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(Box::new(TranscriptReader { ended: false }))
    }

    fn stream_writer(&self, _context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(Box::new(TranscriptWriter::default()))
    }
}

fn read(root: &Node<'_>, translate: bool) -> Result<TranscriptionRequest, JsonFault> {
    let text = |name: &str| root.get(name).map(Node::string).transpose();
    let file = root.require("file")?;
    let mut request = TranscriptionRequest {
        model: text("model")?.unwrap_or_default(),
        file: STANDARD.decode(file.string()?).map_err(|_| file.expected_fault("base64"))?.into(),
        // The API tells the audio's encoding by the ending of the name, and refuses a file without one.
        filename: text("filename")?.unwrap_or_else(|| "audio.wav".into()),
        content_type: text("content_type")?,
        translate,
        response_format: text("response_format")?,
        stream: root.get("stream").map(Node::bool).transpose()?.unwrap_or(false),
        fields: Vec::new(),
    };
    const READ: [&str; 6] = ["model", "file", "filename", "content_type", "response_format", "stream"];
    for (name, value) in root.members()? {
        if !READ.contains(&name.as_ref()) && !value.is_null() {
            // A form has texts only: a number goes as the client wrote it, and an object (`chunking_strategy`) as its
            // JSON.
            let value = value.string_or_none().unwrap_or_else(|| value.text().to_owned());
            request.fields.push((name.clone().into_owned(), value));
        }
    }
    Ok(request)
}

fn write(request: &TranscriptionRequest, target: &Target) -> EncodedBody {
    let mut form = MultipartForm::new();
    form.field("model", target.upstream());
    if let Some(format) = &request.response_format {
        form.field("response_format", format);
    }
    if request.stream {
        form.field("stream", "true");
    }
    for (name, value) in &request.fields {
        form.field(name, value);
    }
    let content_type = request.content_type.as_deref().unwrap_or("application/octet-stream");
    form.file("file", &request.filename, content_type, &request.file);
    let (body, content_type) = form.finish();
    EncodedBody { body: body.into(), content_type, ..EncodedBody::default() }
}

/// Whatever the form: what was heard, the usage where it is told, and the reply itself for a client that wants that
/// form.
fn read_reply(body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
    let mut events = Vec::new();
    match Node::parse(body) {
        Ok(root) if root.is_object() => {
            if root.get("error").is_some() {
                return Ok(failed(&root));
            }
            // Else any other JSON object would be handed on and billed as an empty transcript.
            json::read(body, |root| root.require("text").map(drop))?;
            events.push(ReplyEvent::Transcript(read_transcript(&root)));
            events.extend(read_usage(&root).map(ReplyEvent::Usage));
            events.push(ReplyEvent::Other { choice: 0, dialect: Dialect::OpenAi, json: root.json() });
        }
        _ => {
            // `text`, `srt` and `vtt` are no JSON: what does not parse is the transcript itself.
            let text =
                std::str::from_utf8(body).map_err(|_| ReadError::new("", "the transcript is neither JSON nor text"))?;
            events.push(ReplyEvent::Transcript(Transcript { text: text.to_owned(), ..Transcript::default() }));
            events.push(ReplyEvent::Bytes(Bytes::copy_from_slice(body)));
        }
    }
    events.push(ReplyEvent::Ended);
    Ok(events)
}

/// An error, and what was used until then.
fn failed(root: &Node<'_>) -> Vec<ReplyEvent> {
    let used = read_usage(root).map(ReplyEvent::Usage);
    used.into_iter().chain([ReplyEvent::Failed(error::read_node(200, root))]).collect()
}

fn read_transcript(root: &Node<'_>) -> Transcript {
    let text = |name: &str| root.get(name).and_then(Node::string_or_none);
    Transcript {
        text: text("text").unwrap_or_default(),
        language: text("language"),
        duration: root.get("duration").and_then(seconds),
    }
}

/// A number of seconds; some services write it as a string.
fn seconds(node: &Node<'_>) -> Option<f64> {
    node.f64().ok().or_else(|| node.as_str()?.parse().ok())
}

/// Tokens, or the time of the audio: told in `usage`, or by `duration` in verbose replies.
fn read_usage(root: &Node<'_>) -> Option<Usage> {
    let millis = |node: &Node<'_>| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let millis = (seconds(node)? * 1000.0).round() as u64;
        Some(Usage::default().with(UsageClass::AudioMillis, millis))
    };
    let Some(usage) = root.get("usage") else { return root.get("duration").and_then(millis) };
    if let Some(seconds) = usage.get("seconds") {
        return millis(seconds);
    }
    let count = |node: &Node<'_>, name: &str| node.get(name).map_or(0, Node::count);
    let (input, output) = (count(usage, "input_tokens"), count(usage, "output_tokens"));
    // Bounded, as it is subtracted below, and the numbers of a service need not add up.
    let audio = usage.get("input_token_details").map_or(0, |details| count(details, "audio_tokens")).min(input);
    let tokens = Usage::default()
        .with(UsageClass::AudioInput, audio)
        .with(UsageClass::Input, input - audio)
        .with(UsageClass::Output, output);
    Some(tokens).filter(|usage| !usage.is_empty())
}

fn write_usage(used: &Usage, o: &mut Object<'_>) {
    let (input, output) = (used.input_tokens(), used.output_tokens());
    let millis = used.get(UsageClass::AudioMillis);
    let total = input.saturating_add(output);
    if total > 0 {
        let audio = used.get(UsageClass::AudioInput);
        o.object("usage", |o| {
            o.string("type", "tokens").integer("input_tokens", input).object("input_token_details", |o| {
                o.integer("text_tokens", input.saturating_sub(audio)).integer("audio_tokens", audio);
            });
            o.integer("output_tokens", output).integer("total_tokens", total);
        });
    } else if millis > 0 {
        o.object("usage", |o| {
            o.string("type", "duration").integer("seconds", millis.div_ceil(1000));
        });
    }
}

fn write_reply(events: &[ReplyEvent]) -> EncodedBody {
    let (mut transcript, mut used) = (Transcript::default(), Usage::default());
    for event in events {
        match event {
            // The provider got the client's `response_format`, so its own body is what was asked for: `verbose_json`
            // has segments and words, which the vocabulary does not know.
            ReplyEvent::Other { dialect: Dialect::OpenAi, json, .. } => {
                return EncodedBody::json(json.0.clone().into_bytes());
            }
            ReplyEvent::Bytes(body) => {
                let content_type = "text/plain; charset=utf-8".to_owned();
                return EncodedBody { body: body.clone(), content_type, ..EncodedBody::default() };
            }
            ReplyEvent::Transcript(heard) => transcript = heard.clone(),
            ReplyEvent::Text { text, .. } => transcript.text.push_str(text),
            ReplyEvent::Usage(usage) => used.update(usage),
            _ => {}
        }
    }
    EncodedBody::json(object(|o| {
        o.string("text", &transcript.text);
        write_usage(&used, o);
    }))
}

#[derive(Debug)]
struct TranscriptReader {
    ended: bool,
}

impl StreamReader for TranscriptReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        let event = sse::parse(frame);
        let Some(data) = event.data.filter(|data| !data.trim_ascii().is_empty() && !self.ended) else {
            return Ok(Vec::new());
        };
        if data.trim_ascii() == b"[DONE]" {
            self.ended = true;
            return Ok(vec![ReplyEvent::Ended]);
        }
        let root = Node::parse(&data)?;
        let kind = root.get("type").and_then(Node::string_or_none).unwrap_or_default();
        if root.get("error").is_some() || kind == "error" {
            self.ended = true;
            return Ok(failed(&root));
        }
        Ok(match kind.as_str() {
            "transcript.text.delta" => {
                let text = root.get("delta").and_then(Node::string_or_none).unwrap_or_default();
                vec![ReplyEvent::Text { choice: 0, text }]
            }
            "transcript.text.done" => {
                self.ended = true;
                let mut events = vec![ReplyEvent::Transcript(read_transcript(&root))];
                events.extend(read_usage(&root).map(ReplyEvent::Usage));
                events.push(ReplyEvent::Ended);
                events
            }
            _ => vec![ReplyEvent::Other { choice: 0, dialect: Dialect::OpenAi, json: root.json() }],
        })
    }

    // A transcript says its end itself. A connection that closes before was cut, and half a text must not pass for
    // all.
    fn finish(&mut self) -> Vec<ReplyEvent> {
        Vec::new()
    }
}

#[derive(Debug, Default)]
struct TranscriptWriter {
    transcript: Transcript,
    /// Whether all was heard: what is told after it in no words of ours is the whole reply once more.
    complete: bool,
    usage: Usage,
}

fn write_delta(text: &str) -> Bytes {
    let data = object(|o| {
        o.string("type", "transcript.text.delta").string("delta", text);
    });
    sse::write(Some("transcript.text.delta"), &data)
}

impl StreamWriter for TranscriptWriter {
    fn push(&mut self, event: &ReplyEvent) -> Bytes {
        match event {
            ReplyEvent::Text { text, .. } => {
                self.transcript.text.push_str(text);
                write_delta(text)
            }
            ReplyEvent::Transcript(transcript) => {
                // A service that does not stream tells all at once.
                let told = !self.transcript.text.is_empty() || transcript.text.is_empty();
                self.transcript = transcript.clone();
                self.complete = true;
                if told { Bytes::new() } else { write_delta(&transcript.text) }
            }
            ReplyEvent::Usage(usage) => {
                self.usage.update(usage);
                Bytes::new()
            }
            ReplyEvent::Other { dialect: Dialect::OpenAi, json, .. } if !self.complete => {
                sse::write(None, json.0.as_bytes())
            }
            ReplyEvent::Ended => {
                let data = object(|o| {
                    o.string("type", "transcript.text.done").string("text", &self.transcript.text);
                    write_usage(&self.usage, o);
                });
                sse::write(Some("transcript.text.done"), &data)
            }
            _ => Bytes::new(),
        }
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        stream::fail(error, request_id)
    }
}
