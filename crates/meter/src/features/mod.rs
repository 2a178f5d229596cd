//! Cheap features of a prompt: what a linear model makes a number of tokens of.
//!
//! One pass over a request, a few nanoseconds a byte, without a tokenizer. Reservations and `fits` take their numbers
//! from here ([`crate::estimate`]), so it can't fail and needs no table.

mod text;
mod vector;
mod walk;

pub(crate) use vector::ToolPrompt;
pub use vector::{FEATURES, Feature, Features};

use crate::tokenizer::Tokenizer;
use baton_model::{Model, Operation};
pub(crate) use walk::Walk;

impl Features {
    /// The features of a request for a model, without its byte-pair tokens. Images, documents and audio enter as tokens
    /// by the rule of the model's vendor.
    pub fn of(operation: &Operation, model: &Model) -> Self {
        Self::read(operation, model, None)
    }

    /// The same with byte-pair tokens ([`Feature::TextTokens`] and the like), which takes seven times as long.
    pub fn with_tokens(operation: &Operation, model: &Model) -> Self {
        let tokenizer = Tokenizer::for_model(&model.upstream, model.tokenizer.as_deref());
        Self::read(operation, model, Some(tokenizer))
    }

    fn read(operation: &Operation, model: &Model, tokenizer: Option<Tokenizer>) -> Self {
        let mut walk = Walk::of(model, tokenizer);
        walk.operation(operation);
        walk.features
    }
}
