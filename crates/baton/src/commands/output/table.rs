//! Tables for the terminal.

use super::cell;
use super::column::Column;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;
use std::io::IsTerminal;

/// A heading, and a row for each item.
pub fn table(columns: &[Column<'_>], items: &[Value]) -> String {
    let mut table = empty(terminal_width());
    table.set_header(columns.iter().map(|(heading, _)| heading.to_uppercase()));
    for item in items {
        table.add_row(columns.iter().map(|(_, pointer)| item.pointer(pointer).map_or_else(|| "-".into(), cell::cell)));
    }
    render(&table)
}

/// A row for each field.
pub fn fields(fields: &[(String, Value)]) -> String {
    let mut table = empty(terminal_width());
    for (name, value) in fields {
        table.add_row([name.clone(), cell::cell(value)]);
    }
    render(&table)
}

/// Rows of two columns, without a heading.
pub fn align_rows(rows: &[[String; 2]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = empty(terminal_width());
    for row in rows {
        table.add_row(row);
    }
    render(&table)
}

/// Without rules: the columns stand apart by blanks. As wide as the terminal at most; cells that are wider are wrapped.
fn empty(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table
}

/// `None` where no terminal reads: a program wants each row on one line.
fn terminal_width() -> Option<u16> {
    let size = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    size.map(|(terminal_size::Width(width), _)| width)
}

/// Without the blanks at the ends of lines, and those before the first column.
fn render(table: &Table) -> String {
    let lines = table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_is_a_line() {
        let items = [json!({ "id": "a", "n": 1 }), json!({ "id": "longer", "n": null })];
        assert_eq!(table(&[("id", "/id"), ("count", "/n")], &items), "ID      COUNT\na       1\nlonger  -");
    }

    #[test]
    fn a_table_fits_its_width() {
        let mut table = empty(Some(20));
        table.add_row(["a name", "a value that is much wider than that"]);
        let text = render(&table);
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.chars().count() <= 20), "{text}");
    }
}
