//! What commands print: a table, JSON or CSV, chosen by `--output`.
//!
//! Every list is the JSON object `{"items": […], …}`, as the API replies; everything else is one object.

mod cell;
mod column;
mod csv;
mod flat;
mod table;

pub use cell::cell;
pub use column::Column;
pub use csv::line as csv_line;

use clap::{Args, ValueEnum};
use serde_json::Value;
use std::io::{ErrorKind, Write};

/// What help pages call the options that many commands share, so that they don't stand among a command's own.
pub const EVERYWHERE: &str = "Common options";

/// In which form a command prints.
#[derive(Args, Debug, Clone, Default)]
pub struct Output {
    /// Output format [default: table]
    #[arg(
        short,
        long = "output",
        global = true,
        value_name = "table|json|csv",
        value_enum,
        hide_possible_values = true
    )]
    #[arg(help_heading = EVERYWHERE)]
    output: Option<Format>,
    /// Short for --output json
    #[arg(long, global = true, conflicts_with = "output", help_heading = EVERYWHERE)]
    json: bool,
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: a table, or a sentence
    Table,
    /// JSON, as the API replies
    Json,
    /// CSV with a header line
    Csv,
}

impl Output {
    /// The chosen form.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output.unwrap_or(Format::Table) }
    }

    /// Prints a list: the `items` of a reply.
    pub fn list(&self, columns: &[Column<'_>], reply: &Value) {
        let items = reply.pointer("/items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match self.format() {
            Format::Table if items.is_empty() => line("none"),
            Format::Table => line(&table::table(columns, items)),
            Format::Json => json(reply),
            Format::Csv => text(&csv::csv(columns, items)),
        }
        // A list that was cut must not look complete.
        if self.format() == Format::Table && reply.pointer("/next_cursor").is_some_and(|cursor| !cursor.is_null()) {
            print_note("there are more; use --limit to show more");
        }
    }

    /// Prints one object; as a table, each of its fields is a row.
    pub fn object(&self, object: &Value) {
        match self.format() {
            Format::Table => line(&table::fields(&flat::flatten(object))),
            Format::Json => json(object),
            Format::Csv => text(&csv::write_object(&flat::flatten(object))),
        }
    }

    /// Prints what a command has done: a sentence for people, else the object that says it.
    pub fn print_done(&self, sentence: &str, object: &Value) {
        match self.format() {
            Format::Table => line(sentence),
            Format::Json => json(object),
            Format::Csv => text(&csv::write_object(&flat::flatten(object))),
        }
    }
}

/// Prints a line. If nobody reads any more (`baton models list | head`), the command is over.
pub fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Prints text that ends its own lines.
pub fn text(text: &str) {
    print(text);
}

/// Prints JSON, indented.
pub fn json(value: &Value) {
    line(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Prints a note beside the output: for people, not for programs that read it.
#[expect(clippy::print_stderr, reason = "it must not mix with the output")]
pub fn print_note(text: &str) {
    eprintln!("{text}");
}

fn print(text: &str) {
    let mut stdout = std::io::stdout();
    // A closed pipe is a wish of the reader and no failure. `println!` would panic there.
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
