//! What comes back: one stream of events, whatever was asked and however it is sent.
//!
//! A whole reply is the same stream, collected ([`CollectedReply::collect`]) or taken apart ([`CollectedReply::events`]).

mod reply;

pub use reply::{CollectedReply, ReplyChoice};

use crate::chat::Json;
use crate::dialect::Dialect;
use crate::fault::UpstreamError;
use crate::usage::Usage;
use bytes::Bytes;

/// One thing that happens while a reply arrives.
///
/// `choice` numbers the choices from 0 where several were asked for (`n`), and the prompts of a completion.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// The reply begins: names, no content yet.
    Started(ReplyStart),
    /// Text.
    Text {
        /// Which choice.
        choice: u32,
        /// The next piece.
        text: String,
    },
    /// Refusal text that stands apart (OpenAI).
    Refusal {
        /// Which choice.
        choice: u32,
        /// The next piece.
        text: String,
    },
    /// Readable reasoning.
    Reasoning {
        /// Which choice.
        choice: u32,
        /// The next piece.
        text: String,
    },
    /// The signature of the reasoning just sent; ends that piece of reasoning.
    ReasoningSignature {
        /// Which choice.
        choice: u32,
        /// Opaque.
        signature: String,
    },
    /// Reasoning in encrypted form.
    RedactedReasoning {
        /// Which choice.
        choice: u32,
        /// Opaque.
        data: String,
    },
    /// A tool call begins. Its arguments follow, possibly none.
    ToolCall {
        /// Which choice.
        choice: u32,
        /// Which call of the choice, from 0.
        index: u32,
        /// The id that the result refers to; minted by the reader where the provider sends none.
        id: String,
        /// The function's name.
        name: String,
    },
    /// The next piece of a tool call's arguments.
    ToolArguments {
        /// Which choice.
        choice: u32,
        /// Which call of the choice.
        index: u32,
        /// A fragment of JSON text.
        fragment: String,
    },
    /// A source that the text before it cites, as the JSON of the dialect that made it.
    Citation {
        /// Which choice.
        choice: u32,
        /// Whose JSON it is.
        dialect: Dialect,
        /// The citation as it stood.
        json: Json,
    },
    /// Log probabilities of tokens just sent, as OpenAI's array of `content` entries (`token, logprob, bytes,
    /// top_logprobs`), which Ollama shares.
    LogProbs {
        /// Which choice.
        choice: u32,
        /// A JSON array.
        content: Json,
    },
    /// Content that the reader saw but did not take apart: with passthrough the bytes go to the client as they are.
    Opaque {
        /// How many bytes of text, reasoning or arguments it holds; for an estimate if usage never comes.
        text_bytes: u32,
    },
    /// A part that only one format knows (audio of a chat, results of a provider's own tools), as its JSON.
    Other {
        /// Which choice.
        choice: u32,
        /// Whose JSON it is.
        dialect: Dialect,
        /// The part as it stood.
        json: Json,
    },
    /// A choice is complete.
    Finished {
        /// Which choice.
        choice: u32,
        /// Why.
        reason: FinishReason,
        /// The stop text that was met, where the provider says (Anthropic).
        stop_sequence: Option<String>,
    },
    /// What was consumed; a later report completes an earlier one ([`Usage::update`]).
    Usage(Usage),
    /// How long the provider took (Ollama).
    Timings(Timings),
    /// Vectors, in the order of the inputs.
    Embeddings(Vec<Vec<f32>>),
    /// An image.
    Image(GeneratedImage),
    /// Text heard, complete.
    Transcript(Transcript),
    /// The next bytes of spoken audio, or of any reply that has no finer form.
    Bytes(Bytes),
    /// The provider failed after it began to reply.
    Failed(UpstreamError),
    /// The provider said that the stream is complete (`[DONE]`, `message_stop`, `done: true`). A stream that ends
    /// without this was cut.
    Ended,
}

impl ReplyEvent {
    /// Whether a client can see something of the reply in it. Frames without content are held back until the first
    /// one with, so that an error before it can still go to another model.
    pub fn is_content(&self) -> bool {
        match self {
            Self::Text { text, .. } | Self::Refusal { text, .. } | Self::Reasoning { text, .. } => !text.is_empty(),
            Self::ToolArguments { fragment, .. } => !fragment.is_empty(),
            // `Finished` counts too: after the end of an empty reply there is nothing left to wait for.
            Self::ReasoningSignature { .. }
            | Self::RedactedReasoning { .. }
            | Self::ToolCall { .. }
            | Self::Citation { .. }
            | Self::LogProbs { .. }
            | Self::Opaque { .. }
            | Self::Other { .. }
            | Self::Finished { .. }
            | Self::Embeddings(_)
            | Self::Image(_)
            | Self::Transcript(_)
            | Self::Bytes(_) => true,
            Self::Started(_) | Self::Usage(_) | Self::Timings(_) | Self::Failed(_) | Self::Ended => false,
        }
    }

    /// How many bytes of generated text it holds; for an estimate if usage never comes.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Text { text, .. } | Self::Refusal { text, .. } | Self::Reasoning { text, .. } => text.len(),
            Self::ToolArguments { fragment, .. } => fragment.len(),
            Self::ToolCall { name, .. } => name.len(),
            Self::Opaque { text_bytes } => *text_bytes as usize,
            // Vectors, images and audio are billed otherwise than by their text.
            _ => 0,
        }
    }
}

/// The names of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplyStart {
    /// The provider's id of the reply (`chatcmpl-…`, `msg_…`); Ollama has none.
    pub id: Option<String>,
    /// The model that the provider says it used.
    pub model: Option<String>,
    /// Seconds since 1970.
    pub created: Option<i64>,
    /// OpenAI's `system_fingerprint`.
    pub fingerprint: Option<String>,
}

/// Why a choice is complete.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FinishReason {
    /// The model was done, or met a stop text.
    Stop,
    /// A stop text, where the provider says so expressly (Anthropic).
    StopSequence,
    /// The output limit.
    Length,
    /// The context window (Anthropic's `model_context_window_exceeded`).
    ContextWindow,
    /// It waits for the results of tools.
    ToolCalls,
    /// The provider's filter cut it (OpenAI).
    ContentFilter,
    /// The model refused (Anthropic's `refusal`).
    Refusal,
    /// The provider paused a long turn; send it back to go on (Anthropic's `pause_turn`).
    Pause,
    /// A reason that only one format knows, by its word (`load`, `unload`, `function_call`).
    Other(String),
}

/// How long the provider took, in nanoseconds; zero where it does not say. Ollama's own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// All together.
    pub total: u64,
    /// Loading the model.
    pub load: u64,
    /// Reading the prompt.
    pub prompt: u64,
    /// Producing the reply.
    pub output: u64,
}

/// A generated image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneratedImage {
    /// Base64, if sent.
    pub base64: Option<String>,
    /// Address, if sent.
    pub url: Option<String>,
    /// The prompt as the provider rewrote it.
    pub revised_prompt: Option<String>,
}

/// Text heard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcript {
    /// The text.
    pub text: String,
    /// The language's name or code, where said.
    pub language: Option<String>,
    /// Seconds of audio, where said.
    pub duration: Option<f64>,
}
