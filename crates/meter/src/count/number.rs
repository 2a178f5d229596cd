//! A number of tokens, and what it is made of.

#![expect(clippy::indexing_slicing, reason = "arrays of fixed size, indexed by the numbers of their own items")]

/// The name of the rule of counts from features alone.
pub const FEATURES: &str = "features";
/// The name of the rule of counts from byte-pair tokens and features.
pub const ENCODING: &str = "encoding";

/// A part of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Section {
    /// Instructions.
    System,
    /// Turns of the user, the model and tools; the texts of completions and embeddings.
    Messages,
    /// Definitions of tools, and what vendors write around them.
    Tools,
    /// The schema of the reply.
    Format,
    /// Images.
    Images,
    /// Documents that are not text.
    Documents,
    /// Audio.
    Audio,
    /// What stands around messages.
    Framing,
}

impl Section {
    /// All of them, in the order of a [`Breakdown`].
    pub const ALL: [Self; 8] = [
        Self::System,
        Self::Messages,
        Self::Tools,
        Self::Format,
        Self::Images,
        Self::Documents,
        Self::Audio,
        Self::Framing,
    ];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Messages => "messages",
            Self::Tools => "tools",
            Self::Format => "format",
            Self::Images => "images",
            Self::Documents => "documents",
            Self::Audio => "audio",
            Self::Framing => "framing",
        }
    }
}

/// The tokens of each part of a prompt. Their sum is the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breakdown([u64; Section::ALL.len()]);

impl Breakdown {
    /// Everything in one part.
    pub fn only(section: Section, tokens: u64) -> Self {
        let mut breakdown = Self::default();
        breakdown.add(section, tokens);
        breakdown
    }

    /// The tokens of a part.
    pub fn get(&self, section: Section) -> u64 {
        self.0[section as usize]
    }

    /// All parts together. Saturates, because a client's token ids and texts may be as many as it likes.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }

    /// The parts that are not empty.
    pub fn nonzero(&self) -> impl Iterator<Item = (Section, u64)> {
        Section::ALL.into_iter().zip(self.0).filter(|(_, tokens)| *tokens > 0)
    }

    /// Adds to a part.
    pub(crate) fn add(&mut self, section: Section, tokens: u64) {
        let part = &mut self.0[section as usize];
        *part = part.saturating_add(tokens);
    }

    /// Parts of a total as whole tokens. Parts below zero become nothing and the others shrink, so that the sum stays
    /// the total, rounded; a total below zero is nothing.
    pub(crate) fn rounded(parts: [f64; Section::ALL.len()], total: f64) -> Self {
        let positive: f64 = parts.iter().map(|part| part.max(0.0)).sum();
        let scale = if positive > 0.0 { total.max(0.0) / positive } else { 0.0 };
        let (mut sum, mut before) = (0.0, 0_u64);
        // The running sum is rounded, not each part, so no rounding adds up.
        Self(parts.map(|part| {
            sum += part.max(0.0) * scale;
            let tokens = (sum.round() as u64).saturating_sub(before);
            before = before.saturating_add(tokens);
            tokens
        }))
    }
}

/// How a number came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountMethod {
    /// By the vendor's own rules, which recorded replies confirm.
    Exact,
    /// By what the model's replies have taught.
    Calibrated,
    /// By rules or coefficients that come close.
    Estimate,
}

impl CountMethod {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Calibrated => "calibrated",
            Self::Estimate => "estimate",
        }
    }
}

/// A number of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenCount {
    /// How many: the best guess.
    pub tokens: u64,
    /// What 99 of 100 such prompts don't exceed. The number itself where it is exact.
    pub at_most: u64,
    /// How the number came about.
    pub method: CountMethod,
    /// The typical error, as a share of the number: 0.02 for 2 percent.
    pub error: f64,
    /// What it is made of.
    pub breakdown: Breakdown,
    /// The name of the rule that counted, by which a rule that proves wrong is known: `openai-chat`, `features` …
    pub rule: &'static str,
    /// The [tokenizer's name](crate::Tokenizer::name).
    pub tokenizer: &'static str,
}

impl TokenCount {
    /// A count that the provider would give too.
    pub fn exact(breakdown: Breakdown, rule: &'static str, tokenizer: &'static str) -> Self {
        let tokens = breakdown.total();
        Self { tokens, at_most: tokens, method: CountMethod::Exact, error: 0.0, breakdown, rule, tokenizer }
    }

    /// The same by a rule that was thought to be exact, and was wrong on a reply.
    #[must_use]
    pub fn demoted(self) -> Self {
        let tokens = self.tokens;
        Self { method: CountMethod::Estimate, error: 0.01, at_most: tokens.saturating_add(tokens / 20 + 8), ..self }
    }

    /// Whether the provider would count the same.
    pub fn is_exact(&self) -> bool {
        self.method == CountMethod::Exact
    }
}

#[cfg(test)]
mod tests {
    use super::{Breakdown, Section};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_sum_to_the_total(parts in prop::array::uniform8(-1e9..1e9_f64)) {
            let total: f64 = parts.iter().sum();
            let breakdown = Breakdown::rounded(parts, total);
            prop_assert!((breakdown.total() as f64 - total.max(0.0)).abs() <= 1.0);
        }
    }

    #[test]
    fn a_part_without_bounds_does_not_overflow() {
        let mut breakdown = Breakdown::only(Section::Messages, u64::MAX);
        breakdown.add(Section::Messages, 1);
        breakdown.add(Section::System, 1);
        assert_eq!(breakdown.total(), u64::MAX);
    }
}
