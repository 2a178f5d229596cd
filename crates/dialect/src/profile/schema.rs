//! Schemas of tools as vendors want them: that of an object, which names its properties.

use crate::json::{Node, object};
use indexmap::{IndexMap, IndexSet};

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

/// Alternatives, which OpenAI and Anthropic refuse at the top of a schema.
const COMBINED: [&str; 3] = ["oneOf", "anyOf", "allOf"];
/// What else OpenAI refuses there. It only narrows what fits, and is left out.
const NARROWED: [&str; 2] = ["enum", "not"];

/// The schema of one object that takes what any of the alternatives takes; `None` if there are none. What all of them
/// require is required.
pub(super) fn merge_alternatives(schema: &Node<'_>) -> Option<String> {
    let members = schema.members().ok()?;
    if !COMBINED.iter().chain(&NARROWED).any(|name| schema.get(name).is_some()) {
        return None;
    }
    let mut properties: IndexMap<&str, &str> = IndexMap::new();
    let mut required: IndexSet<String> = names(schema).collect();
    add_properties(schema, &mut properties);
    for name in COMBINED {
        let alternatives = schema.get(name).and_then(|list| list.items().ok()).unwrap_or_default();
        let mut of_all: Option<IndexSet<String>> = None;
        for alternative in alternatives {
            add_properties(alternative, &mut properties);
            let named: IndexSet<String> = names(alternative).collect();
            of_all = Some(match of_all {
                None => named,
                // All of them hold at once.
                Some(before) if name == "allOf" => before.into_iter().chain(named).collect(),
                Some(before) => before.intersection(&named).cloned().collect(),
            });
        }
        required.extend(of_all.into_iter().flatten());
    }
    let text = object(|o| {
        o.string("type", "object");
        for (name, value) in members {
            let replaced = ["type", "properties", "required"].contains(&name.as_ref());
            if !replaced && !COMBINED.iter().chain(&NARROWED).any(|word| word == name) {
                o.raw(name, value.text());
            }
        }
        o.object("properties", |o| {
            for (name, value) in &properties {
                o.raw(name, value);
            }
        });
        o.array("required", |a| {
            for name in &required {
                a.string(name);
            }
        });
    });
    String::from_utf8(text).ok()
}

/// Adds what a schema says of its properties, unless it was said before.
fn add_properties<'n>(schema: &'n Node<'_>, properties: &mut IndexMap<&'n str, &'n str>) {
    for (name, value) in schema.get("properties").and_then(|node| node.members().ok()).unwrap_or_default() {
        properties.entry(name.as_ref()).or_insert(value.text());
    }
}

/// The names that a schema requires.
fn names<'n>(schema: &'n Node<'_>) -> impl Iterator<Item = String> + 'n {
    let required = schema.get("required").and_then(|list| list.items().ok()).unwrap_or_default();
    required.iter().filter_map(Node::string_or_none)
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
    #[test]
    fn alternatives_become_one_object() {
        for (schema, expected) in [
            (
                r#"{"anyOf":[{"properties":{"a":{"type":"string"},"b":{}},"required":["a","b"]},{"properties":{"a":{"type":"null"},"c":{}},"required":["a"]}]}"#,
                Some(r#"{"type":"object","properties":{"a":{"type":"string"},"b":{},"c":{}},"required":["a"]}"#),
            ),
            (
                r#"{"type":"object","description":"d","properties":{"x":{}},"required":["x"],"allOf":[{"properties":{"a":{}},"required":["a"]},{"required":["b"]}]}"#,
                Some(r#"{"type":"object","description":"d","properties":{"x":{},"a":{}},"required":["x","a","b"]}"#),
            ),
            (r#"{"oneOf":[]}"#, Some(r#"{"type":"object","properties":{},"required":[]}"#)),
            (
                r#"{"oneOf":5,"properties":{"a":{"anyOf":[]}}}"#,
                Some(r#"{"type":"object","properties":{"a":{"anyOf":[]}},"required":[]}"#),
            ),
            (r#"{"type":"object","properties":{"a":{"anyOf":[{}]}}}"#, None),
        ] {
            assert_eq!(merge_alternatives(&Node::parse(schema.as_bytes()).unwrap()).as_deref(), expected, "{schema}");
        }
    }
}
