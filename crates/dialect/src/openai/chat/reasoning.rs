//! Reasoning, written in the members that compatible services agree on; the reference has none.

use crate::json::Object;
use baton_model::chat::Reasoning;
use baton_model::entity::ReasoningHistory;

/// Writes what the model thought, in the member that the vendor takes it back in: `reasoning_content` or `reasoning`
/// for people, `thinking_blocks` where something must go back unchanged.
pub(super) fn write_reasoning<'r>(
    reasoning_texts: impl Iterator<Item = &'r Reasoning> + Clone,
    history: ReasoningHistory,
    blocks: bool,
    o: &mut Object<'_>,
) {
    let text: String = reasoning_texts.clone().map(|reasoning| reasoning.text.as_str()).collect();
    if !text.is_empty() {
        o.string(if history == ReasoningHistory::Reasoning { "reasoning" } else { "reasoning_content" }, &text);
    }
    let sealed = |reasoning: &Reasoning| reasoning.signature.is_some() || reasoning.redacted.is_some();
    // Several pieces too: as one text they could not be told apart again.
    if blocks && (reasoning_texts.clone().any(sealed) || reasoning_texts.clone().count() > 1) {
        o.array("thinking_blocks", |a| {
            for reasoning in reasoning_texts {
                a.object(|o| write_block(reasoning, o));
            }
        });
    }
}

/// Writes one of the `thinking_blocks`.
pub(in crate::openai) fn write_block(reasoning: &Reasoning, o: &mut Object<'_>) {
    match &reasoning.redacted {
        Some(data) => o.string("type", "redacted_thinking").string("data", data),
        None => o
            .string("type", "thinking")
            .string("thinking", &reasoning.text)
            .maybe_string("signature", reasoning.signature.as_deref()),
    };
}
