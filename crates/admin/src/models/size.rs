//! How large a prompt is for a model, and whether it fits.

use baton_engine::Calibration;
use baton_meter::count::{self, TokenCount};
use baton_model::operation::Prompt;
use baton_model::{Dialect, KeyId, Model, Operation};

/// A prompt's size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PromptSize {
    /// The number of tokens.
    pub count: TokenCount,
    /// Whether they leave room in its context window; `None`: its window is not known.
    pub fits: Option<Fit>,
}

/// Whether a prompt fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Even the bound of the count does.
    Yes,
    /// The count does, and its bound does not.
    Likely,
    /// The count does not.
    No,
}

impl Fit {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Likely => "likely",
            Self::No => "no",
        }
    }
}

/// Measures a prompt of a key, asked in a format.
pub fn measure_prompt(
    calibration: &Calibration,
    operation: &Operation,
    model: &Model,
    dialect: Dialect,
    key: Option<&KeyId>,
) -> PromptSize {
    let count = calibration.count(operation, model, dialect, key);
    let fits = model.token_limit.map(|limit| match operation {
        // Each text of an embedding has the whole window to itself.
        Operation::Embedding(request) => {
            let each = request.input.iter().map(|text| match text {
                // A token has at least one byte, so a text of no more bytes than the limit fits without being counted.
                Prompt::Text(text) if text.len() as u64 <= limit => Fit::Yes,
                Prompt::Text(text) => within(&count::text(text, model), limit),
                Prompt::Tokens(tokens) if tokens.len() as u64 <= limit => Fit::Yes,
                Prompt::Tokens(_) => Fit::No,
            });
            each.max_by_key(|fit| *fit as u8).unwrap_or(Fit::Yes)
        }
        // Less, not equal: the window holds the reply too, which needs at least one token.
        _ => within(&count, limit.saturating_sub(1)),
    });
    PromptSize { count, fits }
}

fn within(count: &TokenCount, limit: u64) -> Fit {
    if count.at_most <= limit {
        Fit::Yes
    } else if count.tokens <= limit {
        Fit::Likely
    } else {
        Fit::No
    }
}
