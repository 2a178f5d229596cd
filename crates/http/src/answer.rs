//! The answer on its way out: bytes as they came where the provider speaks the client's format, else written anew.

use crate::door::Door;
use crate::headers;
use crate::responses::Keep;
use crate::timing::Watch;
use axum::body::Body;
use axum::response::Response;
use baton_dialect::framing::Framing;
use baton_dialect::{Codec, ReplyContext, StreamWriter, Written, codec, native};
use baton_engine::{Answer, Head};
use baton_model::record::CacheUse;
use baton_model::{Capability, Clock, Code, Event, PublicError, RequestId, Timestamp};
use baton_provider::{Form, Frame};
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// What the client wants, and what a writer needs to know of it.
pub struct Wanted {
    /// The door it came through.
    pub door: Door,
    /// What was asked.
    pub capability: Capability,
    /// Whether as a stream.
    pub form: Form,
    /// Whether with usage inside the stream.
    pub include_usage: bool,
    /// Whether vectors as base64.
    pub base64: bool,
    /// The client's request, for formats whose replies repeat it; empty for others.
    pub request: Bytes,
    /// Who keeps a response, or notes that the provider does; `None` where none is to be kept.
    pub keep: Option<Keep>,
    /// The request's id.
    pub id: RequestId,
    /// When it arrived.
    pub arrived: Timestamp,
    /// Silence after which a comment is sent.
    pub keep_alive: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

type Frames = BoxStream<'static, Result<Frame, PublicError>>;

/// The response: its head is certain now, so an error from here on can only be told inside the stream.
///
/// # Errors
/// If a whole answer fails before it is complete.
pub async fn respond(answer: Answer, wanted: Wanted) -> Result<Response, PublicError> {
    let Answer { head, frames } = answer;
    // Bytes of the client's own format are forwarded as they came.
    let as_it_came = head.dialect == wanted.door.dialect() && head.serves == wanted.capability;
    match (wanted.form, head.form) {
        // Sound is played while it arrives.
        (Form::Whole, Form::Whole) if as_it_came && wanted.capability == Capability::AudioSpeech => {
            let body = Body::from_stream(frames.map_ok(|frame| frame.bytes));
            Ok(respond_with(body, &head.content_type, &head, &wanted))
        }
        (Form::Whole, Form::Whole) if as_it_came => {
            let body = collect(frames, &head, wanted.keep.as_ref()).await?;
            Ok(whole(body, head.content_type.clone(), &head, &wanted))
        }
        (Form::Whole, _) => {
            let mut events = events(frames).await?;
            Watch::new(wanted.door, wanted.arrived, &wanted.clock).look(&mut events);
            let mut context = context(&head, &wanted);
            let mut written = write_reply(&wanted, &events, &context)?;
            if let (Some(keep), true) = (&wanted.keep, context.stored)
                && !keep.own(&head, &written.body).await
            {
                context.stored = false;
                written = write_reply(&wanted, &events, &context)?;
            }
            let mut head = head;
            head.warnings.extend(written.dropped.iter().map(|drop| format!("{}: {}", drop.field, drop.reason)));
            Ok(whole(written.body, written.content_type, &head, &wanted))
        }
        (Form::Stream, Form::Stream) if as_it_came => {
            let content_type = head.content_type.clone();
            let writer = stream_writer(&head, &wanted)?;
            Ok(streamed(Forward::AsItCame, frames, writer, content_type, head, wanted))
        }
        (Form::Stream, _) => {
            let content_type = Framing::of(wanted.door.dialect()).content_type().to_owned();
            let writer = stream_writer(&head, &wanted)?;
            Ok(streamed(Forward::Written, frames, writer, content_type, head, wanted))
        }
    }
}

fn codec_of(wanted: &Wanted) -> Result<&'static dyn Codec, PublicError> {
    let dialect = wanted.door.dialect();
    codec(dialect, wanted.capability)
        .ok_or_else(|| PublicError::new(Code::Internal, format!("{dialect} has no {}", wanted.capability)))
}

fn write_reply(wanted: &Wanted, events: &[Event], context: &ReplyContext) -> Result<Written, PublicError> {
    codec_of(wanted)?.write_reply(events, context).ok_or_else(|| unwritten(wanted))
}

fn stream_writer(head: &Head, wanted: &Wanted) -> Result<Box<dyn StreamWriter>, PublicError> {
    codec_of(wanted)?.stream_writer(context(head, wanted)).ok_or_else(|| unwritten(wanted))
}

/// A reply of an endpoint whose replies are only passed through, or that never streams.
fn unwritten(wanted: &Wanted) -> PublicError {
    let message = format!("a reply of {} is not written in the {} format", wanted.capability, wanted.door.dialect());
    PublicError::new(Code::Internal, message)
}

fn context(head: &Head, wanted: &Wanted) -> ReplyContext {
    ReplyContext {
        id: wanted.id.to_string(),
        model: head.model.to_string(),
        created: wanted.arrived.seconds(),
        include_usage: wanted.include_usage,
        base64: wanted.base64,
        request: wanted.request.clone(),
        stored: wanted.keep.as_ref().is_some_and(Keep::is_own_kept),
    }
}

async fn collect(mut frames: Frames, head: &Head, keep: Option<&Keep>) -> Result<Bytes, PublicError> {
    let mut events = Vec::new();
    let mut note = |frame: &mut Frame| {
        if keep.is_some() {
            events.append(&mut frame.events);
        }
    };
    let Some(mut first) = frames.try_next().await? else { return Ok(Bytes::new()) };
    note(&mut first);
    let body = match frames.try_next().await? {
        None => first.bytes,
        Some(mut next) => {
            let mut body = BytesMut::from(first.bytes);
            note(&mut next);
            body.extend_from_slice(&next.bytes);
            while let Some(mut frame) = frames.try_next().await? {
                note(&mut frame);
                body.extend_from_slice(&frame.bytes);
            }
            body.freeze()
        }
    };
    if let Some(keep) = keep {
        keep.note(head, &events).await;
    }
    Ok(body)
}

async fn events(frames: Frames) -> Result<Vec<Event>, PublicError> {
    frames
        .try_fold(Vec::new(), |mut events, frame| async move {
            events.extend(frame.events);
            Ok(events)
        })
        .await
}

fn whole(body: Bytes, content_type: String, head: &Head, wanted: &Wanted) -> Response {
    let (body, content_type) = match wanted.door {
        Door::Native => (native::wrap(&summary(head, wanted), &body).into(), "application/json".into()),
        _ => (body, content_type),
    };
    respond_with(Body::from(body), &content_type, head, wanted)
}

fn respond_with(body: Body, content_type: &str, head: &Head, wanted: &Wanted) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, headers::value(content_type));
    headers::describe(response.headers_mut(), head, wanted.id.as_str());
    name(response.headers_mut(), wanted);
    response
}

/// Anthropic's clients read the request's id under another name; the provider's own stays, if it sent one.
fn name(headers: &mut HeaderMap, wanted: &Wanted) {
    if wanted.door == Door::Anthropic {
        headers.entry("request-id").or_insert_with(|| headers::value(wanted.id.as_str()));
    }
}

/// What Baton's own API tells beside the reply.
fn summary(head: &Head, wanted: &Wanted) -> native::Summary {
    native::Summary {
        request_id: wanted.id.clone(),
        model_id: head.model.clone(),
        provider: head.provider.clone(),
        latency_ms: u64::try_from(wanted.clock.now().since(wanted.arrived).as_millis()).unwrap_or(u64::MAX),
        cost: head.bill.get().copied().unwrap_or_default(),
        cached: head.cache == CacheUse::Hit,
        attempts: u32::try_from(head.attempts).unwrap_or(u32::MAX),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Forward {
    AsItCame,
    Written,
}

/// A stream on its way out.
struct Outgoing {
    forward: Forward,
    frames: Frames,
    writer: Box<dyn StreamWriter>,
    head: Head,
    wanted: Wanted,
    watch: Watch,
    over: bool,
}

fn streamed(
    forward: Forward,
    frames: Frames,
    writer: Box<dyn StreamWriter>,
    content_type: String,
    head: Head,
    wanted: Wanted,
) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, headers::value(&content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that would gather the stream into one piece (nginx) are asked not to.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    headers::describe(&mut headers, &head, wanted.id.as_str());
    name(&mut headers, &wanted);
    let watch = Watch::new(wanted.door, wanted.arrived, &wanted.clock);
    let outgoing = Outgoing { forward, frames, writer, head, wanted, watch, over: false };
    let body = stream::unfold(outgoing, |mut outgoing| async move {
        let bytes = outgoing.next().await?;
        Some((Ok::<_, Infallible>(bytes), outgoing))
    });
    let mut response = Response::new(Body::from_stream(body));
    *response.headers_mut() = headers;
    response
}

impl Outgoing {
    /// The next bytes for the client; a comment when it was silent for too long.
    async fn next(&mut self) -> Option<Bytes> {
        let comments = Framing::of(self.wanted.door.dialect()) == Framing::Sse;
        loop {
            if self.over {
                return None;
            }
            let silence = tokio::time::sleep(self.wanted.keep_alive);
            let item = tokio::select! {
                item = self.frames.next() => item,
                () = silence, if comments => return Some(Bytes::from_static(b": keep-alive\n\n")),
            };
            let bytes = match item {
                Some(Ok(frame)) => {
                    if let (Some(keep), Forward::AsItCame) = (&self.wanted.keep, self.forward) {
                        keep.note(&self.head, &frame.events).await;
                    }
                    let ended = frame.events.contains(&Event::Ended);
                    let bytes = self.write(frame);
                    if let (Some(keep), Forward::Written, true) = (&self.wanted.keep, self.forward, ended) {
                        keep.own_of_stream(&self.head, &bytes).await;
                    }
                    bytes
                }
                Some(Err(error)) => {
                    self.over = true;
                    self.fail(&error)
                }
                None => return None,
            };
            if !bytes.is_empty() {
                return Some(bytes);
            }
        }
    }

    /// The provider's own words, where the client speaks its language.
    fn fail(&mut self, error: &PublicError) -> Bytes {
        match &error.upstream {
            Some(upstream) if self.forward == Forward::AsItCame => upstream.body.clone(),
            _ => self.writer.fail(error, self.wanted.id.as_str()),
        }
    }

    fn write(&mut self, mut frame: Frame) -> Bytes {
        let ended = frame.events.contains(&Event::Ended);
        let summary = (ended && self.wanted.door == Door::Native)
            .then(|| native::write_summary(&summary(&self.head, &self.wanted)));
        let bytes = match self.forward {
            Forward::AsItCame if frame.hidden => Bytes::new(),
            Forward::AsItCame => frame.bytes,
            Forward::Written => {
                let mut bytes = BytesMut::new();
                self.watch.look(&mut frame.events);
                for event in &frame.events {
                    // The summary stands before the end of the stream.
                    if let (Event::Ended, Some(summary)) = (event, &summary) {
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
