//! What OpenAI writes around messages, by generation of models.

use serde::Deserialize;

/// What stands around each message.
pub(super) const PER_MESSAGE: u64 = 3;

/// Tokens around the parts of a prompt. As recorded requests show them; the numbers stand in `data/counting.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Framing {
    /// What begins the reply.
    pub priming: u64,
    /// What an earlier turn of the model has more than other turns: its channel.
    pub assistant: u64,
    /// What a call has around it.
    pub call: u64,
    /// What the demand for one function takes beside its name; none: it is not said to the model.
    #[serde(default)]
    pub named: Option<u64>,
    /// Whether recorded chats of text alone are counted without error.
    pub exact: bool,
    /// Whether recorded chats with functions are.
    pub exact_tools: bool,
    /// What stands around tools and schemas in a chat completion.
    pub chat: Around,
    /// The same in a response.
    pub responses: Around,
}

/// Tokens around texts that are added to a prompt, beside the texts themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Around {
    /// Tools, in a message of their own.
    pub tools: i64,
    /// Tools after instructions.
    pub tools_after_instructions: i64,
    /// A schema of the reply, in a message of its own.
    pub format: i64,
    /// A schema after instructions.
    pub format_after_instructions: i64,
}
