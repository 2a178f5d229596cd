//! What is known of one model.

use baton_model::{Capability, Price, Quirks};

/// What is known of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose it is: `openai`, `anthropic`.
    pub vendor: String,
    /// The vendor's name for it.
    pub id: String,
    /// Other names of the same: dated snapshots, `-latest`.
    pub aliases: Vec<String>,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// What it costs; `None`: not known.
    pub price: Option<Price>,
    /// The context window, in tokens: prompt and output together.
    pub token_limit: Option<u64>,
    /// The largest output, in tokens.
    pub max_tokens: Option<u64>,
    /// How it differs from others of its format.
    pub quirks: Quirks,
    /// The [tokenizer](crate::Tokenizer) that counts for it; `None`: chosen by name.
    pub tokenizer: Option<String>,
}
