//! How much a model shall reason, in the words that OpenAI's formats have for it.

use baton_model::chat::{Effort, ReasoningOptions};

/// The effort that says what was asked in other ways. Above `high` only the newest models go, so no budget does.
pub(crate) fn derive_effort(reasoning: &ReasoningOptions) -> Option<Effort> {
    // A budget is read as the nearest of 1024, 2048 and 4096, which Anthropic's codec sends for these efforts: an
    // effort that goes there and back stays what it was.
    match (reasoning.enabled, reasoning.budget) {
        (Some(false), _) => Some(Effort::None),
        _ if reasoning.effort.is_some() => reasoning.effort,
        (_, Some(..=1_535)) => Some(Effort::Low),
        (_, Some(1_536..=3_071)) => Some(Effort::Medium),
        (_, Some(3_072..)) => Some(Effort::High),
        _ if reasoning.adaptive => Some(Effort::High),
        (Some(true), None) => Some(Effort::Medium),
        (None, None) => None,
    }
}
