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
    /// What it reads: some of [`MODALITIES`]; empty: not known.
    pub reads: Vec<String>,
    /// What it writes: some of [`MODALITIES`]; empty: not known.
    pub writes: Vec<String>,
    /// The day on which the vendor takes it out of service, as `2026-11-30`; `None`: none is announced.
    pub deprecated: Option<String>,
    /// How it differs from others of its format.
    pub quirks: Quirks,
    /// The [tokenizer](crate::Tokenizer) that counts for it; `None`: chosen by name.
    pub tokenizer: Option<String>,
    /// Where the price is from.
    pub source: String,
    /// The day on which the source said so, as `2026-11-27`.
    pub date: String,
}

/// Kinds of content.
pub const MODALITIES: [&str; 5] = ["text", "image", "audio", "video", "pdf"];

impl Entry {
    /// A model of which nothing is known but its name.
    pub fn new(vendor: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            vendor: vendor.into(),
            id: id.into(),
            aliases: Vec::new(),
            capabilities: Vec::new(),
            price: None,
            token_limit: None,
            max_tokens: None,
            reads: Vec::new(),
            writes: Vec::new(),
            deprecated: None,
            quirks: Quirks::default(),
            tokenizer: None,
            source: String::new(),
            date: String::new(),
        }
    }
}
