//! Numbers of tokens by linear models over [`Features`].
//!
//! Each family of models has its coefficients in `data/counting.json`, fitted on recorded requests with the tokens that
//! their vendors reported (`cargo xtask counting fit`). They are the start of what is learned per model, and serve as
//! they are for a model that nothing was learned of yet.

mod file;
mod linear;

pub use linear::{LinearModel, Spread};

use crate::count::{CountMethod, Framing, TokenCount};
use crate::features::{Features, ToolPrompt};
use crate::media::MediaRule;
use crate::tokenizer::Tokenizer;
use std::sync::LazyLock;

static FAMILIES: LazyLock<file::Families> = LazyLock::new(file::read);

/// The linear model of a family over features without byte-pair tokens.
pub fn prior(family: Tokenizer) -> &'static LinearModel {
    FAMILIES.estimate(family.name())
}

/// The linear model of a family over features with byte-pair tokens ([`Features::with_tokens`]).
pub fn careful(family: Tokenizer) -> &'static LinearModel {
    FAMILIES.careful(family.name())
}

/// About how many tokens a prompt of these features has for a family of models.
pub fn estimate(features: &Features, family: Tokenizer) -> TokenCount {
    prior(family).count(features, CountMethod::Estimate, "features", family.name())
}

/// How far counts by one of OpenAI's rules are off, where they are not exact.
pub(crate) fn spread(rule: &str) -> Spread {
    FAMILIES.spread(rule)
}

/// What stands around the messages of an OpenAI model, by what its provider calls it.
pub(crate) fn framing(upstream: &str) -> Framing {
    FAMILIES.framing(upstream)
}

/// What the vendor of that model writes around tools.
pub(crate) fn tool_prompt(upstream: &str) -> ToolPrompt {
    FAMILIES.tool_prompt(upstream)
}

/// The rule for images and documents of the model that its provider calls that.
pub(crate) fn media(upstream: &str) -> MediaRule {
    FAMILIES.media(upstream)
}
