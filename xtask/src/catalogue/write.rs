//! The catalogue's file, laid out so that a change of a fact is a small diff.

use anyhow::Context;
use baton_meter::catalogue::{Catalogue, Entry};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The members of an entry, in their order.
const MEMBERS: [&str; 14] = [
    "vendor",
    "id",
    "aliases",
    "capabilities",
    "token_limit",
    "max_tokens",
    "reads",
    "writes",
    "deprecated",
    "tokenizer",
    "price",
    "quirks",
    "source",
    "date",
];

/// Where the catalogue is.
pub fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/meter/data/catalogue.json")
}

/// The file with these entries; everything else stands as it is in `before`, the quirks of each model too.
pub fn catalogue(before: &str, entries: &[Entry]) -> anyhow::Result<String> {
    let mut whole: Map<String, Value> = serde_json::from_str(before)?;
    let quirks: HashMap<(String, String), Value> = models(&whole)
        .filter_map(|model| {
            let name = |member: &str| model.get(member).and_then(Value::as_str).map(str::to_owned);
            Some(((name("vendor")?, name("id")?), model.get("quirks")?.clone()))
        })
        .collect();
    let date = entries.iter().map(|entry| entry.date.clone()).max().unwrap_or_default();
    let written = Catalogue::of_entries(date.clone(), entries.to_vec()).write();
    let mut written: Map<String, Value> = serde_json::from_str(&written)?;
    let models = written.get_mut("models").and_then(Value::as_array_mut).context("a catalogue has models")?;
    for (model, entry) in models.iter_mut().zip(entries) {
        if let (Some(model), Some(quirks)) =
            (model.as_object_mut(), quirks.get(&(entry.vendor.clone(), entry.id.clone())))
        {
            model.insert("quirks".to_owned(), quirks.clone());
        }
    }
    let lines: Vec<String> = models.iter().map(lay_out).collect();
    whole.insert("date".to_owned(), date.into());
    let list = |name: &str| -> anyhow::Result<String> {
        let all = whole.get(name).and_then(Value::as_array).context("lists stay lists")?;
        Ok(all.iter().map(|value| format!("  {}", spaced(value))).collect::<Vec<_>>().join(",\n"))
    };
    let vendors = whole.get("vendors").and_then(Value::as_object).context("a catalogue has vendors")?;
    let vendors: Vec<String> =
        vendors.iter().map(|(name, value)| format!("  {}: {}", Value::from(name.as_str()), spaced(value))).collect();
    Ok(format!(
        "{{\n \"date\": {},\n \"sources\": [\n{}\n ],\n \"vendors\": {{\n{}\n }},\n \"kinds\": [\n{}\n ],\n \"models\": [\n{}\n ]\n}}\n",
        whole.get("date").context("a catalogue has a date")?,
        list("sources")?,
        vendors.join(",\n"),
        list("kinds")?,
        lines.join(",\n")
    ))
}

fn models(whole: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    whole.get("models").and_then(Value::as_array).into_iter().flatten()
}

/// An entry, a member a line.
fn lay_out(model: &Value) -> String {
    let members = MEMBERS.iter().filter_map(|name| Some(format!("   \"{name}\": {}", spaced(model.get(name)?))));
    format!("  {{\n{}\n  }}", members.collect::<Vec<_>>().join(",\n"))
}

/// JSON on one line, with blanks for people.
fn spaced(value: &Value) -> String {
    let inside = |texts: Vec<String>, [open, close]: [char; 2]| format!("{open}{}{close}", texts.join(", "));
    match value {
        Value::Object(members) => {
            let members =
                members.iter().map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), spaced(value)));
            inside(members.collect(), ['{', '}'])
        }
        Value::Array(list) => inside(list.iter().map(spaced).collect(), ['[', ']']),
        other => other.to_string(),
    }
}
