//! What an import takes over, as a file for `baton apply`.

use crate::commands::apply::kinds::ALL;
use crate::commands::toml_file::{self, CommentedEntry};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What was taken over, and what was not.
#[derive(Debug, Default)]
pub struct ImportResult {
    /// The things of each kind.
    kinds: BTreeMap<&'static str, Vec<CommentedEntry>>,
    /// What has no equivalent, each with its place.
    pub notes: Vec<String>,
}

impl ImportResult {
    /// Adds a thing.
    pub fn add(&mut self, kind: &'static str, mut fields: Map<String, Value>) {
        let name = fields.values().next().and_then(Value::as_str).unwrap_or_default().to_owned();
        for (field, value) in &mut fields {
            if !remove_unrepresentable(value) {
                self.note(
                    &format!("{kind}: `{name}`"),
                    &format!("`{field}` is without its nulls and numbers beyond 64 bits, which TOML can't say"),
                );
            }
        }
        self.kinds.entry(kind).or_default().push(CommentedEntry { fields, ..CommentedEntry::default() });
    }

    /// The things of a kind.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Map<String, Value>> {
        self.kinds.get(kind).into_iter().flatten().map(|entry| &entry.fields)
    }

    /// Notes what was not taken over.
    pub fn note(&mut self, place: &str, what: &str) {
        self.notes.push(format!("{place}: {what}"));
    }

    /// As a file, with the notes at its end.
    ///
    /// # Errors
    /// If a value can't be said in TOML.
    pub fn toml(&self) -> anyhow::Result<String> {
        let mut text = "# For `baton apply -f FILE`. Read it first; `--dry-run` shows what would change.\n".to_owned();
        for kind in &ALL {
            text.push_str(&toml_file::write(kind.name, self.kinds.get(kind.name).map_or(&[], Vec::as_slice))?);
        }
        if !self.notes.is_empty() {
            text.push_str("\n# What was not taken over, or not as it was:\n");
            text.push_str(&toml_file::comments("- ", &self.notes));
        }
        Ok(text)
    }
}

/// Takes out of a value what TOML can't say; whether there was nothing of that.
fn remove_unrepresentable(value: &mut Value) -> bool {
    let is_representable = |value: &Value| match value {
        Value::Null => false,
        Value::Number(number) => !number.is_u64() || number.as_i64().is_some(),
        _ => true,
    };
    match value {
        Value::Array(items) => {
            let before = items.len();
            items.retain(is_representable);
            let same = items.len() == before;
            items.iter_mut().fold(same, |same, item| remove_unrepresentable(item) && same)
        }
        Value::Object(members) => {
            let before = members.len();
            members.retain(|_, member| is_representable(member));
            let same = members.len() == before;
            members.values_mut().fold(same, |same, member| remove_unrepresentable(member) && same)
        }
        _ => true,
    }
}
