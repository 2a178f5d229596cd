//! The reply on its way out: bytes as they came where the provider speaks the client's format, else translated.

mod observer;
mod options;
mod stream;
mod whole;

pub use observer::ReplyObserver;
pub use options::ReplyOptions;

use axum::response::Response;
use baton_engine::Reply;
use baton_model::{Capability, PublicError, Wire};
use baton_provider_api::ReplyForm;
use options::ReplyMode;

/// Writes the response. Its head is certain now, so an error from here on can only be told inside the stream.
///
/// # Errors
/// If a whole reply fails before it is complete.
pub async fn respond(reply: Reply, options: ReplyOptions) -> Result<Response, PublicError> {
    let Reply { head, frames } = reply;
    // Format and capability: chat that serves a completion has the same format and other bytes.
    let passes = head.wire() == Wire::new(options.api.dialect(), options.capability);
    match (options.form, head.form) {
        // Audio is played while it arrives.
        (ReplyForm::Whole, ReplyForm::Whole) if passes && options.capability == Capability::AudioSpeech => {
            Ok(whole::as_it_arrives(frames, &head, &options))
        }
        (ReplyForm::Whole, ReplyForm::Whole) if passes => whole::pass_through(frames, &head, &options).await,
        (ReplyForm::Whole, _) => whole::translate(frames, head, &options).await,
        (ReplyForm::Stream, ReplyForm::Stream) if passes => {
            stream::start(ReplyMode::Passthrough, frames, head, options)
        }
        (ReplyForm::Stream, _) => stream::start(ReplyMode::Translated, frames, head, options),
    }
}
