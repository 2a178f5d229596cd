//! The tokenizers, and how they count.

use super::table::{CL100K, O200K};

/// What counts the tokens of a model. Cheap to copy; the tables behind it load at the first count ([`Self::preload`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokenizer {
    name: &'static str,
    encoding: Encoding,
    /// Tokens for a hundred tokens of the encoding.
    percent: u64,
}

/// A published byte-pair encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Cl100k,
    O200k,
}

impl Tokenizer {
    /// OpenAI's encoding since GPT-4o. Exact.
    pub const O200K: Self = Self { name: "o200k", encoding: Encoding::O200k, percent: 100 };
    /// OpenAI's encoding of GPT-3.5, GPT-4 and the embedding models. Exact.
    pub const CL100K: Self = Self { name: "cl100k", encoding: Encoding::Cl100k, percent: 100 };
    /// Claude up to Opus 4.6. An estimate.
    pub const CLAUDE: Self = Self { name: "claude", encoding: Encoding::O200k, percent: 120 };
    /// Claude since Opus 4.7. An estimate.
    pub const CLAUDE_NEW: Self = Self { name: "claude-new", encoding: Encoding::O200k, percent: 155 };
    /// Gemini and Gemma. An estimate.
    pub const GEMINI: Self = Self { name: "gemini", encoding: Encoding::O200k, percent: 110 };
    /// Mistral's models. An estimate.
    pub const MISTRAL: Self = Self { name: "mistral", encoding: Encoding::O200k, percent: 115 };
    /// Llama. An estimate.
    pub const LLAMA: Self = Self { name: "llama", encoding: Encoding::O200k, percent: 105 };
    /// Qwen. An estimate.
    pub const QWEN: Self = Self { name: "qwen", encoding: Encoding::O200k, percent: 110 };
    /// DeepSeek's models. An estimate.
    pub const DEEPSEEK: Self = Self { name: "deepseek", encoding: Encoding::O200k, percent: 110 };
    /// Grok. An estimate.
    pub const GROK: Self = Self { name: "grok", encoding: Encoding::O200k, percent: 110 };
    /// GLM. An estimate.
    pub const GLM: Self = Self { name: "glm", encoding: Encoding::O200k, percent: 110 };
    /// Every other model. An estimate.
    pub const OTHER: Self = Self { name: "other", encoding: Encoding::O200k, percent: 115 };

    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; 12] = [
        Self::O200K,
        Self::CL100K,
        Self::CLAUDE,
        Self::CLAUDE_NEW,
        Self::GEMINI,
        Self::MISTRAL,
        Self::LLAMA,
        Self::QWEN,
        Self::DEEPSEEK,
        Self::GROK,
        Self::GLM,
        Self::OTHER,
    ];

    /// The tokenizer of that [name](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tokenizer| tokenizer.name == name)
    }

    /// Its name, in registrations and in replies of the token-counting call.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Whether its numbers are the provider's own.
    pub fn is_exact(self) -> bool {
        self.percent == 100
    }

    /// How many tokens a text has. Text that looks like a special token (`<|endoftext|>`) counts as the ordinary text
    /// it is. Linear in the length, whatever the text.
    pub fn count(self, text: &str) -> u64 {
        // No byte-level encoding makes more tokens than there are bytes, so no estimate has to.
        self.scaled(self.pieces(text)).min(text.len() as u64)
    }

    /// How many tokens a text has by the encoding itself. For a family that publishes none, that is a feature and no
    /// count.
    pub(crate) fn pieces(self, text: &str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        // Each table is loaded by its first use, so a process holds only those that it counts with.
        let tokens = match self.encoding {
            Encoding::Cl100k => CL100K.count(text),
            Encoding::O200k => O200K.count(text),
        };
        tokens as u64
    }

    /// The text of token ids, as far as they are whole characters; `None` if the encoding has not all of them.
    pub fn decode(self, tokens: &[u32]) -> Option<String> {
        let encoding = match self.encoding {
            Encoding::Cl100k => &CL100K.bpe,
            Encoding::O200k => &O200K.bpe,
        };
        // Asked before: the library reads beside its tables for an id that it does not have.
        let known = encoding.num_tokens();
        if tokens.iter().any(|token| usize::try_from(*token).map_or(true, |token| token >= known)) {
            return None;
        }
        // Clients cut long texts by tokens, so a piece may begin or end within a character.
        Some(String::from_utf8_lossy(&encoding.decode_tokens(tokens)).into_owned())
    }

    /// Tokens of the encoding as tokens of this tokenizer, rounded up.
    pub(crate) fn scaled(self, tokens: u64) -> u64 {
        if self.is_exact() { tokens } else { tokens.saturating_mul(self.percent).div_ceil(100) }
    }

    /// Loads its table, so that the first request does not wait for it. Takes a fraction of a second: not for the
    /// threads that serve requests.
    pub fn preload(self) {
        self.count("warm");
    }
}
