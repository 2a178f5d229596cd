//! A linear model: coefficients, and how far it was off on what it was fitted on.

#![expect(clippy::indexing_slicing, reason = "arrays of fixed size, indexed by the numbers of their own items")]

use crate::count::{Breakdown, CountMethod, Section, TokenCount};
use crate::features::{FEATURES, Feature, Features};

/// How far the numbers of a model are off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The typical error: the median of |counted − reported| / reported.
    pub error: f64,
    /// 99 of 100 prompts have at most the number times one and this share, and [`Spread::tokens`] …
    pub share: f64,
    /// … tokens.
    pub tokens: f64,
}

impl Spread {
    /// A count that can't be wrong.
    pub const NONE: Self = Self { error: 0.0, share: 0.0, tokens: 0.0 };

    /// What 99 of 100 prompts of that number don't exceed. Never less than the number.
    pub fn at_most(self, tokens: u64) -> u64 {
        // Casts saturate, so a spread without bounds is no overflow.
        tokens.saturating_add((tokens as f64 * self.share.max(0.0) + self.tokens.max(0.0)).ceil() as u64)
    }
}

/// A number of tokens as a sum of features, each times a coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    /// Tokens for one of each feature, in the order of [`Feature::ALL`].
    pub weights: [f64; FEATURES],
    /// How far it is off.
    pub spread: Spread,
}

impl LinearModel {
    /// The sum. Finite for finite weights; below zero where negative weights prevail.
    pub fn predict(&self, features: &Features) -> f64 {
        self.weights.iter().zip(features.values()).map(|(weight, value)| weight * value).sum()
    }

    /// The sum as a count, with its parts.
    pub fn count(
        &self,
        features: &Features,
        method: CountMethod,
        rule: &'static str,
        tokenizer: &'static str,
    ) -> TokenCount {
        let breakdown = Breakdown::rounded(self.sections(features), self.predict(features));
        let tokens = breakdown.total();
        let at_most = self.spread.at_most(tokens);
        TokenCount { tokens, at_most, method, error: self.spread.error, breakdown, rule, tokenizer }
    }

    /// The sum, section by section.
    pub(crate) fn sections(&self, features: &Features) -> [f64; Section::ALL.len()] {
        let mut parts = [0.0; Section::ALL.len()];
        for (place, feature) in Feature::ALL.into_iter().enumerate() {
            let (value, system) = (features.values()[place], features.system()[place]);
            parts[feature.section() as usize] += self.weights[place] * (value - system);
            parts[Section::System as usize] += self.weights[place] * system;
        }
        parts
    }
}
