//! The parts of an estimate whose factors are learned: features that are off together, added up.

#![expect(clippy::indexing_slicing, reason = "arrays of fixed size, indexed by the numbers of their own items")]

use crate::estimate::LinearModel;
use crate::features::{Feature, Features};

/// How many parts there are. Few, so that little has to be seen to learn them.
pub const PARTS: usize = 8;

/// The part of plain text.
pub(super) const TEXT: usize = 1;

/// Tokens of each part.
pub type Parts = [f64; PARTS];

/// What a linear model makes of a prompt, part by part.
pub(super) fn parts(model: &LinearModel, features: &Features) -> Parts {
    let mut parts = [0.0; PARTS];
    for (feature, (weight, value)) in Feature::ALL.into_iter().zip(model.weights.iter().zip(features.values())) {
        parts[part(feature)] += weight * value;
    }
    parts
}

/// The part that a feature counts for.
fn part(feature: Feature) -> usize {
    use Feature as F;
    match feature {
        // What stands around messages.
        F::Constant | F::Messages | F::SystemMessages | F::Names | F::Reasoning | F::Known => 0,
        F::Words | F::Letters | F::LongLetters | F::Humps | F::Caps | F::Spaces | F::TextTokens => TEXT,
        F::Numbers | F::Digits | F::SpaceRuns | F::Lines | F::LineRuns | F::Marks | F::MarkRuns | F::Controls => 2,
        F::Latin | F::Alphabets | F::Indic | F::Symbols | F::Ideographs | F::Hangul | F::Planes => 3,
        // A vendor's own instructions for tools are of fixed length; schemas are not.
        F::ToolsOffered | F::ToolsForced | F::ToolPrompt => 4,
        F::Functions | F::OtherTools | F::Properties => 5,
        F::SchemaWords | F::SchemaLetters | F::SchemaMarks | F::SchemaTokens => 5,
        F::Format | F::FormatWords | F::FormatLetters | F::FormatMarks | F::FormatTokens => 5,
        F::ToolCalls | F::ToolResults => 6,
        F::Images | F::Documents | F::Audio => 7,
    }
}
