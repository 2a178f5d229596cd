//! Fields that only this format knows, and what is said of those that it does not.

use crate::json::Node;
use baton_model::Dialect;
use baton_model::chat::Extension;

/// The reason for everything that this format has no field for.
pub(super) const UNKNOWN: &str = "not supported by anthropic";

/// A field that only this format knows.
pub(super) fn extension(path: impl Into<String>, node: &Node<'_>) -> Extension {
    Extension { dialect: Dialect::Anthropic, path: path.into(), value: node.json() }
}
