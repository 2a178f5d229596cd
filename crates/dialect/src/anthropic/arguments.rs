//! The arguments of a tool call, which are an object in this format.

use crate::json::{Node, object};

/// The arguments of a call as an object.
pub(super) enum Input<'a> {
    /// As the model wrote them.
    Object(&'a str),
    /// What the model wrote is no object: it stands in one.
    Wrapped(String),
}

impl Input<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Object(text) => text,
            Self::Wrapped(text) => text,
        }
    }
}

/// The arguments of a call as this format has them: an object.
pub(super) fn arguments(text: &str) -> Input<'_> {
    let trimmed = text.trim();
    // Some models write `null` for no arguments; the API takes objects only.
    if matches!(trimmed, "" | "null") {
        return Input::Object("{}");
    }
    if Node::parse(trimmed.as_bytes()).is_ok_and(|node| node.is_object()) {
        return Input::Object(trimmed);
    }
    // The model must see in its next turn what it wrote, so broken JSON is kept as text and not replaced by `{}`.
    let wrapped = object(|o| {
        o.string("arguments", text);
    });
    Input::Wrapped(String::from_utf8(wrapped).unwrap_or_default())
}
