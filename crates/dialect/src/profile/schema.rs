//! Schemas of tools as vendors want them: that of an object, which names its properties.

use crate::json::{Node, object};

/// The schema, completed; `None` if it may go as it is. Tools without parameters say `{}` or `{"type":"object"}`, and
/// some clients `null` for the type.
pub(super) fn complete(schema: &Node<'_>) -> Option<String> {
    let members = schema.members().ok()?;
    let untyped = schema.get("type").is_none();
    let typed = untyped || schema.get("type").and_then(Node::as_str).as_deref() == Some("object");
    let missing = schema.get("properties").is_none();
    if !typed || !(untyped || missing) {
        return None;
    }
    let text = object(|o| {
        o.string("type", "object");
        for (name, value) in members {
            if name != "type" && !(missing && name == "properties") {
                o.raw(name, value.text());
            }
        }
        if missing {
            o.raw("properties", "{}");
        }
    });
    String::from_utf8(text).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_added() {
        for (schema, expected) in [
            ("{}", Some(r#"{"type":"object","properties":{}}"#)),
            (r#"{"type":"object"}"#, Some(r#"{"type":"object","properties":{}}"#)),
            (r#"{"type":null,"properties":{"a":{}}}"#, Some(r#"{"type":"object","properties":{"a":{}}}"#)),
            (
                r#"{"type":"object","properties":null,"required":[]}"#,
                Some(r#"{"type":"object","required":[],"properties":{}}"#),
            ),
            (r#"{"type":"object","properties":{}}"#, None),
            (r#"{"type":"string"}"#, None),
        ] {
            assert_eq!(complete(&Node::parse(schema.as_bytes()).unwrap()).as_deref(), expected, "{schema}");
        }
    }
}
