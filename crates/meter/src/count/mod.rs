//! What a request holds, in tokens.
//!
//! OpenAI's models are counted by OpenAI's rules: its cookbook ("How to count tokens with tiktoken") for messages, and
//! what recorded requests show of tools, schemas and reasoning models. The other vendors publish neither encodings nor
//! rules: their models are counted by linear models over byte-pair tokens and [features](crate::features).

mod number;
mod openai;

pub use number::{Breakdown, CountMethod, ENCODING, FEATURES, Section, TokenCount};
pub(crate) use openai::Framing;

use crate::estimate;
use crate::features::Features;
use crate::tokenizer::Tokenizer;
use baton_model::{Dialect, Model, Operation};

/// The tokenizer that counts for a model.
pub fn tokenizer(model: &Model) -> Tokenizer {
    Tokenizer::for_model(&model.upstream, model.tokenizer.as_deref())
}

/// How many tokens the model reads for the request: the careful count, with byte-pair encoding. It costs about 20 µs
/// for each KB; [`estimate()`] costs a tenth. `dialect` is the format in which the provider is asked: OpenAI writes
/// other words around tools in a response than in a chat completion.
pub fn operation(operation: &Operation, model: &Model, dialect: Dialect) -> TokenCount {
    let tokenizer = tokenizer(model);
    if tokenizer.is_exact() {
        return openai::operation(operation, model, tokenizer, dialect);
    }
    let features = Features::with_tokens(operation, model);
    estimate::careful(tokenizer).count(&features, CountMethod::Estimate, ENCODING, tokenizer.name())
}

/// About how many tokens the model reads for the request, from its [features](Features) alone.
pub fn estimate(operation: &Operation, model: &Model) -> TokenCount {
    estimate::estimate(&Features::of(operation, model), tokenizer(model))
}

/// How many tokens a text has, without anything around it.
pub fn text(text: &str, model: &Model) -> TokenCount {
    let tokenizer = tokenizer(model);
    let breakdown = Breakdown::only(Section::Messages, tokenizer.count(text));
    if tokenizer.is_exact() {
        return TokenCount::exact(breakdown, "text", tokenizer.name());
    }
    estimated(breakdown, "text", tokenizer)
}

/// About how many tokens a text of that many bytes has, when only its length is known: one for four bytes, as English
/// prose and code have, by the model's factor. Always an estimate.
pub fn bytes_estimate(text_bytes: u64, model: &Model) -> TokenCount {
    let tokenizer = tokenizer(model);
    let tokens = tokenizer.scaled(text_bytes.div_ceil(4)).min(text_bytes);
    let count = estimated(Breakdown::only(Section::Messages, tokens), "bytes", tokenizer);
    // No byte-level encoding makes more tokens than there are bytes.
    TokenCount { at_most: text_bytes, ..count }
}

/// A count of text alone that is not the vendor's own, with the spread of its family.
fn estimated(breakdown: Breakdown, rule: &'static str, tokenizer: Tokenizer) -> TokenCount {
    let spread = estimate::careful(tokenizer).spread;
    let tokens = breakdown.total();
    TokenCount {
        tokens,
        at_most: spread.at_most(tokens),
        method: CountMethod::Estimate,
        error: spread.error,
        breakdown,
        rule,
        tokenizer: tokenizer.name(),
    }
}
