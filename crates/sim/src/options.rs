//! What a simulated provider is to be.

use std::net::SocketAddr;
use std::time::Duration;

/// Which vendor's API it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// OpenAI.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// Ollama.
    Ollama,
}

/// How a simulated provider behaves.
#[derive(Debug, Clone)]
pub struct SimOptions {
    /// Where it listens. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// The key that requests must carry; any, or none, if absent.
    pub key: Option<String>,
    /// The models it has; others get the vendor's 404. Names of [faults](crate::SimFault::lookup) always exist.
    pub models: Vec<String>,
    /// The pause before each token of a stream, and before a whole reply that many times.
    pub token_delay: Duration,
    /// Whether fields that the vendor does not know are refused where the vendor refuses them.
    pub strict: bool,
    /// The most bytes of requests, and of prompts in its cache, that it remembers; the oldest requests go first.
    pub max_remembered_bytes: usize,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Ollama];

    /// The name used in logs and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// The models that such a vendor has if nothing else is said.
    pub fn models(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &[
                "gpt-4o",
                "gpt-4o-mini",
                "gpt-5",
                "gpt-3.5-turbo-instruct",
                "text-embedding-3-small",
                "gpt-image-1",
                "dall-e-2",
                "whisper-1",
                "tts-1",
            ],
            Self::Anthropic => &["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-6"],
            Self::Ollama => &["llama3.2:latest", "qwen3:8b", "nomic-embed-text:latest"],
        }
    }
}

impl SimOptions {
    /// On a free local port, without a key, with the vendor's usual models, at full speed, as strict as the vendor.
    pub fn of(kind: Kind) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            key: None,
            models: kind.models().iter().map(ToString::to_string).collect(),
            token_delay: Duration::ZERO,
            strict: true,
            max_remembered_bytes: usize::MAX,
        }
    }

    /// The same, with a key that requests must carry.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// The same, with that pause before each token.
    #[must_use]
    pub fn token_delay(mut self, delay: Duration) -> Self {
        self.token_delay = delay;
        self
    }

    /// The same, for a process that runs for long: it remembers the last 32 MiB.
    #[must_use]
    pub fn for_long(mut self) -> Self {
        self.max_remembered_bytes = 32 << 20;
        self
    }

    /// The same, with one more model.
    #[must_use]
    pub fn model(mut self, name: &str) -> Self {
        self.models.push(name.to_owned());
        self
    }
}
