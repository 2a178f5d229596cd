//! What commands print.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;
use std::io::{ErrorKind, Write};

/// Prints a line. If nobody reads any more (`baton models list | head`), the command is over.
pub fn line(text: &str) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}

/// Prints JSON, indented.
pub fn json(value: &Value) {
    line(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Prints a table: a heading and a JSON pointer for each column.
pub fn table(columns: &[(&str, &str)], rows: &[Value]) {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, pointer)| row.pointer(pointer).map(cell).unwrap_or_default()));
    }
    line(&table.to_string());
}

/// A value as a person reads it.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
