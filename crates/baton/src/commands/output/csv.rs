//! CSV (RFC 4180), for spreadsheets and scripts.

use super::cell;
use super::column::Column;
use serde_json::Value;

/// A header line, and a line for each item.
pub fn csv(columns: &[Column<'_>], items: &[Value]) -> String {
    let header = record(columns.iter().map(|(heading, _)| heading.replace(' ', "_")));
    let rows = items.iter().map(|item| record(columns.iter().map(|(_, pointer)| field(item.pointer(pointer)))));
    std::iter::once(header).chain(rows).collect()
}

/// One object: a header line with the names of its fields, and a line with their values.
pub fn write_object(fields: &[(String, Value)]) -> String {
    let header = record(fields.iter().map(|(name, _)| name.clone()));
    header + &record(fields.iter().map(|(_, value)| field(Some(value))))
}

/// A value as a program reads it: times in full, nothing for null.
fn field(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        // Not by `cell`, which shortens times.
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.is_empty() => String::new(),
        Some(value) => cell::cell(value),
    }
}

fn record(fields: impl Iterator<Item = String>) -> String {
    line(&fields.collect::<Vec<_>>())
}

/// One line of fields, with its end.
pub fn line(fields: &[String]) -> String {
    format!("{}\n", fields.iter().map(|field| quote(field)).collect::<Vec<_>>().join(","))
}

fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_needs_quotes_has_them() {
        let items = [json!({ "name": "a, \"b\"", "at": "2026-11-27T02:25:04.123456Z", "cost": null })];
        let text = csv(&[("name", "/name"), ("at", "/at"), ("cost so far", "/cost")], &items);
        assert_eq!(text, "name,at,cost_so_far\n\"a, \"\"b\"\"\",2026-11-27T02:25:04.123456Z,\n");
    }
}
