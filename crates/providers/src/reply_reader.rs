//! The way back: bytes become frames, whether they come from a socket or from a recording.

use crate::failed_reply::{error_in_success, failed, failed_frame, find_failure};
use crate::joined_frames;
use baton_dialect::framing::{Framing, Splitter};
use baton_dialect::profile::ToolNames;
use baton_dialect::{CallInText, Codec, ReadError, ReplyContext, StreamReader};
use baton_model::fault::{ErrorKind, UpstreamError};
use baton_model::{Capability, Detail, Dialect, ReplyEvent};
use baton_provider_api::transport::HttpReply;
use baton_provider_api::{Frame, ProviderError, ReplyForm};
use baton_tasks::compute;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt as _};
use std::collections::VecDeque;
use std::time::Duration;

/// How long the end of the bytes is waited for after the format's own end, so that the connection can be used again.
const TAIL: Duration = Duration::from_secs(1);

/// How a reply is read.
pub(crate) struct ReplyReader {
    pub(crate) codec: &'static dyn Codec,
    pub(crate) dialect: Dialect,
    pub(crate) capability: Capability,
    pub(crate) form: ReplyForm,
    pub(crate) detail: Detail,
    pub(crate) hide_usage: bool,
    /// The client's names of tools that were sent under others.
    pub(crate) names: ToolNames,
    /// What makes a call of the reply's text.
    pub(crate) call_in_text: Option<CallInText>,
    pub(crate) max_frame_bytes: usize,
    pub(crate) max_reply_bytes: usize,
}

/// Where its bytes come from.
pub(crate) enum ReplySource {
    /// A provider, and the first piece if that was looked at already.
    Reply(Option<Bytes>, Box<HttpReply>),
    /// A recording; `None` once it was given out.
    Recorded(Option<Bytes>),
}

type Frames = BoxStream<'static, Result<Frame, ProviderError>>;

/// The form in which a good reply comes, by its media type.
pub(crate) fn form(
    asked: ReplyForm,
    dialect: Dialect,
    capability: Capability,
    content_type: &str,
    peer: &str,
) -> Result<ReplyForm, ProviderError> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let chatty = matches!(capability, Capability::Chat | Capability::Completion);
    let protocol = |message| Err(ProviderError::new(ErrorKind::Protocol, message));
    match essence.as_str() {
        // Mostly a base_url that leads to a dashboard or a proxy's login page.
        "text/html" | "application/xhtml+xml" => {
            protocol(format!("{peer} replied with a web page ({essence}), not with its API: correct the base_url"))
        }
        // Some services can't but stream. What was said is put together, like a reply that is called JSON and is a
        // stream.
        "text/event-stream" if asked == ReplyForm::Whole && chatty => Ok(ReplyForm::Whole),
        "text/event-stream" if asked == ReplyForm::Whole => {
            protocol(format!("{peer} replied with a stream where a whole reply was requested"))
        }
        // What Ollama sends whole is a stream of one line.
        _ if asked == ReplyForm::Stream && Framing::of(dialect) == Framing::Ndjson => Ok(ReplyForm::Stream),
        "text/event-stream" | "application/x-ndjson" => Ok(asked),
        // Some services name no type, or the wrong one.
        "" | "text/plain" | "application/octet-stream" if chatty => Ok(asked),
        _ if chatty && !essence.ends_with("json") => protocol(format!("{peer} replied with {essence}, not with JSON")),
        _ => Ok(ReplyForm::Whole),
    }
}

/// Whether these bytes begin a stream of server-sent events.
pub(crate) fn begins_stream(bytes: &[u8]) -> bool {
    [&b"data:"[..], b"event:", b"id:", b":"].iter().any(|begin| bytes.trim_ascii_start().starts_with(begin))
}

// === impl ReplyReader ===

impl ReplyReader {
    /// The frames. The stream ends after the format's own end, after an event that says the provider failed, or with
    /// an error.
    pub(crate) fn frames(self, source: ReplySource) -> Frames {
        match self.form {
            ReplyForm::Stream => match self.codec.stream_reader(self.detail) {
                Some(reader) => Stream::new(&self, reader, source).frames(),
                None => {
                    let message =
                        format!("{} does not support streams in the {} format", self.capability, self.dialect);
                    stream::once(async { Err(ProviderError::new(ErrorKind::Protocol, message)) }).boxed()
                }
            },
            // Audio is played while it arrives, so it must not be gathered first.
            ReplyForm::Whole if self.capability == Capability::AudioSpeech => {
                audio_frames(self.max_reply_bytes, source)
            }
            ReplyForm::Whole => stream::once(self.read_whole(source)).boxed(),
        }
    }

    async fn read_whole(mut self, source: ReplySource) -> Result<Frame, ProviderError> {
        let bytes = match source {
            ReplySource::Reply(first, reply) => {
                let rest = reply.collect(self.max_reply_bytes).await?;
                match first {
                    None => rest,
                    Some(first) => [first, rest].concat().into(),
                }
            }
            ReplySource::Recorded(bytes) => bytes.unwrap_or_default(),
        };
        // Before it is read, so that bytes and events name the same tools.
        let bytes = self.names.restore(bytes);
        // Read leniently it would be an empty reply, and billed as one.
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(ProviderError::new(ErrorKind::Protocol, "the provider replied with an empty body"));
        }
        if matches!(self.capability, Capability::Chat | Capability::Completion) && is_stream(self.dialect, &bytes) {
            return self.join_stream(bytes).await;
        }
        let bytes = restore_call(&mut self.call_in_text, bytes);
        // Before the codec, which is lenient and would read an error as an empty reply.
        if let Some(error) = error_in_success(self.dialect, &bytes) {
            let told = self.codec.read_reply(&bytes).unwrap_or_default();
            return Ok(failed_frame(&self.names, Frame { bytes, hidden: false, events: failed(told, error) }));
        }
        let mut events = compute(bytes.len(), || match self.detail {
            Detail::Full => self.codec.read_reply(&bytes),
            Detail::MeterOnly => self.codec.read_reply_facts(&bytes),
        })
        .map_err(|error| wrong_format("reply", &error))?;
        if let Some(error) = find_failure(&events) {
            return Ok(failed_frame(&self.names, Frame { bytes, hidden: false, events: failed(events, error) }));
        }
        // HTTP has said that a whole reply is complete.
        if !events.contains(&ReplyEvent::Ended) {
            events.push(ReplyEvent::Ended);
        }
        Ok(Frame { bytes, hidden: false, events })
    }

    /// The whole reply that a stream would have been.
    async fn join_stream(self, bytes: Bytes) -> Result<Frame, ProviderError> {
        // All of it is read, even where the client gets bytes that nobody looks into: here they are written anew.
        let reader = Self { form: ReplyForm::Stream, detail: Detail::Full, hide_usage: false, ..self };
        let codec = reader.codec;
        let mut frames = reader.frames(ReplySource::Recorded(Some(bytes.clone())));
        let mut events = Vec::new();
        while let Some(frame) = frames.next().await {
            match frame {
                Ok(frame) => events.extend(frame.events),
                Err(error) if events.iter().all(|event| !matches!(event, ReplyEvent::Usage(_))) => return Err(error),
                // As an event, beside what the stream reported until it broke.
                Err(error) => {
                    let ProviderError { kind, message, code, param, .. } = error;
                    events.push(ReplyEvent::Failed(UpstreamError { kind, message, code, param }));
                }
            }
        }
        if let Some(error) = find_failure(&events) {
            // Its frames have the client's words already.
            return Ok(Frame { bytes, hidden: false, events: failed(events, error) });
        }
        // The events of a stream bring its id, model and time along.
        let written = codec.write_reply(&events, &ReplyContext::default()).ok_or_else(|| {
            ProviderError::new(
                ErrorKind::Protocol,
                "the provider replied with a stream where a whole reply was requested",
            )
        })?;
        Ok(Frame { bytes: written.body, hidden: false, events })
    }
}

/// A frame or reply with a call in its place, where the text is one.
fn restore_call(call: &mut Option<CallInText>, bytes: Bytes) -> Bytes {
    match call {
        Some(call) => call.restore(bytes),
        None => bytes,
    }
}

/// Whether a reply that should be whole is a stream.
fn is_stream(dialect: Dialect, bytes: &[u8]) -> bool {
    if Framing::of(dialect) != Framing::Ndjson {
        return begins_stream(bytes);
    }
    // More than one line, and the first is complete: a whole reply may be written over several lines too.
    let mut lines = bytes.trim_ascii().splitn(2, |byte| *byte == b'\n');
    let (first, rest) = (lines.next().unwrap_or_default(), lines.next());
    rest.is_some() && serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok()
}

/// Audio, or whatever else is forwarded as it comes.
fn audio_frames(limit: usize, source: ReplySource) -> Frames {
    stream::unfold((Some(source), 0_usize), move |(source, seen)| async move {
        let mut source = source?;
        match source.next_piece().await {
            Err(error) => Some((Err(error), (None, seen))),
            Ok(None) if seen == 0 => Some((
                Err(ProviderError::new(ErrorKind::Protocol, "the provider replied with an empty body")),
                (None, 0),
            )),
            // Nothing in the bytes says that they are complete: their end has to.
            Ok(None) => Some((Ok(Frame { events: vec![ReplyEvent::Ended], ..Frame::default() }), (None, seen))),
            Ok(Some(bytes)) if seen + bytes.len() > limit => {
                let message = format!("the provider's reply is larger than {limit} bytes");
                Some((Err(ProviderError::new(ErrorKind::Protocol, message)), (None, seen)))
            }
            Ok(Some(bytes)) => {
                let seen = seen + bytes.len();
                let events = vec![ReplyEvent::Bytes(bytes.clone())];
                Some((Ok(Frame { bytes, hidden: false, events }), (Some(source), seen)))
            }
        }
    })
    .boxed()
}

// === impl Source ===

impl ReplySource {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, ProviderError> {
        match self {
            Self::Reply(first, reply) => match first.take() {
                None => reply.next_piece().await,
                first => Ok(first),
            },
            Self::Recorded(bytes) => Ok(bytes.take()),
        }
    }
}

/// A stream while it is read.
struct Stream {
    source: ReplySource,
    splitter: Splitter,
    reader: Box<dyn StreamReader>,
    hide_usage: bool,
    names: ToolNames,
    call_in_text: Option<CallInText>,
    /// Frames that are read but not given out yet.
    ready: VecDeque<Result<Frame, ProviderError>>,
    /// What the splitter has cut; kept for its memory.
    cut: Vec<Bytes>,
    /// What came after the end: it says nothing to the meter, but the client gets it as it came.
    after: BytesMut,
    most_after: usize,
    place: StreamState,
}

/// How far a stream is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamState {
    /// In the middle.
    Open,
    /// The format's end was seen; the end of the bytes not yet.
    Ended,
    /// The provider said that it failed, and the frame that says so waits for what follows it.
    Failed,
    /// Nothing follows.
    Closed,
}

impl Stream {
    fn new(reply: &ReplyReader, reader: Box<dyn StreamReader>, source: ReplySource) -> Self {
        Self {
            source,
            splitter: Splitter::new(Framing::of(reply.dialect), reply.max_frame_bytes),
            reader,
            hide_usage: reply.hide_usage,
            names: reply.names.clone(),
            call_in_text: reply.call_in_text.clone(),
            ready: VecDeque::new(),
            cut: Vec::new(),
            after: BytesMut::new(),
            most_after: reply.max_frame_bytes,
            place: StreamState::Open,
        }
    }

    fn frames(self) -> Frames {
        stream::unfold(self, |mut stream| async move { Some((stream.next().await?, stream)) }).boxed()
    }

    async fn next(&mut self) -> Option<Result<Frame, ProviderError>> {
        loop {
            // The frame of a failure waits for the bytes behind it, which a client of the format may need.
            let failing = self.place == StreamState::Failed && self.ready.len() == 1;
            if !failing && let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            match self.place {
                StreamState::Closed => return None,
                StreamState::Ended => {
                    let bytes = self.read_rest().await;
                    return (!bytes.is_empty()).then(|| Ok(Frame { bytes, ..Frame::default() }));
                }
                StreamState::Failed => {
                    let rest = self.read_rest().await;
                    if let Some(Ok(frame)) = self.ready.front_mut() {
                        frame.bytes = [frame.bytes.as_ref(), &rest].concat().into();
                    }
                }
                StreamState::Open => match self.source.next_piece().await {
                    Ok(Some(piece)) => self.push_piece(piece),
                    Ok(None) => self.finish(),
                    Err(error) => self.fail(error),
                },
            }
        }
    }

    /// The bytes that follow the end, for as long as the provider may take to end them. Nothing comes after that.
    async fn read_rest(&mut self) -> Bytes {
        self.place = StreamState::Closed;
        self.after.extend(self.splitter.finish());
        let read = async {
            while let Ok(Some(piece)) = self.source.next_piece().await {
                // So much is no tail: the connection is given up instead.
                if self.after.len() + piece.len() > self.most_after {
                    break;
                }
                self.after.extend_from_slice(&piece);
            }
        };
        // What came by then is passed on; the rest goes with the connection.
        let _ = tokio::time::timeout(TAIL, read).await;
        self.after.split().freeze()
    }

    /// Cuts and reads a piece.
    fn push_piece(&mut self, piece: Bytes) {
        let mut cut = std::mem::take(&mut self.cut);
        // Frames that were complete before a frame became too long are still given.
        let good = self.splitter.push(piece.clone(), &mut cut);
        for bytes in cut.drain(..) {
            if self.place == StreamState::Open {
                self.read(bytes, &piece);
            } else {
                self.after.extend_from_slice(&bytes);
            }
        }
        self.cut = cut;
        // What follows the end can't fail a reply that is complete.
        if let Err(error) = good
            && self.place == StreamState::Open
        {
            self.fail(ProviderError::new(ErrorKind::Protocol, error.to_string()));
        }
    }

    fn read(&mut self, bytes: Bytes, piece: &Bytes) {
        let bytes = restore_call(&mut self.call_in_text, self.names.restore(bytes));
        match self.reader.push(&bytes) {
            Ok(events) => {
                let hidden = self.hide_usage && self.reader.is_usage_only();
                let frame = Frame { bytes, hidden, events };
                let last = self.ready.back_mut().and_then(|last| last.as_mut().ok());
                if let Some(frame) = joined_frames::join(last, frame, piece) {
                    self.push_frame(frame);
                }
            }
            Err(error) => self.fail(wrong_format("stream", &error)),
        }
    }

    /// At the end of the bytes: what is left, and whether it may end here.
    fn finish(&mut self) {
        if let Some(bytes) = self.splitter.finish().filter(|bytes| !bytes.iter().all(u8::is_ascii_whitespace)) {
            let bytes = restore_call(&mut self.call_in_text, self.names.restore(bytes));
            // Half a frame is not forwarded.
            match self.reader.push(&bytes) {
                Ok(events) => {
                    let hidden = self.hide_usage && self.reader.is_usage_only();
                    self.push_frame(Frame { bytes, hidden, events });
                }
                Err(_) => return self.fail(stream_was_cut()),
            }
        }
        if self.place == StreamState::Open {
            // Some services end the bytes without the format's own end; a reader knows whether its format may end so.
            let events = self.reader.finish();
            if events.contains(&ReplyEvent::Ended) {
                self.push_frame(Frame { events, ..Frame::default() });
            } else {
                self.fail(stream_was_cut());
            }
        }
        self.place = StreamState::Closed;
    }

    fn push_frame(&mut self, frame: Frame) {
        if frame.events.iter().any(|event| matches!(event, ReplyEvent::Failed(_))) {
            self.place = StreamState::Failed;
            self.ready.push_back(Ok(failed_frame(&self.names, frame)));
            return;
        }
        if frame.events.contains(&ReplyEvent::Ended) {
            self.place = StreamState::Ended;
        }
        self.ready.push_back(Ok(frame));
    }

    fn fail(&mut self, error: ProviderError) {
        self.place = StreamState::Closed;
        self.ready.push_back(Err(error));
    }
}

fn stream_was_cut() -> ProviderError {
    ProviderError::new(ErrorKind::Protocol, "the stream ended before it was complete")
}

fn wrong_format(what: &str, error: &ReadError) -> ProviderError {
    ProviderError::new(
        ErrorKind::Protocol,
        format!("the provider's {what} does not have the format of its API: {error}"),
    )
}
