//! Reasoning, written in the members that compatible services agree on; the reference has none.

use crate::json::Object;
use baton_model::chat::Reasoning;

/// Writes what the model thought: `reasoning_content` for people, `thinking_blocks` where something must go back
/// unchanged.
pub(super) fn write_reasoning<'r>(
    thoughts: impl Iterator<Item = &'r Reasoning> + Clone,
    blocks: bool,
    o: &mut Object<'_>,
) {
    let text: String = thoughts.clone().map(|thought| thought.text.as_str()).collect();
    if !text.is_empty() {
        o.string("reasoning_content", &text);
    }
    let sealed = |thought: &Reasoning| thought.signature.is_some() || thought.redacted.is_some();
    if blocks && (thoughts.clone().any(sealed) || thoughts.clone().count() > 1) {
        o.array("thinking_blocks", |a| {
            for thought in thoughts {
                a.object(|o| write_block(thought, o));
            }
        });
    }
}

/// Writes one of the `thinking_blocks`.
pub(in crate::openai) fn write_block(thought: &Reasoning, o: &mut Object<'_>) {
    match &thought.redacted {
        Some(data) => o.string("type", "redacted_thinking").string("data", data),
        None => o
            .string("type", "thinking")
            .string("thinking", &thought.text)
            .maybe_string("signature", thought.signature.as_deref()),
    };
}
