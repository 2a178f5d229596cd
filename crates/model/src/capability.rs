//! What a model can be asked to do.

/// One thing a model can be asked to do. Written in capitals on the outside, read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// A conversation is continued.
    Chat,
    /// A text is continued.
    Completion,
    /// A text becomes a vector.
    Embedding,
    /// Images are generated from a text.
    ImageGeneration,
    /// Speech becomes text in its own language.
    AudioTranscription,
    /// Speech becomes English text.
    AudioTranslation,
    /// A text becomes speech.
    AudioSpeech,
    /// Documents are ordered by how well they match a query.
    Rerank,
    /// Texts and images are classified by whether they violate a policy.
    Moderation,
    /// Images are changed as a text says. Models list [`Self::ImageGeneration`] for it.
    ImageEdit,
    /// Variations of an image are generated. Models list [`Self::ImageGeneration`] for it.
    ImageVariation,
    /// The tokens of a conversation are counted. Models list [`Self::Chat`] for it.
    TokenCount,
    /// A conversation is made shorter. Models list [`Self::Chat`] for it.
    Compaction,
}

impl Capability {
    /// What a model may list, in the order in which documents do.
    pub const ALL: [Self; 9] = [
        Self::Chat,
        Self::Completion,
        Self::Embedding,
        Self::ImageGeneration,
        Self::AudioTranscription,
        Self::AudioTranslation,
        Self::AudioSpeech,
        Self::Rerank,
        Self::Moderation,
    ];

    /// What a request may ask beside [those](Self::ALL); see [`Self::listed_as`].
    pub const ASIDE: [Self; 4] = [Self::ImageEdit, Self::ImageVariation, Self::TokenCount, Self::Compaction];

    /// The capability that a model lists when it can do this.
    #[must_use]
    pub fn listed_as(self) -> Self {
        match self {
            Self::ImageEdit | Self::ImageVariation => Self::ImageGeneration,
            Self::TokenCount | Self::Compaction => Self::Chat,
            listed => listed,
        }
    }

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
            Self::Moderation => "MODERATION",
            Self::ImageEdit => "IMAGE_EDIT",
            Self::ImageVariation => "IMAGE_VARIATION",
            Self::TokenCount => "TOKEN_COUNT",
            Self::Compaction => "COMPACTION",
        }
    }

    /// The capability of that [name](Self::name), in any case, among those that a model may list.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name().eq_ignore_ascii_case(name))
    }

    /// The same among all that a request may ask.
    pub fn lookup_requestable(name: &str) -> Option<Self> {
        Self::lookup(name)
            .or_else(|| Self::ASIDE.into_iter().find(|capability| capability.name().eq_ignore_ascii_case(name)))
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
