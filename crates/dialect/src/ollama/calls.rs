//! Tool calls: their ids, which older servers lack, and their arguments, which are an object here and a text elsewhere.

use crate::json::{Node, Object, quoted};
use baton_model::chat::ToolCall;

/// The member under which arguments travel that are not the JSON object they should be.
const UNPARSED: &str = "_unparsed";

/// Arguments as text: an object as it was written. What [`write_arguments`] wrapped is unwrapped.
pub(super) fn read_arguments(node: Option<&Node<'_>>) -> String {
    let Some(node) = node else { return String::new() };
    if let Some(text) = node.as_str() {
        // Not of the format, but some servers that imitate it do as OpenAI does.
        return text.into_owned();
    }
    match node.members().unwrap_or_default() {
        [(name, text)] if name == UNPARSED && text.as_str().is_some() => text.string_or_none().unwrap_or_default(),
        _ => node.text().to_owned(),
    }
}

/// Arguments as an object. Whether they were one: else a model's broken JSON is kept as a text within.
pub(super) fn write_arguments(arguments: &str) -> (String, bool) {
    let text = arguments.trim();
    // Some models write `null` for no arguments; the format takes objects only.
    if matches!(text, "" | "null") {
        return ("{}".to_owned(), true);
    }
    match Node::parse(text.as_bytes()) {
        Ok(node) if node.is_object() => (node.text().to_owned(), true),
        _ => (format!("{{{}:{}}}", quoted(UNPARSED), quoted(arguments)), false),
    }
}

/// Writes a call. Whether its arguments were an object.
pub(super) fn write(call: &ToolCall, index: usize, o: &mut Object<'_>) -> bool {
    let (arguments, is_object) = write_arguments(&call.arguments);
    if !call.id.is_empty() {
        o.string("id", &call.id);
    }
    o.object("function", |o| {
        o.integer("index", index as i128).string("name", &call.name).raw("arguments", &arguments);
    });
    is_object
}

/// An id for a call that has none: the same each time the same reply is read. `place` tells replies apart.
pub(super) fn make_id(index: usize, place: &str) -> String {
    // Ids must be of plain characters for Anthropic, and short for everybody: `place` may be a time stamp.
    let place: String = place.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    if place.is_empty() { format!("call_{index}") } else { format!("call_{index}_{place}") }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(arguments: &str, written: &str, read: &str) {
        assert_eq!(write_arguments(arguments).0, written);
        assert_eq!(read_arguments(Some(&Node::parse(written.as_bytes()).unwrap())), read);
    }

    #[test]
    fn arguments_survive() {
        check(r#"{"a": 1.50}"#, r#"{"a": 1.50}"#, r#"{"a": 1.50}"#);
        check("", "{}", "{}");
        check("null", "{}", "{}");
        check(r#"{"a": "#, r#"{"_unparsed":"{\"a\": "}"#, r#"{"a": "#);
        check("[1]", r#"{"_unparsed":"[1]"}"#, "[1]");
    }

    #[test]
    fn ids_are_of_plain_characters() {
        assert_eq!(make_id(1, "2026-11-23T14:29:23.7Z"), "call_1_20261123T1429237Z");
        assert_eq!(make_id(0, ""), "call_0");
    }
}
