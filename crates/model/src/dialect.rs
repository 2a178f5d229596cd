//! The wire formats that Baton speaks.

/// A wire format, spoken by clients to Baton and by Baton to providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// OpenAI's chat completions and the endpoints beside it (`/v1/…`).
    OpenAi,
    /// OpenAI's responses (`/v1/responses`).
    Responses,
    /// Anthropic's messages (`/v1/messages`).
    Anthropic,
    /// Ollama's native API (`/api/…`).
    Ollama,
}

impl Dialect {
    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Responses, Self::Anthropic, Self::Ollama];

    /// The name used in configuration, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// Whether reasoning carries a signature of its provider, and so must go back unchanged.
    pub fn signs_reasoning(self) -> bool {
        matches!(self, Self::Responses | Self::Anthropic)
    }

    /// Whether a stream begins with the size of its prompt, before anything is generated.
    pub fn begins_with_prompt_size(self) -> bool {
        self == Self::Anthropic
    }

    /// Whether texts to embed may be given as token ids.
    pub fn takes_token_ids(self) -> bool {
        self == Self::OpenAi
    }

    /// The dialect of that [name](Self::name), in any case.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name().eq_ignore_ascii_case(name))
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
