//! A reply that leaves in one piece.

use super::options::{Frames, ReplyOptions, with_headers};
use crate::timing::Stopwatch;
use axum::body::Body;
use axum::response::Response;
use baton_dialect::{EncodedBody, ReplyContext, native};
use baton_engine::ReplyHead;
use baton_model::{PublicError, ReplyEvent};
use baton_provider_api::Frame;
use baton_web::ClientApi;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;

/// Bytes that the client may use before they are complete.
pub(super) fn as_it_arrives(frames: Frames, head: &ReplyHead, options: &ReplyOptions) -> Response {
    // An error on the way can only break the connection: audio has no place for a sentence.
    let body = Body::from_stream(frames.map_ok(|frame| frame.bytes));
    with_headers(body, &head.content_type, head, options)
}

/// The provider's own bytes, complete.
///
/// # Errors
/// If the reply fails before it is complete.
pub(super) async fn pass_through(
    mut frames: Frames,
    head: &ReplyHead,
    options: &ReplyOptions,
) -> Result<Response, PublicError> {
    let mut events = Vec::new();
    let mut take_events = |frame: &mut Frame| {
        // Collected for the observer alone: a whole reply's events are a second copy of it.
        if options.observer.is_some() {
            events.append(&mut frame.events);
        }
    };
    let mut body = Bytes::new();
    if let Some(mut first) = frames.try_next().await? {
        take_events(&mut first);
        // Nearly always there is one frame only, whose bytes need not be copied.
        body = first.bytes;
        let mut joined = BytesMut::new();
        while let Some(mut next) = frames.try_next().await? {
            take_events(&mut next);
            if joined.is_empty() {
                joined.extend_from_slice(&body);
            }
            joined.extend_from_slice(&next.bytes);
        }
        if !joined.is_empty() {
            body = joined.freeze();
        }
    }
    if let Some(observer) = &options.observer {
        observer.observe_passthrough(head, &events);
    }
    Ok(finish(body, head.content_type.clone(), head, options))
}

/// The reply in the client's format.
///
/// # Errors
/// If the reply fails before it is complete, or can't be written in the format.
pub(super) async fn translate(
    frames: Frames,
    mut head: ReplyHead,
    options: &ReplyOptions,
) -> Result<Response, PublicError> {
    let mut events = collect_events(frames).await?;
    // Before the reply is written, because the measured times are part of Ollama's body.
    Stopwatch::new(options.api, options.arrived, &options.clock).look(&mut events);
    let mut context = options.context(&head);
    let mut written = write(options, &events, &context)?;
    if let (Some(observer), true) = (&options.observer, context.stored)
        && !observer.whole_written(&head, &written.body).await
    {
        // The reply must not say that it is stored when it is not.
        context.stored = false;
        written = write(options, &events, &context)?;
    }
    head.warnings.extend(written.dropped.iter().map(|drop| format!("{}: {}", drop.field, drop.reason)));
    Ok(finish(written.body, written.content_type, &head, options))
}

fn write(options: &ReplyOptions, events: &[ReplyEvent], context: &ReplyContext) -> Result<EncodedBody, PublicError> {
    options.codec()?.write_reply(events, context).ok_or_else(|| options.unwritable_error())
}

async fn collect_events(frames: Frames) -> Result<Vec<ReplyEvent>, PublicError> {
    frames
        .try_fold(Vec::new(), |mut events, frame| async move {
            events.extend(frame.events);
            Ok(events)
        })
        .await
}

fn finish(body: Bytes, content_type: String, head: &ReplyHead, options: &ReplyOptions) -> Response {
    let (body, content_type) = match options.api {
        ClientApi::Native => (native::wrap_reply(&options.summary(head), &body).into(), "application/json".into()),
        _ => (body, content_type),
    };
    with_headers(Body::from(body), &content_type, head, options)
}
