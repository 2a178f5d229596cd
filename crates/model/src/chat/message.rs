//! Turns of a conversation and their parts.

use super::{CacheControl, Json, ToolCall};
use crate::dialect::Dialect;
use std::hash::{Hash, Hasher};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageRole {
    /// Instructions.
    System,
    /// Instructions, in OpenAI's newer word. Formats that lack it say system.
    Developer,
    /// The person or program that asks.
    User,
    /// The model.
    Assistant,
    /// The results of tools; its parts are [`PartKind::ToolResult`]. OpenAI and Ollama have one message a result,
    /// Anthropic puts the results of one turn into one user turn: writers regroup.
    Tool,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Message {
    /// Who speaks.
    pub role: MessageRole,
    /// A name of the speaker (OpenAI's `name`).
    pub name: Option<String>,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

/// A piece of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// A cache mark: the provider may cache the prompt up to the end of this part.
    pub cache: Option<CacheControl>,
}

impl Hash for Part {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Without the cache mark, which says nothing: clients move it to the newest turn and send the rest as it was.
        self.kind.hash(state);
    }
}

impl From<PartKind> for Part {
    fn from(kind: PartKind) -> Self {
        Self { kind, cache: None }
    }
}

impl Part {
    /// A text without marks.
    pub fn text(text: impl Into<String>) -> Self {
        PartKind::Text { text: text.into(), citations: Vec::new() }.into()
    }
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum PartKind {
    /// Text; a reply's may carry the sources it cites, each as the JSON of the dialect that made it.
    Text {
        /// The text.
        text: String,
        /// The sources it cites.
        citations: Vec<(Dialect, Json)>,
    },
    /// A refusal that stands apart from text (OpenAI).
    Refusal(String),
    /// An image.
    Image(Image),
    /// Audio, as base64 data, with its format (`wav`, `mp3`).
    Audio {
        /// Base64.
        data: String,
        /// `wav`, `mp3`.
        format: String,
    },
    /// A file to read.
    Document(Document),
    /// The model's reasoning.
    Reasoning(Reasoning),
    /// A call that the model makes.
    ToolCall(ToolCall),
    /// What a call returned.
    ToolResult(ToolResult),
    /// A part that only one format knows, as its JSON.
    Other {
        /// The format.
        dialect: Dialect,
        /// The part as it stood.
        json: Json,
    },
}

/// Where the bytes of an image or document are.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum MediaSource {
    /// In the request.
    Base64 {
        /// `image/png`, `application/pdf`; empty where the format does not say (Ollama).
        media_type: String,
        /// Base64 without prefix.
        data: String,
    },
    /// On the web; the provider fetches it, Baton never does.
    Url(String),
    /// Plain text.
    Text(String),
    /// Uploaded to a provider before, and known there alone.
    File {
        /// The format of the provider that has it.
        dialect: Dialect,
        /// Its id there.
        id: String,
    },
}

/// An image.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Image {
    /// Where its bytes are.
    pub source: MediaSource,
    /// `low`, `high`, `auto` (OpenAI).
    pub detail: Option<String>,
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Document {
    /// Where its bytes are.
    pub source: MediaSource,
    /// Its title or file name.
    pub title: Option<String>,
    /// What the model shall know about it (Anthropic's `context`).
    pub context: Option<String>,
    /// Whether replies cite it (Anthropic's `citations.enabled`).
    pub citations: Option<bool>,
}

/// The model's reasoning. It must go back unchanged in the same turn as its tool calls.
#[derive(Debug, Clone, PartialEq, Hash, Default)]
pub struct Reasoning {
    /// The readable text; empty where the provider hides it.
    pub text: String,
    /// The provider's proof that the text is its own (Anthropic).
    pub signature: Option<String>,
    /// The reasoning in encrypted form, in place of text (Anthropic's `redacted_thinking`).
    pub redacted: Option<String>,
}

/// What a call returned.
#[derive(Debug, Clone, PartialEq, Hash, Default)]
pub struct ToolResult {
    /// The id of the call.
    pub call_id: String,
    /// The tool's name, where the format says it (Ollama's `tool_name`).
    pub name: Option<String>,
    /// The result: text, images, documents.
    pub parts: Vec<Part>,
    /// Whether the call failed (Anthropic's `is_error`).
    pub is_error: Option<bool>,
}
