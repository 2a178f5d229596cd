//! The configuration reference and the metric list, made from the code.

use super::Environment;
use super::sections::Config;
use baton_model::bounds;
use schemars::schema_for;
use serde_json::Value;
use std::fmt::Write;

/// How deep sections may be inside each other: models refer to each other without an end.
const DEEPEST: usize = 3;

/// Every key of the configuration, as Markdown. The sentences are the doc comments of [`super::sections`].
pub fn configuration() -> String {
    let schema = schema_for!(Config).to_value();
    let defaults: Value = serde_json::to_value(&schema).unwrap_or_default();
    let mut text = String::from(
        "# Configuration\n\n<!-- Made from crates/baton/src/config/sections.rs by `cargo xtask docs`. -->\n\n\
         Baton reads its configuration in layers; a later layer overrides an earlier one: defaults, the file (`baton.toml`,\n\
         `--config` or `BATON_CONFIG`), the environment (including a `.env` file), flags. `${NAME}` in a value is replaced\n\
         by the environment variable. An unknown key is an error that suggests the nearest known key. `baton check` lists\n\
         every problem and where it is.\n",
    );
    variables(&mut text);
    section(&mut text, &defaults, &schema, "", 0);
    text
}

/// The tables of environment variables.
fn variables(text: &mut String) {
    text.push_str("\n## Environment variables\n\n| variable | key |\n| --- | --- |\n");
    for (variable, key) in Environment::keys() {
        let _ = writeln!(text, "| `{variable}` | `{key}` |");
    }
    text.push_str("\n| variable | meaning |\n| --- | --- |\n");
    for (variable, meaning) in Environment::other_variables() {
        let _ = writeln!(text, "| `{variable}` | {meaning} |");
    }
}

/// The table of one object's keys, then its objects.
fn section(text: &mut String, root: &Value, schema: &Value, path: &str, depth: usize) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    if depth > DEEPEST {
        return;
    }
    let heading = if path.is_empty() { "Top level".to_owned() } else { format!("`{path}`") };
    let _ = write!(text, "\n## {heading}\n\n");
    if let (Some(about), false) = (schema.get("description").and_then(Value::as_str), path.is_empty()) {
        let _ = write!(text, "{about}\n\n");
    }
    text.push_str("| key | meaning | default |\n| --- | --- | --- |\n");
    let mut objects = Vec::new();
    for (key, property) in properties {
        let resolved = resolve(root, property);
        let Row { about, default } = Row::of(property, resolved);
        let _ = writeln!(text, "| `{key}` | {about} | {default} |");
        let inner = inner_path(path, key, resolved);
        if let Some((inner, object)) = inner.map(|(inner, object)| (inner, resolve(root, object))) {
            objects.push((inner, object));
        }
    }
    // After the table: Markdown ends a table at the next heading.
    for (path, object) in objects {
        section(text, root, object, &path, depth + 1);
    }
}

/// Every setting that bounds something, as a table. Settings say so of themselves (`x-limit`).
pub fn setting_limits() -> String {
    let schema: Value = serde_json::to_value(schema_for!(Config).to_value()).unwrap_or_default();
    let mut text = String::from("| setting | bounds | default |\n| --- | --- | --- |\n");
    limits_of(&mut text, &schema, &schema, "", 0);
    text
}

fn limits_of(text: &mut String, root: &Value, schema: &Value, path: &str, depth: usize) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|_| depth <= DEEPEST) else {
        return;
    };
    for (key, property) in properties {
        let resolved = resolve(root, property);
        if property.get("x-limit").is_some() {
            let dot = if path.is_empty() { "" } else { "." };
            let Row { about, default } = Row::of(property, resolved);
            let _ = writeln!(text, "| `{path}{dot}{key}` | {about} | {default} |");
        }
        if let Some((inner, object)) = inner_path(path, key, resolved) {
            limits_of(text, root, resolve(root, object), &inner, depth + 1);
        }
    }
}

/// What a table says of a key.
struct Row {
    about: String,
    default: String,
}

impl Row {
    fn of(property: &Value, resolved: &Value) -> Self {
        let about = property.get("description").or_else(|| resolved.get("description")).and_then(Value::as_str);
        // A bar would end the cell, in code too.
        let about = about.unwrap_or_default().replace('\n', " ").replace('|', "\\|");
        // Nothing, an empty list and an empty object say what an absent key says: nothing.
        let says_nothing =
            |default: &Value| default.is_null() || default.is_object() || default.as_array().is_some_and(Vec::is_empty);
        let default = property.get("default").filter(|default| !says_nothing(default));
        let default = default.map(|default| format!("`{}`", default.to_string().trim_matches('"'))).unwrap_or_default();
        Self { about, default }
    }
}

/// The path of an object behind a key: `[server]`, `[providers.NAME]`, `[[models]]`.
fn inner_path<'s>(path: &str, key: &str, schema: &'s Value) -> Option<(String, &'s Value)> {
    let dot = if path.is_empty() { String::new() } else { format!("{path}.") };
    if schema.get("properties").is_some() {
        return Some((format!("{dot}{key}"), schema));
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        return Some((format!("{dot}{key}.NAME"), values));
    }
    schema.get("items").map(|items| (format!("{dot}{key}[]"), items))
}

/// What a `$ref` refers to; of a choice with null, the other.
fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return root.pointer(name.trim_start_matches('#')).unwrap_or(schema);
    }
    let choices = schema.get("anyOf").and_then(Value::as_array);
    let other = choices.and_then(|choices| choices.iter().find(|choice| choice.get("$ref").is_some()));
    other.map_or(schema, |choice| resolve(root, choice))
}

/// Every metric, as Markdown, from the list with which they are registered.
pub fn metrics() -> String {
    let mut text = String::from(
        "# Metrics\n\n<!-- Made from crates/engine/src/metrics.rs by `cargo xtask docs`. -->\n\n\
         `GET /metrics` answers in the OpenMetrics text format, with exemplars that lead to traces, where `Accept` names it (as\n\
         Prometheus does), else in the older text format.\n\n| name | type | meaning |\n| --- | --- | --- |\n",
    );
    for metric in baton_engine::metrics::Metrics::default().documented() {
        let _ = writeln!(text, "| `{}` | {} | {} |", metric.name, metric.kind, metric.meaning);
    }
    text
}

/// How much of everything there may be, as Markdown, from the list that the code itself goes by.
pub fn limits() -> String {
    let mut text = String::from(
        "# Limits\n\n<!-- Made from crates/model/src/bounds.rs by `cargo xtask docs`. -->\n\n\
         Everything that Baton stores has a limit. Bytes are those of UTF-8 text. The longest body of a request is\n\
         `server.max_body_bytes`; how much one key may store is set in [`[quotas]`](configuration.md).\n\n\
         | of | at most | beyond |\n| --- | --- | --- |\n",
    );
    for bound in bounds::ALL {
        let _ = writeln!(text, "| {} | {} | {} |", bound.subject, bound.most, bound.beyond);
    }
    text
}
