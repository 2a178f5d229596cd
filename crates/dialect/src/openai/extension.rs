//! Fields that only this format knows.

use crate::json::Node;
use baton_model::Dialect;
use baton_model::chat::Extension;

/// A field that only this format knows.
pub(super) fn extension(path: impl Into<String>, node: &Node<'_>) -> Extension {
    Extension { dialect: Dialect::OpenAi, path: path.into(), value: node.json() }
}
