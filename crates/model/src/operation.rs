//! Everything a model can be asked to do, one variant a capability.

use crate::capability::Capability;
use crate::chat::{ChatRequest, Extension, Image, Message, MessageRole, Part, PartKind};
use bytes::Bytes;

/// A request in the canonical vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Continue a conversation.
    Chat(Box<ChatRequest>),
    /// Continue a text.
    Completion(Box<CompletionRequest>),
    /// Turn texts into vectors.
    Embedding(EmbeddingRequest),
    /// Generate images.
    Image(ImageRequest),
    /// Edit images.
    ImageForm(ImageFormRequest),
    /// Turn speech into text, in its own language or in English.
    Transcription(TranscriptionRequest),
    /// Turn text into speech.
    Speech(SpeechRequest),
}

impl Operation {
    /// The capability that a model needs to serve it.
    pub fn capability(&self) -> Capability {
        match self {
            Self::Chat(_) => Capability::Chat,
            Self::Completion(_) => Capability::Completion,
            Self::Embedding(_) => Capability::Embedding,
            Self::Image(_) => Capability::ImageGeneration,
            Self::ImageForm(request) if request.variation => Capability::ImageVariation,
            Self::ImageForm(_) => Capability::ImageEdit,
            Self::Transcription(request) if request.translate => Capability::AudioTranslation,
            Self::Transcription(_) => Capability::AudioTranscription,
            Self::Speech(_) => Capability::AudioSpeech,
        }
    }
}

/// A text to continue (OpenAI's `/v1/completions`, Ollama's `/api/generate`).
///
/// Options are those of a chat; `chat.messages` is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CompletionRequest {
    /// The texts to continue; each makes its own choices.
    pub prompts: Vec<Prompt>,
    /// Text that comes after the gap (fill in the middle).
    pub suffix: Option<String>,
    /// Whether the reply repeats the prompt first.
    pub echo: Option<bool>,
    /// Instructions that stand before the prompt (Ollama's `system`).
    pub system: Option<String>,
    /// What the prompt speaks of (Ollama's `images`).
    pub images: Vec<Image>,
    /// Sampling, limits and everything else that a chat request has too.
    pub chat: ChatRequest,
}

impl CompletionRequest {
    /// The same asked of a model that only chats: the text to continue becomes what the user says.
    ///
    /// # Errors
    /// If a chat can't ask it: several prompts, token ids, a gap to fill, or the prompt repeated.
    pub fn as_chat(&self) -> Result<ChatRequest, &'static str> {
        let [Prompt::Text(prompt)] = self.prompts.as_slice() else {
            return Err("prompt: a chat-only model takes one string, not an array or token ids");
        };
        if self.suffix.as_deref().is_some_and(|suffix| !suffix.is_empty()) {
            return Err("suffix: not supported by a chat-only model");
        }
        if self.echo == Some(true) {
            return Err("echo: not supported by a chat-only model");
        }
        let message = |role, parts| Message { role, name: None, parts };
        let system = self.system.as_deref().filter(|system| !system.is_empty());
        let system = system.map(|system| message(MessageRole::System, vec![Part::text(system)]));
        // The images first, as in a chat of Ollama's.
        let images = self.images.iter().cloned().map(|image| PartKind::Image(image).into());
        let prompt = images.chain([Part::text(prompt.as_str())]).collect();
        let messages = system.into_iter().chain([message(MessageRole::User, prompt)]).collect();
        Ok(ChatRequest { messages, ..self.chat.clone() })
    }
}

/// A text, or tokens the client made itself with the model's tokenizer.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// A text.
    Text(String),
    /// Token ids.
    Tokens(Vec<u32>),
}

/// Texts to turn into vectors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmbeddingRequest {
    /// The model asked for.
    pub model: String,
    /// The texts, in order.
    pub input: Vec<Prompt>,
    /// Length that the vectors are cut to.
    pub dimensions: Option<u32>,
    /// Whether the client wants little-endian base64 instead of numbers. OpenAI's Python SDK asks for it by default.
    pub base64: bool,
    /// Whether a text that is too long is cut instead of refused (Ollama's default).
    pub truncate: Option<bool>,
    /// The end user on whose behalf it is asked.
    pub user: Option<String>,
    /// Fields that only one format knows.
    pub extensions: Vec<Extension>,
}

/// Images to generate (OpenAI's `/v1/images/generations`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageRequest {
    /// The model asked for.
    pub model: String,
    /// What the image shows.
    pub prompt: String,
    /// How many.
    pub n: Option<u32>,
    /// `1024x1024` and the like.
    pub size: Option<String>,
    /// `low`, `medium`, `high`, `hd` …
    pub quality: Option<String>,
    /// Whether it is asked as a stream.
    pub stream: bool,
    /// Fields that only one format knows.
    pub extensions: Vec<Extension>,
}

/// Images to edit or to vary (OpenAI's `/v1/images/edits` and `/v1/images/variations`). A multipart form outside, whose
/// parts are kept as they came.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageFormRequest {
    /// The model asked for.
    pub model: String,
    /// Whether variations are requested, not edits.
    pub variation: bool,
    /// Whether it is asked as a stream.
    pub stream: bool,
    /// Everything but the model, in order, including the images.
    pub parts: Vec<FormPart>,
}

/// A part of a multipart form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FormPart {
    /// The field's name: `image`, `image[]`, `mask`, `prompt` …
    pub name: String,
    /// The file's name; of a file alone.
    pub filename: Option<String>,
    /// Its media type, if the client said.
    pub content_type: Option<String>,
    /// What it holds.
    pub content: Bytes,
}

/// Speech to write down. A multipart form outside; the fields that Baton does not read are kept in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionRequest {
    /// The model asked for.
    pub model: String,
    /// The audio file.
    pub file: Bytes,
    /// Its name; the extension tells providers the format.
    pub filename: String,
    /// Its media type, if the client said.
    pub content_type: Option<String>,
    /// Whether the text shall be English whatever is spoken.
    pub translate: bool,
    /// `json`, `text`, `srt`, `verbose_json`, `vtt`, `diarized_json`; the service's default is `json`.
    pub response_format: Option<String>,
    /// Whether it is asked as a stream.
    pub stream: bool,
    /// Every other field of the form, in order: name and value.
    pub fields: Vec<(String, String)>,
}

/// Text to speak (OpenAI's `/v1/audio/speech`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpeechRequest {
    /// The model asked for.
    pub model: String,
    /// The text.
    pub input: String,
    /// `alloy`, `nova` …
    pub voice: Option<String>,
    /// `mp3`, `opus`, `aac`, `flac`, `wav`, `pcm`; the service's default is `mp3`.
    pub response_format: Option<String>,
    /// Whether it is asked as server-sent events (`stream_format: "sse"`).
    pub stream: bool,
    /// Fields that only one format knows.
    pub extensions: Vec<Extension>,
}
