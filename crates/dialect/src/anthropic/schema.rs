//! Schemas of replies, as the format wants them.
//!
//! Reference: Anthropic documentation, structured outputs: every object says `additionalProperties: false`. Others let
//! an open object be understood; what fits the closed one fits the open one too.

use crate::json::{Node, quoted};
use baton_model::chat::Json;

/// The schema with its open objects closed, else unchanged. Objects that name no properties stay as they are: closed,
/// they could hold nothing.
pub(super) fn close_objects(schema: &Json) -> String {
    let changed = Node::parse(schema.0.as_bytes()).ok().and_then(|node| close(&node));
    changed.unwrap_or_else(|| schema.0.clone())
}

/// The schema, if it or one inside it was open.
fn close(schema: &Node<'_>) -> Option<String> {
    let members = schema.members().ok()?;
    // `additionalProperties` with a schema describes a map, whose entries would be forbidden by closing it.
    let has_properties = schema.get("properties").is_some();
    let is_open = has_properties && schema.get("additionalProperties").is_none_or(|more| more.bool().unwrap_or(false));
    let mut changed = is_open;
    let mut written = Vec::new();
    for (name, value) in members {
        // Only keywords that hold schemas: `const`, `enum` and `default` hold data, which may look like one.
        let new = match name.as_ref() {
            "additionalProperties" if is_open => continue,
            "properties" | "$defs" | "definitions" => write_each(value),
            "items" | "not" => close(value),
            "anyOf" | "allOf" | "oneOf" | "prefixItems" => all(value),
            _ => None,
        };
        changed |= new.is_some();
        written.push(format!("{}:{}", quoted(name), new.as_deref().unwrap_or(value.text())));
    }
    if is_open {
        written.push("\"additionalProperties\":false".to_owned());
    }
    changed.then(|| format!("{{{}}}", written.join(",")))
}

/// An object whose values are schemas.
fn write_each(schemas: &Node<'_>) -> Option<String> {
    let members = schemas.members().ok()?;
    let new: Vec<_> = members.iter().map(|(_, schema)| close(schema)).collect();
    let pair = |((name, schema), new): (&(_, Node<'_>), &Option<String>)| {
        let name: &std::borrow::Cow<'_, str> = name;
        format!("{}:{}", quoted(name), new.as_deref().unwrap_or(schema.text()))
    };
    let written: Vec<_> = members.iter().zip(&new).map(pair).collect();
    new.iter().any(Option::is_some).then(|| format!("{{{}}}", written.join(",")))
}

/// An array of schemas.
fn all(schemas: &Node<'_>) -> Option<String> {
    let items = schemas.items().ok()?;
    let new: Vec<_> = items.iter().map(close).collect();
    let written: Vec<_> = items.iter().zip(&new).map(|(schema, new)| new.as_deref().unwrap_or(schema.text())).collect();
    new.iter().any(Option::is_some).then(|| format!("[{}]", written.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, expected: &str) {
        assert_eq!(close_objects(&Json(schema.into())), expected);
    }

    #[test]
    fn objects_are_closed_wherever_they_are() {
        check(
            r##"{"type":"object","properties":{"type":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":["object","null"],"properties":{}}}}"##,
            r##"{"type":"object","properties":{"type":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":["object","null"],"properties":{},"additionalProperties":false}},"additionalProperties":false}"##,
        );
        check(
            r#"{"type":"array","items":{"anyOf":[{"properties":{}},{"type":"string"}]}}"#,
            r#"{"type":"array","items":{"anyOf":[{"properties":{},"additionalProperties":false},{"type":"string"}]}}"#,
        );
        check(r#"{"additionalProperties":true,"properties":{}}"#, r#"{"properties":{},"additionalProperties":false}"#);
    }

    #[test]
    fn closed_ones_and_others_stay_as_they_are() {
        for schema in [r#"{"type":"object","additionalProperties":false}"#, r#"{"const":{"type":"object"}}"#, "7", "{"]
        {
            check(schema, schema);
        }
    }
}
