//! A reply that leaves as a stream.

use super::options::{Frames, ReplyMode, ReplyOptions, with_headers};
use crate::timing::Stopwatch;
use axum::body::Body;
use axum::response::Response;
use baton_dialect::framing::Framing;
use baton_dialect::{StreamWriter, native};
use baton_engine::ReplyHead;
use baton_model::{PublicError, ReplyEvent};
use baton_provider_api::Frame;
use baton_web::ClientApi;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue};
use std::convert::Infallible;

/// A stream on its way out.
struct Outgoing {
    mode: ReplyMode,
    frames: Frames,
    writer: Box<dyn StreamWriter>,
    head: ReplyHead,
    options: ReplyOptions,
    watch: Stopwatch,
    finished: bool,
}

/// Begins the response.
///
/// # Errors
/// If the client's format has no streams of this kind.
pub(super) fn start(
    mode: ReplyMode,
    frames: Frames,
    head: ReplyHead,
    options: ReplyOptions,
) -> Result<Response, PublicError> {
    let content_type = match mode {
        ReplyMode::Passthrough => head.content_type.clone(),
        ReplyMode::Translated => Framing::of(options.api.dialect()).content_type().to_owned(),
    };
    // Passthrough needs a writer too: for the error that ends a stream.
    let writer = options.codec()?.stream_writer(options.context(&head)).ok_or_else(|| options.unwritable_error())?;
    let mut response = with_headers(Body::empty(), &content_type, &head, &options);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that would gather the stream into one piece (nginx) are asked not to.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    let watch = Stopwatch::new(options.api, options.arrived, &options.clock);
    let outgoing = Outgoing { mode, frames, writer, head, options, watch, finished: false };
    let body = stream::unfold(outgoing, |mut outgoing| async move {
        let bytes = outgoing.next().await?;
        Some((Ok::<_, Infallible>(bytes), outgoing))
    });
    *response.body_mut() = Body::from_stream(body);
    Ok(response)
}

impl Outgoing {
    /// The next bytes for the client; a comment when it was silent for too long.
    async fn next(&mut self) -> Option<Bytes> {
        // Only server-sent events have comments.
        let comments = Framing::of(self.options.api.dialect()) == Framing::Sse;
        loop {
            if self.finished {
                return None;
            }
            // Begun anew for each frame: only silence on the provider's side is filled.
            let silence = tokio::time::sleep(self.options.keep_alive);
            let item = tokio::select! {
                item = self.frames.next() => item,
                () = silence, if comments => return Some(Bytes::from_static(b": keep-alive\n\n")),
            };
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
