//! The text that a custom tool takes, as the arguments of a function and back.

use crate::json::{Node, object};

/// The member of a function's arguments that holds the text.
pub(super) const MEMBER: &str = "input";

/// The text as arguments.
pub(crate) fn as_arguments(input: &str) -> String {
    String::from_utf8(object(|o| o.string(MEMBER, input).end())).unwrap_or_default()
}

/// The text in arguments. A model that was told to write plain text may do so without the object around it.
pub(crate) fn of_arguments(arguments: &str) -> String {
    let node = Node::parse(arguments.as_bytes()).ok();
    let text = node.as_ref().and_then(|node| node.get(MEMBER).unwrap_or(node).string_or_none());
    text.unwrap_or_else(|| arguments.to_owned())
}
