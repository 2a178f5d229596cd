//! `baton db`.

use super::output::{self, Column, Format, Output};
use anyhow::{Context, bail};
use baton_store::copy::{CopyReport, copy};
use baton_store::{Pools, Store, masked};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Copies databases
#[derive(Subcommand)]
pub enum DbCommand {
    Copy(Copy),
}

/// Copies a database to another: from SQLite to PostgreSQL, or back. Stop every Baton that uses either first.
///
/// Rows that are in the target already are skipped, so an interrupted copy can be run again; a row that differs from the
/// source's is an error. At the end, the row counts of every table and the totals of tokens and costs are compared.
///
/// Example: baton db copy --from sqlite:data/baton.db --to postgresql://baton:secret@db/baton
#[derive(Args)]
pub struct Copy {
    /// The source
    #[arg(long, value_name = "URL")]
    from: String,
    /// The target
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    output: Output,
}

const COLUMNS: [Column<'_>; 4] =
    [("table", "/table"), ("source", "/source"), ("copied now", "/written"), ("target", "/target")];

impl DbCommand {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Copy(command) => command.run().await,
        }
    }
}

impl Copy {
    async fn run(self) -> anyhow::Result<ExitCode> {
        if self.from == self.to {
            bail!("`{}` is both the source and the target", masked(&self.from));
        }
        // SQLite makes a file that is not there: a typing error would be copied as an empty installation.
        let file = self.from.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
        if let Some(path) = file.and_then(|path| path.split('?').next()).filter(|path| !Path::new(path).exists()) {
            bail!("--from: the database `{path}` does not exist");
        }
        // Totals over all time may take a while.
        let pools = Pools { statement_timeout: Duration::from_secs(3600), ..Pools::default() };
        let from = Store::open_with(&self.from, &pools).await?;
        let to = Store::open_with(&self.to, &pools).await?;
        let mut progress = Progress::default();
        let copied = copy(&from, &to, |table, done, of| progress.report(table, done, of)).await;
        // Closed after a failed copy too, before its error leaves: SQLite folds its log into the file when the last
        // connection goes.
        from.close().await;
        to.close().await;
        let report = copied.with_context(|| format!("the copy to `{}` is incomplete", masked(&self.to)))?;
        let problems = report.faults();
        self.output
            .print_list(&COLUMNS, &json!({ "ok": problems.is_empty(), "items": rows(&report), "problems": problems }));
        if self.output.format() == Format::Table {
            problems.iter().for_each(|problem| output::print_line(&format!("error: {problem}")));
            if problems.is_empty() {
                output::print_line("copy complete; counts and totals match");
            }
        }
        Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A row for each table, then one for each sum.
fn rows(report: &CopyReport) -> Vec<Value> {
    let tables = report.tables.iter().map(|table| {
        json!({ "table": table.name, "source": table.source, "written": table.written, "target": table.target })
    });
    let of = |name: &str, source: String, target: String| json!({ "table": name, "source": source, "target": target });
    let (source, target) = (&report.source, &report.target);
    let cost = of("total cost in dollars", source.spent.cost.to_string(), target.spent.cost.to_string());
    let tokens = source.tokens.iter().map(|(class, amount)| {
        let there = target.tokens.iter().find(|(other, _)| other == class).map_or(0, |(_, amount)| *amount);
        of(&format!("total {}", class.name()), amount.to_string(), there.to_string())
    });
    tables.chain([cost]).chain(tokens).collect()
}

/// A line on the terminal for each tenth of a table.
#[derive(Default)]
struct Progress {
    reported: Option<(&'static str, u64)>,
}

impl Progress {
    fn report(&mut self, table: &'static str, done: u64, of: u64) {
        let tenth = done.saturating_mul(10).checked_div(of).unwrap_or(0);
        if of > 0 && done > 0 && self.reported != Some((table, tenth)) {
            self.reported = Some((table, tenth));
            output::print_note(&format!("{table}: {done} of {of}"));
        }
    }
}
