//! A conversation and what it asks for: the union of what the formats can say, not the intersection.

mod json;
mod message;
mod options;
mod tool;

pub use json::Json;
pub use message::{Document, Image, MediaSource, Message, MessageRole, Part, PartKind, Reasoning, ToolResult};
pub use options::{
    CacheControl, CacheLifetime, Effort, Extension, OutputFormat, ReasoningOptions, SamplingOptions, Schema,
};
pub use tool::{Tool, ToolCall, ToolChoice};

/// A conversation to continue, with everything a format can say about how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatRequest {
    /// The model asked for.
    pub model: String,
    /// The conversation so far, system messages included, in order.
    pub messages: Vec<Message>,
    /// Functions that the model may call.
    pub tools: Vec<Tool>,
    /// Whether and which it must.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once; the formats' default is yes.
    pub parallel_tool_calls: Option<bool>,
    /// The form of the reply.
    pub output: OutputFormat,
    /// Randomness and penalties.
    pub sampling: SamplingOptions,
    /// The most tokens it may produce, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// Texts at which it stops.
    pub stop: Vec<String>,
    /// How many choices; the formats' default is one.
    pub n: Option<u32>,
    /// Log probabilities wanted, with that many alternatives for each token (0: the chosen one alone).
    pub logprobs: Option<u8>,
    /// How much it shall reason.
    pub reasoning: Option<ReasoningOptions>,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Whether the client asked for usage inside the stream (OpenAI's `stream_options.include_usage`).
    pub include_usage: bool,
    /// An opaque id of the end user (OpenAI's `safety_identifier` or `user`, Anthropic's `metadata.user_id`).
    pub end_user: Option<String>,
    /// `auto`, `default`, `flex`, `priority`, `standard_only` …
    pub service_tier: Option<String>,
    /// `low`, `medium`, `high`: how wordy the reply is.
    pub verbosity: Option<String>,
    /// A cache mark on the whole request (Anthropic's top-level `cache_control`).
    pub cache: Option<CacheControl>,
    /// Fields that only one format knows, kept for a target of that format and reported as dropped for others.
    pub extensions: Vec<Extension>,
}
