//! Writes files for `baton apply` in TOML, with comments.

use anyhow::Context;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A thing with what is said beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CommentedEntry {
    /// Its fields.
    pub fields: Map<String, Value>,
    /// Comments above it.
    pub comments: Vec<String>,
    /// Comments behind fields, by the field.
    pub notes: BTreeMap<String, String>,
}

/// The things of a kind as an array of tables. A field is a line: inline tables keep the value of a field together.
///
/// # Errors
/// If a value can't be said in TOML: a null within a value, a number beyond 64 bits.
pub fn write(kind: &str, entries: &[CommentedEntry]) -> anyhow::Result<String> {
    let mut text = String::new();
    for entry in entries {
        text.push('\n');
        text.push_str(&comments("", &entry.comments));
        text.push_str(&format!("[[{kind}]]\n"));
        for (field, value) in &entry.fields {
            // A null says nothing, and TOML has none.
            if value.is_null() {
                continue;
            }
            let value =
                toml::Value::try_from(value).with_context(|| format!("{kind}: {field} can't be said in TOML"))?;
            let note = entry.notes.get(field).map(|note| format!(" # {}", one_line(note))).unwrap_or_default();
            text.push_str(&format!("{} = {value}{note}\n", name(field)));
        }
    }
    Ok(text)
}

/// Lines of comments, each with the same beginning.
pub fn comments(begin: &str, lines: &[String]) -> String {
    lines.iter().map(|line| format!("# {begin}{}\n", one_line(line))).collect()
}

/// Text that can't end the comment that it stands in.
fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// The name of a field, in quotes where it needs them.
fn name(field: &str) -> String {
    let is_bare = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if is_bare { field.to_owned() } else { toml::Value::from(field).to_string() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
pub mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_field_is_a_line() {
        let fields = json!({ "id": "a", "price": { "input": 0.5, "context_tiers": [{ "above": 1 }] }, "none": null });
        let entry = CommentedEntry {
            fields: fields.as_object().unwrap().clone(),
            comments: vec!["two\nlines".to_owned()],
            notes: BTreeMap::from([("id".to_owned(), "why".to_owned())]),
        };
        let text = write("models", &[entry]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..4], ["", "# two lines", "[[models]]", "id = \"a\" # why"], "{text}");
        assert!(lines[4].starts_with("price = {") && lines.len() == 5, "{text}");
    }

    /// Any JSON without nulls and numbers that TOML does not have.
    pub fn representable() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            // Up to 15 digits, which every reader of JSON reads as the same float.
            (any::<i32>(), 0..6).prop_map(|(digits, places)| json!(f64::from(digits) / 10f64.powi(places))),
            "\\PC{0,8}|[\"\\\\\n\t'#]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z \"=.é]{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same(value in representable(), field in "[a-z \".]{0,5}", note in "\\PC{0,9}|\n\r") {
            let fields = Map::from_iter([(field.clone(), value.clone())]);
            let entry = CommentedEntry {
                fields, comments: vec![note.clone()], notes: BTreeMap::from([(field.clone(), note)]),
            };
            let text = write("kind", &[entry]).unwrap();
            let table: toml::Table = toml::from_str(&text).unwrap();
            let read = serde_json::to_value(table).unwrap();
            prop_assert_eq!(&read["kind"][0][&field], &value, "{}", text);
        }
    }
}
