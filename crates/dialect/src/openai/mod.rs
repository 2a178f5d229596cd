//! OpenAI's format, which most services speak: chat completions and the endpoints beside it.
//!
//! Reference: OpenAI API reference (`platform.openai.com/docs/api-reference`) and its published OpenAPI description.
//! One file or folder for each endpoint; [`options`] and [`stream`] are what chats and completions share. What is
//! special about the format: usage overlaps ([`crate::openai_usage`]), and a stream may lack its end ([`stream`]).

mod chat;
mod completion;
mod embedding;
mod extension;
mod fidelity;
mod image;
mod image_form;
mod multipart;
mod options;
mod passthrough;
mod speech;
mod stream;
#[cfg(test)]
mod tests;
mod transcription;

pub(crate) use chat::read_tools;
pub use fidelity::FIDELITY;
pub(crate) use options::read as read_options;

use crate::Codec;
use baton_model::Capability;

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
        Capability::Moderation => &passthrough::PassthroughOnly,
        Capability::Rerank => &passthrough::PassthroughOnly,
        _ => return None,
    })
}
