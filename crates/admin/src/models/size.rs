//! How large a prompt is for a model, and whether it fits.

use baton_meter::count::{self, TokenCount};
use baton_model::operation::Prompt;
use baton_model::{Model, Operation};

/// A prompt's size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PromptSize {
    /// The number of tokens.
    pub count: TokenCount,
    /// Whether they leave room in its context window; `None`: its window is not known.
    pub fits: Option<bool>,
}

/// Measures a prompt.
pub fn measure_prompt(operation: &Operation, model: &Model) -> PromptSize {
    let count = count::operation(operation, model);
    let fits = model.token_limit.map(|limit| match operation {
        // Each text of an embedding has the whole window to itself.
        Operation::Embedding(request) => request.input.iter().all(|text| match text {
            // A token has at least one byte, so a text of no more bytes than the limit fits without being counted.
            Prompt::Text(text) => text.len() as u64 <= limit || count::text(text, model).tokens <= limit,
            Prompt::Tokens(tokens) => tokens.len() as u64 <= limit,
        }),
        // Less, not equal: the window holds the reply too, which needs at least one token.
        _ => count.tokens < limit,
    });
    PromptSize { count, fits }
}
