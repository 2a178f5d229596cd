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
        // Money has nine places at most; a float's own short form of it may be `2e-8`.
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:.9}", number.as_f64().unwrap_or_default());
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::cell;
    use serde_json::json;

    #[test]
    fn small_amounts_are_written_out() {
        for (number, text) in
            [(json!(2e-8), "0.00000002"), (json!(9.5e-7), "0.00000095"), (json!(1.5), "1.5"), (json!(12), "12")]
        {
            assert_eq!(cell(&number), text);
        }
    }
}
