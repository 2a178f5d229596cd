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
pub use flat::flatten;
pub use table::align_rows;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
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
    pub fn print_list(&self, columns: &[Column<'_>], reply: &Value) {
        let items = reply.pointer("/items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match self.format() {
            Format::Table if items.is_empty() => print_line("none"),
            Format::Table => print_line(&table::table(columns, items)),
            Format::Json => print_json(reply),
            Format::Csv => print_text(&csv::csv(columns, items)),
        }
        // A list that was cut must not look complete.
        if self.format() == Format::Table && reply.pointer("/next_cursor").is_some_and(|cursor| !cursor.is_null()) {
            print_note("there are more; use --limit to show more");
        }
    }

    /// Prints one object; as a table, each of its fields is a row.
    pub fn print_object(&self, object: &Value) {
        match self.format() {
            Format::Table => print_line(&table::fields(&flat::flatten(object))),
            Format::Json => print_json(object),
            Format::Csv => print_text(&csv::write_object(&flat::flatten(object))),
        }
    }

    /// Prints that something is `gone` (removed, revoked): a sentence for people, else an object that says it. `field` is
    /// the name of its id.
    pub fn print_gone(&self, kind: &str, gone: &str, field: &str, id: &str) {
        let object = Map::from_iter([(field.to_owned(), json!(id)), (gone.to_owned(), json!(true))]);
        self.print_done(&format!("{kind} `{id}` {gone}"), &object.into());
    }

    /// Prints an object with a secret in the field `secret`, which nobody can print again.
    pub fn print_secret(&self, what: &str, secret: &str, object: &Value) {
        let value = |field: &str| object.get(field).map(cell).unwrap_or_default();
        let sentence = format!("{}\n\nThe {what} `{}` is shown only once.", value(secret), value("id"));
        self.print_done(&sentence, object);
    }

    /// Prints what a command has done: a sentence for people, else the object that says it.
    pub fn print_done(&self, sentence: &str, object: &Value) {
        match self.format() {
            Format::Table => print_line(sentence),
            Format::Json => print_json(object),
            Format::Csv => print_text(&csv::write_object(&flat::flatten(object))),
        }
    }
}

/// Prints a line. If nobody reads any more (`baton models list | head`), the command is over.
pub fn print_line(text: &str) {
    write_stdout(&format!("{text}\n"));
}

/// Prints text that ends its own lines.
pub fn print_text(text: &str) {
    write_stdout(text);
}

/// Prints JSON, indented.
pub fn print_json(value: &Value) {
    print_line(&serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Prints a note beside the output: for people, not for programs that read it.
#[expect(clippy::print_stderr, reason = "it must not mix with the output")]
pub fn print_note(text: &str) {
    eprintln!("{text}");
}

fn write_stdout(text: &str) {
    let mut stdout = std::io::stdout();
    // A closed pipe is a wish of the reader and no failure. `println!` would panic there.
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
