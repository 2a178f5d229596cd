//! Whose proof a piece of reasoning carries.
//!
//! A piece of reasoning must go back to the kind of provider that had it, and to no other. In the vocabulary a
//! signature or an encrypted reasoning is Anthropic's as it stands; an item of OpenAI's responses is a signature that
//! begins with [`RESPONSES`], followed by the item's members as JSON. So it passes through clients of every format
//! that has a place for signatures. The other way, Anthropic's stand in `encrypted_content` for clients of responses,
//! behind [`SIGNATURE`] or [`REDACTED`].

use crate::json::Node;
use baton_model::chat::Reasoning;

/// Begins the signature of a piece of reasoning that a provider of responses had.
pub(crate) const RESPONSES: &str = "baton.responses:";
/// Begins an `encrypted_content` that is Anthropic's signature of the item's summary.
pub(crate) const SIGNATURE: &str = "baton.anthropic.signature:";
/// Begins an `encrypted_content` that is Anthropic's encrypted reasoning.
pub(crate) const REDACTED: &str = "baton.anthropic.redacted:";

/// Whether a piece of reasoning is of a provider of responses.
pub(crate) fn is_from_responses(reasoning: &Reasoning) -> bool {
    reasoning.signature.as_deref().is_some_and(|proof| proof.starts_with(RESPONSES))
}

/// Whether a text that is JSON may hold one of these marks. They are made of characters that nobody escapes.
pub(crate) fn may_contain(json: &[u8], marks: &[&str]) -> bool {
    marks.iter().any(|mark| memchr::memmem::find(json, mark.as_bytes()).is_some())
}

/// An array without the items that are `gone`; `None` if all stay. The others keep their text.
pub(crate) fn remove_items(array: &Node<'_>, gone: impl Fn(&Node<'_>) -> bool) -> Option<String> {
    let items = array.items().ok()?;
    // The text of the items, not their values: signatures cover the exact bytes.
    let kept: Vec<_> = items.iter().filter(|item| !gone(item)).map(Node::text).collect();
    (kept.len() < items.len()).then(|| format!("[{}]", kept.join(",")))
}
