//! A reply that leaves as a stream.

use super::options::{Frames, PendingReply, ReplyMode, ReplyOptions, with_content_type, with_headers};
use crate::timing::Stopwatch;
use axum::body::Body;
use axum::response::Response;
use baton_dialect::framing::Framing;
use baton_dialect::{StreamWriter, native};
use baton_engine::{Reply, ReplyHead};
use baton_model::{PublicError, ReplyEvent};
use baton_provider_api::{Frame, ReplyForm};
use baton_tasks::Alarm;
use baton_web::ClientApi;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue};
use std::convert::Infallible;
use std::future::poll_fn;
use std::task::Poll;
use tokio::time::Instant;

/// What is sent while there is nothing to say: a comment, which readers of server-sent events pass over.
const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// A stream on its way out.
struct Outgoing {
    mode: ReplyMode,
    frames: Frames,
    writer: Box<dyn StreamWriter>,
    head: ReplyHead,
    options: ReplyOptions,
    watch: Stopwatch,
    silence: Alarm,
    finished: bool,
}

/// Begins the response to a reply that has begun.
///
/// # Errors
/// If the client's format has no streams of this kind.
pub(super) fn start(reply: Reply, options: ReplyOptions) -> Result<Response, PublicError> {
    let outgoing = Outgoing::new(reply, options)?;
    let content_type = match outgoing.mode {
        ReplyMode::Passthrough => outgoing.head.content_type.as_str(),
        ReplyMode::Translated => Framing::of(outgoing.options.api.dialect()).content_type(),
    };
    let response = with_headers(Body::empty(), content_type, &outgoing.head, &outgoing.options);
    Ok(with_stream(response, outgoing.into_stream()))
}

/// Whether a response may begin before its reply, kept alive by comments. Ollama's lines have none: its clients get a head
/// with the first content.
pub(super) fn may_start_early(options: &ReplyOptions) -> bool {
    options.form == ReplyForm::Stream && has_comments(options) && options.failure_writer().is_some()
}

/// Begins the response to a reply that has not begun for so long that somebody between client and Baton might give it up.
///
/// Its status is 200, whatever becomes of it: an error from here on is told inside the stream. The headers that say who
/// replies are missing, because that is not known yet.
///
/// # Errors
/// If the client's format has no streams of this kind.
pub(super) fn start_early(mut pending: PendingReply, options: ReplyOptions) -> Result<Response, PublicError> {
    let mut writer = options.failure_writer().ok_or_else(|| options.unwritable_error())?;
    options.head_sent.mark();
    let content_type = Framing::of(options.api.dialect()).content_type();
    let response = with_content_type(Body::empty(), content_type);
    let frames = async_stream::stream! {
        // The silence has lasted already.
        yield KEEP_ALIVE;
        let reply = loop {
            let silence = tokio::time::sleep(options.keep_alive);
            tokio::select! {
                reply = &mut pending => break reply,
                () = silence => {}
            }
            yield KEEP_ALIVE;
        };
        let id = options.id.clone();
        match reply.and_then(|reply| Outgoing::new(reply, options)) {
            Ok(mut outgoing) => {
                while let Some(bytes) = outgoing.next().await {
                    yield bytes;
                }
            }
            Err(error) => yield writer.fail(&error, id.as_str()),
        }
    };
    Ok(with_stream(response, frames))
}

fn with_stream(mut response: Response, stream: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that would gather the stream into one piece (nginx) are asked not to.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    *response.body_mut() = Body::from_stream(stream.map(Ok::<_, Infallible>));
    response
}

/// Only server-sent events have comments.
fn has_comments(options: &ReplyOptions) -> bool {
    Framing::of(options.api.dialect()) == Framing::Sse
}

impl Outgoing {
    /// The stream of a reply.
    ///
    /// # Errors
    /// If the client's format has no streams of this kind.
    fn new(reply: Reply, options: ReplyOptions) -> Result<Self, PublicError> {
        let Reply { head, frames } = reply;
        let passes = options.passes(&head) && head.form == ReplyForm::Stream;
        let mode = if passes { ReplyMode::Passthrough } else { ReplyMode::Translated };
        // Passthrough needs a writer too: for the error that ends a stream.
        let writer =
            options.codec()?.stream_writer(options.context(&head)).ok_or_else(|| options.unwritable_error())?;
        let watch = Stopwatch::new(options.api, options.arrived, &options.clock);
        Ok(Self { mode, frames, writer, head, options, watch, silence: Alarm::default(), finished: false })
    }

    fn into_stream(self) -> impl Stream<Item = Bytes> + Send {
        stream::unfold(self, |mut outgoing| async move { outgoing.next().await.map(|bytes| (bytes, outgoing)) })
    }

    /// The next bytes for the client; a comment when it was silent for too long.
    async fn next(&mut self) -> Option<Bytes> {
        let comments = has_comments(&self.options);
        loop {
            if self.finished {
                return None;
            }
            // Begun anew for each frame: only silence on the provider's side is filled.
            let mut silent_at = None;
            let next = poll_fn(|context| match self.frames.poll_next_unpin(context) {
                Poll::Pending if comments => {
                    let due = *silent_at.get_or_insert_with(|| Instant::now() + self.options.keep_alive);
                    self.silence.poll(context, due).map(|()| None)
                }
                item => item.map(Some),
            });
            let Some(item) = next.await else { return Some(KEEP_ALIVE) };
            let bytes = match item {
                Some(Ok(frame)) => self.write_observed(frame),
                Some(Err(error)) => {
                    // An error ends the stream: a frame after it would contradict it.
                    self.finished = true;
                    self.fail(&error)
                }
                None => return None,
            };
            // Hidden frames have no bytes for the client; the next frame is waited for instead.
            if !bytes.is_empty() {
                return Some(bytes);
            }
        }
    }

    /// The bytes of a frame, which the observer sees too.
    fn write_observed(&mut self, frame: Frame) -> Bytes {
        let Some(observer) = self.options.observer.clone() else { return self.write(frame) };
        if self.mode == ReplyMode::Passthrough {
            observer.observe_passthrough(&self.head, &frame.events);
            return self.write(frame);
        }
        let ended = frame.events.contains(&ReplyEvent::Ended);
        // Written first: the observer stores the bytes that the client gets.
        let bytes = self.write(frame);
        if ended {
            observer.stream_ended(&self.head, &bytes);
        }
        bytes
    }

    /// The provider's own error, where the client speaks its format.
    fn fail(&mut self, error: &PublicError) -> Bytes {
        match &error.upstream {
            // The client's SDK knows the vendor's own error, and may act on its code.
            Some(upstream) if self.mode == ReplyMode::Passthrough => upstream.body.clone(),
            _ => self.writer.fail(error, self.options.id.as_str()),
        }
    }

    fn write(&mut self, mut frame: Frame) -> Bytes {
        let ended = frame.events.contains(&ReplyEvent::Ended);
        let summary = (ended && self.options.api == ClientApi::Native)
            .then(|| native::write_summary(&self.options.summary(&self.head)));
        let bytes = match self.mode {
            ReplyMode::Passthrough if frame.hidden => Bytes::new(),
            ReplyMode::Passthrough => frame.bytes,
            ReplyMode::Translated => {
                let mut bytes = BytesMut::new();
                self.watch.look(&mut frame.events);
                for event in &frame.events {
                    // The summary stands before the end of the stream.
                    if let (ReplyEvent::Ended, Some(summary)) = (event, &summary) {
                        bytes.extend_from_slice(summary);
                    }
                    bytes.extend_from_slice(&self.writer.push(event));
                }
                return bytes.freeze();
            }
        };
        match summary {
            None => bytes,
            Some(summary) => [summary, bytes].concat().into(),
        }
    }
}
