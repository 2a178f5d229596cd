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
use baton_provider_api::Form;
use options::Mode;

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
        (Form::Whole, Form::Whole) if passes && options.capability == Capability::AudioSpeech => {
            Ok(whole::as_it_arrives(frames, &head, &options))
        }
        (Form::Whole, Form::Whole) if passes => whole::pass_through(frames, &head, &options).await,
        (Form::Whole, _) => whole::translate(frames, head, &options).await,
        (Form::Stream, Form::Stream) if passes => stream::start(Mode::Passthrough, frames, head, options),
        (Form::Stream, _) => stream::start(Mode::Translated, frames, head, options),
    }
}
