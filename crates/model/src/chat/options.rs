//! What a chat request asks for beside its conversation.

use super::Json;
use crate::dialect::Dialect;

/// Randomness and penalties. Absent is the provider's default, which is not the same everywhere.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SamplingOptions {
    /// 0 to 2 at OpenAI and Ollama, 0 to 1 at Anthropic.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// Only the best k tokens.
    pub top_k: Option<i64>,
    /// Only tokens at least that likely, relative to the best.
    pub min_p: Option<f64>,
    /// The same seed and request give the same reply, where the provider can.
    pub seed: Option<i64>,
    /// -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// -2 to 2.
    pub presence_penalty: Option<f64>,
    /// Ollama's and llama.cpp's own penalty.
    pub repeat_penalty: Option<f64>,
    /// A bias per token id, as a JSON object (OpenAI).
    pub logit_bias: Option<Json>,
}

/// The form of the reply.
#[derive(Debug, Clone, PartialEq, Hash, Default)]
pub enum OutputFormat {
    /// As the model likes.
    #[default]
    Unspecified,
    /// Text, said expressly (OpenAI's `response_format: {type: text}`).
    Text,
    /// Some JSON object (OpenAI's `json_object`, Ollama's `format: "json"`).
    JsonObject,
    /// JSON of this schema.
    Schema(Schema),
}

/// A schema for the reply.
#[derive(Debug, Clone, PartialEq, Hash, Default)]
pub struct Schema {
    /// Its name (OpenAI requires one; others have none).
    pub name: Option<String>,
    /// What it is for, for the model.
    pub description: Option<String>,
    /// The JSON schema.
    pub schema: Json,
    /// Whether the reply must fit exactly.
    pub strict: Option<bool>,
}

/// How hard the model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as it can.
    Minimal,
    /// A little.
    Low,
    /// OpenAI's default.
    Medium,
    /// Anthropic's default.
    High,
    /// More than high.
    XHigh,
    /// All it can.
    Max,
}

impl Effort {
    /// All of them, from none to all.
    pub const ALL: [Self; 7] = [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh, Self::Max];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort of that word.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.name() == name)
    }
}

/// How much the model shall reason. Formats say it by effort, by budget, by a switch, or by several of these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReasoningOptions {
    /// On or off, said expressly (Anthropic's `thinking.type`, Ollama's `think`).
    pub enabled: Option<bool>,
    /// By effort.
    pub effort: Option<Effort>,
    /// By a budget of tokens (Anthropic's `budget_tokens`).
    pub budget: Option<u64>,
    /// Whether the model itself decides how much (Anthropic's `adaptive`).
    pub adaptive: bool,
    /// `summarized` or `omitted` (Anthropic's `thinking.display`).
    pub display: Option<String>,
}

/// A mark up to which a provider may cache the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CacheControl {
    /// How long it lives; absent is the provider's default.
    pub lifetime: Option<CacheLifetime>,
}

/// How long a provider keeps a cached prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheLifetime {
    /// Five minutes (Anthropic's default).
    FiveMinutes,
    /// Thirty minutes (OpenAI).
    ThirtyMinutes,
    /// An hour.
    OneHour,
    /// Half a day (OpenAI).
    TwelveHours,
}

/// A field that only one format knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Extension {
    /// The format it came in.
    pub dialect: Dialect,
    /// Where it stands in that format: `logit_bias`, `options.mirostat`.
    pub path: String,
    /// Its value.
    pub value: Json,
}
