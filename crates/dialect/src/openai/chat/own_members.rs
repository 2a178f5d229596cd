//! Members of a message that only this format knows: a part of the vocabulary that is an object without `type`.

use crate::json::{JsonValue, Node, Object};
use baton_model::Dialect;
use baton_model::chat::{Json, PartKind};

/// The text of a part that stands for members of the message itself.
pub(super) fn own_members(kind: &PartKind) -> Option<&Json> {
    let PartKind::Other { dialect: Dialect::OpenAi, json } = kind else { return None };
    Node::parse(json.0.as_bytes()).is_ok_and(|node| node.is_object() && node.get("type").is_none()).then_some(json)
}

/// Writes the members of the message that a part stands for, if it does.
pub(super) fn write_own_members(kind: &PartKind, o: &mut Object<'_>) {
    let Some(json) = own_members(kind) else { return };
    if let Ok(node) = Node::parse(json.0.as_bytes())
        && let JsonValue::Object(members) = node.value()
    {
        for (name, value) in members {
            o.raw(name, value.text());
        }
    }
}
