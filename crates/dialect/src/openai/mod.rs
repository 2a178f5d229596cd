//! OpenAI's format, which most services speak: chat completions and the endpoints beside it.
//!
//! Reference: OpenAI API reference (`platform.openai.com/docs/api-reference`) and its published OpenAPI description.
//! One file or folder for each endpoint; [`options`], [`stream`] and [`usage`] are what chats and completions share.
//! What is special about the format: usage overlaps ([`usage`]), and a stream may lack its end ([`stream`]).

mod alone;
mod chat;
mod completion;
mod embedding;
pub mod error;
mod fidelity;
mod image;
mod image_form;
pub(crate) mod media;
mod multipart;
pub mod options;
mod speech;
mod stream;
#[cfg(test)]
mod tests;
mod transcription;
pub mod usage;
mod whole;

pub(crate) use chat::cache;

pub use fidelity::FIDELITY;

use crate::framing::splice::Editor;
use crate::{Codec, ReadError, Rewritten};
use baton_model::{Body, Capability, Target};

/// The codec of a capability in this format.
pub fn codec(capability: Capability) -> Option<&'static dyn Codec> {
    Some(match capability {
        Capability::Chat => &chat::Chat,
        Capability::Completion => &completion::Completion,
        Capability::Embedding => &embedding::Embedding,
        Capability::ImageGeneration => &image::Image,
        Capability::ImageEdit => &image_form::ImageForm { variation: false },
        Capability::ImageVariation => &image_form::ImageForm { variation: true },
        Capability::AudioTranscription => &transcription::Transcription { translate: false },
        Capability::AudioTranslation => &transcription::Transcription { translate: true },
        Capability::AudioSpeech => &speech::Speech,
        Capability::Moderation => &alone::Alone("moderation"),
        Capability::Rerank => &alone::Alone("rerank"),
        _ => return None,
    })
}

/// An operation of another capability than the codec's: a mistake of the caller's.
fn not_served(codec: &str) -> ReadError {
    ReadError::new("", format!("the {codec} codec was given another operation"))
}

/// A request with the model's name changed and nothing else.
fn rename_model(body: &Body, target: &Target) -> Rewritten {
    let mut editor = Editor::new(body);
    chat::set_model(&mut editor, target);
    Rewritten { body: editor.finish(), hide_usage: false, dropped: Vec::new() }
}
