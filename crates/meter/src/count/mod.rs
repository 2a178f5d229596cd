//! What a request holds, in tokens, and whether it fits.
//!
//! Chats are counted by OpenAI's cookbook ("How to count tokens with tiktoken"): 3 for each message, 1 for a name, the
//! role and the content, and 3 that prime the reply. Models up to GPT-4.1 count so, exactly; reasoning models come out
//! a token or two lower. Tools, images, documents and audio have no published rule: they are estimated, and the count
//! says so.

mod media;
mod walk;

use crate::tokenizer::Tokenizer;
use baton_model::{Model, Operation};
use walk::Piece;

/// A number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenCount {
    /// How many.
    pub tokens: u64,
    /// Whether the provider would count the same.
    pub exact: bool,
    /// The [tokenizer's name](Tokenizer::name).
    pub tokenizer: &'static str,
}

/// Whether a request fits a number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptFit {
    /// It does, as its length in bytes shows: nothing was counted.
    Fits {
        /// It has at most that many tokens.
        at_most: u64,
    },
    /// Its length did not settle it, so it was counted.
    Counted {
        /// The count.
        count: TokenCount,
        /// Whether that is within the limit.
        fits: bool,
    },
}

impl PromptFit {
    /// Whether it fits.
    pub fn fits(self) -> bool {
        match self {
            Self::Fits { .. } => true,
            Self::Counted { fits, .. } => fits,
        }
    }

    /// The best number at hand: the count, or the bound if nothing was counted.
    pub fn tokens(self) -> u64 {
        match self {
            Self::Fits { at_most } => at_most,
            Self::Counted { count, .. } => count.tokens,
        }
    }
}

/// The tokenizer that counts for a model.
pub fn tokenizer(model: &Model) -> Tokenizer {
    Tokenizer::for_model(&model.upstream, model.tokenizer.as_deref())
}

/// How many tokens the model reads for the request.
pub fn operation(operation: &Operation, model: &Model) -> TokenCount {
    let tokenizer = tokenizer(model);
    // What surrounds the texts of a chat is published for some models only. Completions and embeddings have nothing
    // around them.
    let framed = matches!(operation, Operation::Chat(_));
    let (mut tokens, mut exact) =
        (0_u64, tokenizer.is_exact() && (!framed || Tokenizer::follows_cookbook(&model.upstream)));
    walk::operation(operation, &mut |piece| {
        // Saturating, because a client's token ids and texts may be as many as it likes.
        tokens = tokens.saturating_add(match piece {
            Piece::Text(text) => tokenizer.count(text),
            Piece::Tokens(tokens) => tokens,
            Piece::Estimated(tokens) => {
                exact = false;
                tokens
            }
        });
    });
    TokenCount { tokens, exact, tokenizer: tokenizer.name() }
}

/// A number of tokens that the request surely does not exceed, from the lengths of its texts alone: a byte-level
/// encoding never makes more tokens than bytes. Images, documents and audio enter with their estimates.
pub fn upper_bound(operation: &Operation) -> u64 {
    let mut bound = 0_u64;
    walk::operation(operation, &mut |piece| {
        bound = bound.saturating_add(match piece {
            Piece::Text(text) => text.len() as u64,
            Piece::Tokens(tokens) | Piece::Estimated(tokens) => tokens,
        });
    });
    bound
}

/// Whether the request has at most `limit` tokens. Counts only when the lengths can't settle it.
pub fn fits(operation: &Operation, model: &Model, limit: u64) -> PromptFit {
    let at_most = upper_bound(operation);
    // Nearly every prompt is far below its limit, and need not be counted.
    if at_most <= limit {
        return PromptFit::Fits { at_most };
    }
    let count = self::operation(operation, model);
    PromptFit::Counted { count, fits: count.tokens <= limit }
}

/// How many tokens a produced text has.
pub fn text(text: &str, model: &Model) -> TokenCount {
    let tokenizer = tokenizer(model);
    TokenCount { tokens: tokenizer.count(text), exact: tokenizer.is_exact(), tokenizer: tokenizer.name() }
}

/// About how many tokens a text of that many bytes has, when only its length is known: one for four bytes, as English
/// prose and code have, by the model's factor. Always an estimate.
pub fn bytes_estimate(text_bytes: u64, model: &Model) -> TokenCount {
    let tokenizer = tokenizer(model);
    let tokens = tokenizer.scaled(text_bytes.div_ceil(4)).min(text_bytes);
    TokenCount { tokens, exact: false, tokenizer: tokenizer.name() }
}
