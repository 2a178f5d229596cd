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
        Capability::Chat => &chat::OpenAiChatCodec,
        Capability::Completion => &completion::OpenAiCompletionCodec,
        Capability::Embedding => &embedding::OpenAiEmbeddingCodec,
        Capability::ImageGeneration => &image::ImageCodec,
        Capability::ImageEdit => &image_form::ImageFormCodec { variation: false },
        Capability::ImageVariation => &image_form::ImageFormCodec { variation: true },
        Capability::AudioTranscription => &transcription::TranscriptionCodec { translate: false },
        Capability::AudioTranslation => &transcription::TranscriptionCodec { translate: true },
        Capability::AudioSpeech => &speech::SpeechCodec,
        Capability::Moderation => &passthrough::PassthroughOnlyCodec,
        Capability::Rerank => &passthrough::PassthroughOnlyCodec,
        _ => return None,
    })
}
