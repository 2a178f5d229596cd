//! The reply on its way out: bytes as they came where the provider speaks the client's format, else translated.

mod observer;
mod options;
mod stream;
mod whole;

pub use observer::ReplyObserver;
pub use options::ReplyOptions;

use axum::response::Response;
use baton_engine::{Call, Engine, Reply};
use baton_model::{Capability, PublicError};
use baton_provider_api::ReplyForm;
use options::PendingReply;

/// Lets the engine serve a call, and writes the response.
///
/// A stream whose reply is late begins before it, so that nothing between client and Baton takes it for dead; it may still
/// fall back.
///
/// # Errors
/// If no reply begins, or a whole reply fails before it is complete.
pub async fn respond(engine: &Engine, call: Call, mut options: ReplyOptions) -> Result<Response, PublicError> {
    options.head_sent = call.options.head_sent.clone();
    options.requested = call.routing.selector.to_string();
    let early = stream::may_start_early(&options);
    let engine = engine.clone();
    let mut pending: PendingReply = Box::pin(async move { engine.serve(call).await });
    let reply = match early {
        true => match tokio::time::timeout(options.keep_alive, &mut pending).await {
            Ok(reply) => reply?,
            Err(_) => return stream::start_early(pending, options),
        },
        false => pending.await?,
    };
    write(reply, options).await
}

/// Writes the response to a reply that has begun. Its head is certain now, so an error from here on can only be told inside
/// the stream.
async fn write(reply: Reply, options: ReplyOptions) -> Result<Response, PublicError> {
    let passes = options.passes(&reply.head);
    match (options.form, reply.head.form) {
        (ReplyForm::Stream, _) => stream::start(reply, options),
        // Audio is played while it arrives.
        (ReplyForm::Whole, ReplyForm::Whole) if passes && options.capability == Capability::AudioSpeech => {
            Ok(whole::as_it_arrives(reply.frames, &reply.head, &options))
        }
        (ReplyForm::Whole, ReplyForm::Whole) if passes => {
            whole::pass_through(reply.frames, &reply.head, &options).await
        }
        (ReplyForm::Whole, _) => whole::translate(reply.frames, reply.head, &options).await,
    }
}
