//! The way back: bytes become frames, whether they come from a socket or from a recording.

use baton_dialect::framing::{Framing, Splitter};
use baton_dialect::{Codec, ReadError, StreamReader};
use baton_model::fault::{ErrorKind, UpstreamBody};
use baton_model::{Capability, Detail, Dialect, Event};
use baton_provider_api::transport::Reply;
use baton_provider_api::{Form, Frame, ProviderError};
use baton_tasks::compute;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::time::Duration;

/// How long the end of the bytes is waited for after the format's own end, so that the connection can be used again.
const TAIL: Duration = Duration::from_secs(1);

/// How a reply is read.
pub(crate) struct ReplyReader {
    pub(crate) codec: &'static dyn Codec,
    pub(crate) dialect: Dialect,
    pub(crate) capability: Capability,
    pub(crate) form: Form,
    pub(crate) detail: Detail,
    pub(crate) hide_usage: bool,
    pub(crate) max_frame_bytes: usize,
    pub(crate) max_reply_bytes: usize,
}

/// Where its bytes come from.
pub(crate) enum Source {
    /// A provider, and the first piece if that was looked at already.
    Reply(Option<Bytes>, Box<Reply>),
    /// A recording; `None` once it was given out.
    Recorded(Option<Bytes>),
}

type Frames = BoxStream<'static, Result<Frame, ProviderError>>;

/// The form in which a good reply comes, by its media type.
pub(crate) fn form(
    asked: Form,
    dialect: Dialect,
    capability: Capability,
    content_type: &str,
    peer: &str,
) -> Result<Form, ProviderError> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let chatty = matches!(capability, Capability::Chat | Capability::Completion);
    let protocol = |message| Err(ProviderError::new(ErrorKind::Protocol, message));
    match essence.as_str() {
        // Mostly a base_url that leads to a dashboard or a proxy's login page.
        "text/html" | "application/xhtml+xml" => {
            protocol(format!("{peer} replied with a web page ({essence}), not with its API: correct the base_url"))
        }
        // Reading it as a whole would need a second reader, for a service that ignores `stream: false`.
        "text/event-stream" if asked == Form::Whole => {
            protocol(format!("{peer} replied with a stream where a whole reply was requested"))
        }
        // What Ollama sends whole is a stream of one line.
        _ if asked == Form::Stream && Framing::of(dialect) == Framing::Ndjson => Ok(Form::Stream),
        "text/event-stream" | "application/x-ndjson" => Ok(asked),
        // Some services name no type, or the wrong one.
        "" | "text/plain" | "application/octet-stream" if chatty => Ok(asked),
        _ if chatty && !essence.ends_with("json") => protocol(format!("{peer} replied with {essence}, not with JSON")),
        _ => Ok(Form::Whole),
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
    pub(crate) fn frames(self, source: Source) -> Frames {
        match self.form {
            Form::Stream => match self.codec.stream_reader(self.detail) {
                Some(reader) => Stream::new(&self, reader, source).frames(),
                None => {
                    let message = format!("{} has no streams in the {} format", self.capability, self.dialect);
                    stream::once(async { Err(ProviderError::new(ErrorKind::Protocol, message)) }).boxed()
                }
            },
            // Audio is played while it arrives, so it must not be gathered first.
            Form::Whole if self.capability == Capability::AudioSpeech => audio_frames(self.max_reply_bytes, source),
            Form::Whole => stream::once(self.whole(source)).boxed(),
        }
    }

    async fn whole(self, source: Source) -> Result<Frame, ProviderError> {
        let bytes = match source {
            Source::Reply(first, reply) => {
                let rest = reply.collect(self.max_reply_bytes).await?;
                match first {
                    None => rest,
                    Some(first) => [first, rest].concat().into(),
                }
            }
            Source::Recorded(bytes) => bytes.unwrap_or_default(),
        };
        // Read leniently it would be an empty reply, and billed as one.
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(ProviderError::new(ErrorKind::Protocol, "the provider replied with an empty body"));
        }
        // Before the codec, which is lenient and would read an error as an empty reply.
        if let Some(error) = error_in_success(self.dialect, &bytes) {
            return Err(error);
        }
        let events =
            compute(bytes.len(), || self.codec.read_reply(&bytes)).map_err(|error| wrong_format("reply", &error))?;
        match events.into_iter().partition::<Vec<_>, _>(|event| matches!(event, Event::Failed(_))) {
            (failed, _) if !failed.is_empty() => {
                let error = failed
                    .into_iter()
                    .find_map(|event| if let Event::Failed(error) = event { Some(error) } else { None });
                Err(error.map_or_else(|| ProviderError::new(ErrorKind::Internal, "the provider failed"), Into::into))
            }
            (_, mut events) => {
                // HTTP has said that a whole reply is complete.
                if !events.contains(&Event::Ended) {
                    events.push(Event::Ended);
                }
                Ok(Frame { bytes, hidden: false, events })
            }
        }
    }
}

/// Audio, or whatever else is forwarded as it comes.
fn audio_frames(limit: usize, source: Source) -> Frames {
    stream::unfold((Some(source), 0_usize), move |(source, seen)| async move {
        let mut source = source?;
        match source.piece().await {
            Err(error) => Some((Err(error), (None, seen))),
            Ok(None) if seen == 0 => Some((
                Err(ProviderError::new(ErrorKind::Protocol, "the provider replied with an empty body")),
                (None, 0),
            )),
            Ok(None) => Some((Ok(Frame { events: vec![Event::Ended], ..Frame::default() }), (None, seen))),
            Ok(Some(bytes)) if seen + bytes.len() > limit => {
                let message = format!("the provider's reply is larger than {limit} bytes");
                Some((Err(ProviderError::new(ErrorKind::Protocol, message)), (None, seen)))
            }
            Ok(Some(bytes)) => {
                let seen = seen + bytes.len();
                let events = vec![Event::Bytes(bytes.clone())];
                Some((Ok(Frame { bytes, hidden: false, events }), (Some(source), seen)))
            }
        }
    })
    .boxed()
}

// === impl Source ===

impl Source {
    async fn piece(&mut self) -> Result<Option<Bytes>, ProviderError> {
        match self {
            Self::Reply(first, reply) => match first.take() {
                None => reply.piece().await,
                first => Ok(first),
            },
            Self::Recorded(bytes) => Ok(bytes.take()),
        }
    }
}

/// A stream while it is read.
struct Stream {
    source: Source,
    splitter: Splitter,
    reader: Box<dyn StreamReader>,
    hide_usage: bool,
    /// Frames that are cut but not given out yet.
    ready: VecDeque<Result<Frame, ProviderError>>,
    /// What came after the end: it says nothing to the meter, but the client gets it as it came.
    after: BytesMut,
    most_after: usize,
    place: Place,
}

/// How far a stream is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
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
    fn new(reply: &ReplyReader, reader: Box<dyn StreamReader>, source: Source) -> Self {
        Self {
            source,
            splitter: Splitter::new(Framing::of(reply.dialect), reply.max_frame_bytes),
            reader,
            hide_usage: reply.hide_usage,
            ready: VecDeque::new(),
            after: BytesMut::new(),
            most_after: reply.max_frame_bytes,
            place: Place::Open,
        }
    }

    fn frames(self) -> Frames {
        stream::unfold(self, |mut stream| async move { Some((stream.next().await?, stream)) }).boxed()
    }

    async fn next(&mut self) -> Option<Result<Frame, ProviderError>> {
        loop {
            // The frame of a failure waits for the bytes behind it, which a client of the format may need.
            let failing = self.place == Place::Failed && self.ready.len() == 1;
            if !failing && let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            match self.place {
                Place::Closed => return None,
                Place::Ended => {
                    let bytes = self.rest().await;
                    return (!bytes.is_empty()).then(|| Ok(Frame { bytes, ..Frame::default() }));
                }
                Place::Failed => {
                    let rest = self.rest().await;
                    if let Some(Ok(frame)) = self.ready.front_mut() {
                        frame.bytes = [frame.bytes.as_ref(), &rest].concat().into();
                    }
                }
                Place::Open => match self.source.piece().await {
                    Ok(Some(piece)) => self.take(piece),
                    Ok(None) => self.finish(),
                    Err(error) => self.fail(error),
                },
            }
        }
    }

    /// The bytes that follow the end, for as long as the provider may take to end them. Nothing comes after that.
    async fn rest(&mut self) -> Bytes {
        self.place = Place::Closed;
        self.after.extend(self.splitter.finish());
        let read = async {
            while let Ok(Some(piece)) = self.source.piece().await {
                // So much is no tail: the connection is given up instead.
                if self.after.len() + piece.len() > self.most_after {
                    break;
                }
                self.after.extend_from_slice(&piece);
            }
        };
        let _ = tokio::time::timeout(TAIL, read).await;
        self.after.split().freeze()
    }

    /// Cuts and reads a piece.
    fn take(&mut self, piece: Bytes) {
        let mut cut = Vec::new();
        // Frames that were complete before a frame became too long are still given.
        let good = self.splitter.push(piece, &mut cut);
        for bytes in cut {
            if self.place == Place::Open {
                self.read(bytes);
            } else {
                self.after.extend_from_slice(&bytes);
            }
        }
        // What follows the end can't fail a reply that is complete.
        if let Err(error) = good
            && self.place == Place::Open
        {
            self.fail(ProviderError::new(ErrorKind::Protocol, error.to_string()));
        }
    }

    fn read(&mut self, bytes: Bytes) {
        match self.reader.push(&bytes) {
            Ok(events) => {
                let hidden = self.hide_usage && self.reader.is_usage_only();
                self.give(Frame { bytes, hidden, events });
            }
            Err(error) => self.fail(wrong_format("stream", &error)),
        }
    }

    /// At the end of the bytes: what is left, and whether it may end here.
    fn finish(&mut self) {
        if let Some(bytes) = self.splitter.finish().filter(|bytes| !bytes.iter().all(u8::is_ascii_whitespace)) {
            // Half a frame is not forwarded.
            match self.reader.push(&bytes) {
                Ok(events) => {
                    let hidden = self.hide_usage && self.reader.is_usage_only();
                    self.give(Frame { bytes, hidden, events });
                }
                Err(_) => return self.fail(stream_was_cut()),
            }
        }
        if self.place == Place::Open {
            // Some services end the bytes without the format's own end; a reader knows whether its format may end so.
            let events = self.reader.finish();
            if events.contains(&Event::Ended) {
                self.give(Frame { events, ..Frame::default() });
            } else {
                self.fail(stream_was_cut());
            }
        }
        self.place = Place::Closed;
    }

    fn give(&mut self, frame: Frame) {
        if frame.events.iter().any(|event| matches!(event, Event::Failed(_))) {
            self.place = Place::Failed;
        } else if frame.events.contains(&Event::Ended) {
            self.place = Place::Ended;
        }
        self.ready.push_back(Ok(frame));
    }

    fn fail(&mut self, error: ProviderError) {
        self.place = Place::Closed;
        self.ready.push_back(Err(error));
    }
}

fn stream_was_cut() -> ProviderError {
    ProviderError::new(ErrorKind::Protocol, "the stream ended before its end")
}

fn wrong_format(what: &str, error: &ReadError) -> ProviderError {
    ProviderError::new(ErrorKind::Protocol, format!("the provider's {what} is not of its format: {error}"))
}

/// An error that came with status 200, as some services send it: `{"error": …}` beside or instead of a reply.
fn error_in_success(dialect: Dialect, body: &[u8]) -> Option<ProviderError> {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Inner {
        code: Option<u16>,
    }
    // A reply never begins with `error`; to look only there keeps long answers from being parsed twice.
    let start = body.get(..200).unwrap_or(body);
    if !start.windows(7).any(|window| window == b"\"error\"") {
        return None;
    }
    let error = serde_json::from_slice::<Probe<'_>>(body).ok()?.error.filter(|error| error.get() != "null")?;
    let said = serde_json::from_str::<Inner>(error.get()).ok().and_then(|inner| inner.code);
    let status = said.filter(|code| (400..600).contains(code)).unwrap_or(500);
    let mut found = ProviderError::from(baton_dialect::error::read(dialect, status, body));
    // It goes on as it came, to a client that speaks the format.
    found.upstream = Some(UpstreamBody::json(dialect, 200, Bytes::copy_from_slice(body)));
    Some(found)
}
