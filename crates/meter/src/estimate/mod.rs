//! Numbers of tokens by linear models over [`Features`].
//!
//! Each family of models has its coefficients in `data/counting.json`, fitted on recorded requests with the tokens that
//! their vendors reported (`cargo xtask counting fit`). They are the start of what is learned per model, and serve as
//! they are for a model that nothing was learned of yet.

mod file;
mod linear;

pub use linear::{LinearModel, Spread};

use crate::count::{CountMethod, FEATURES, Framing, TokenCount};
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
    prior(family).count(features, CountMethod::Estimate, FEATURES, family.name())
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

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::features::Feature;

    #[test]
    fn every_family_has_coefficients_that_count() {
        for family in Tokenizer::ALL {
            for model in [prior(family), careful(family)] {
                assert!(model.weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0), "{}", family.name());
                assert!(model.spread.error < 1.0 && model.spread.share >= 0.0, "{}", family.name());
                // What a rule counts is not counted again.
                assert_eq!(model.weights[Feature::Images as usize], 1.0, "{}", family.name());
            }
            // Text costs something by features, and by tokens. A word of five letters has a space before it.
            let word = [(Feature::Words, 1.0), (Feature::Letters, 4.0), (Feature::Spaces, 1.0)];
            let word: f64 = word.iter().map(|(feature, times)| times * prior(family).weights[*feature as usize]).sum();
            assert!((0.2..4.0).contains(&word), "{}: {word}", family.name());
            let tokens = careful(family).weights[Feature::TextTokens as usize];
            assert!((0.2..2.5).contains(&tokens), "{}: {tokens}", family.name());
        }
        assert_eq!(FAMILIES.known(), Tokenizer::ALL.len());
    }

    #[test]
    fn names_find_their_rules() {
        assert_eq!(tool_prompt("us.anthropic.claude-opus-4-7-v1:0").forced, 804);
        assert_eq!(tool_prompt("gpt-4o"), ToolPrompt::default());
        assert_ne!(media("gpt-4o"), media("openai/gpt-4o-mini"));
        assert_ne!(framing("gpt-5"), framing("gpt-4o"));
        assert_eq!(framing("nobody-knows"), framing("gpt-4o-search-preview"));
    }
}
