//! What a model can be asked to do.

/// One thing a model can do. Written in capitals on the outside, read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// A conversation is continued.
    Chat,
    /// A text is continued.
    Completion,
    /// A text becomes a vector.
    Embedding,
    /// A text becomes pictures.
    ImageGeneration,
    /// Speech becomes text in its own language.
    AudioTranscription,
    /// Speech becomes English text.
    AudioTranslation,
    /// A text becomes speech.
    AudioSpeech,
    /// Documents are ordered by how well they answer a query.
    Rerank,
}

impl Capability {
    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; 8] = [
        Self::Chat,
        Self::Completion,
        Self::Embedding,
        Self::ImageGeneration,
        Self::AudioTranscription,
        Self::AudioTranslation,
        Self::AudioSpeech,
        Self::Rerank,
    ];

    /// The name in the API and in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "CHAT",
            Self::Completion => "COMPLETION",
            Self::Embedding => "EMBEDDING",
            Self::ImageGeneration => "IMAGE_GENERATION",
            Self::AudioTranscription => "AUDIO_TRANSCRIPTION",
            Self::AudioTranslation => "AUDIO_TRANSLATION",
            Self::AudioSpeech => "AUDIO_SPEECH",
            Self::Rerank => "RERANK",
        }
    }

    /// The capability of that [name](Self::name), in any case.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name().eq_ignore_ascii_case(name))
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
