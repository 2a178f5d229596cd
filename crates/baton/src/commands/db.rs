//! `baton db`.

use super::output;
use anyhow::{Context, bail};
use baton_store::copy::{CopyReport, copy};
use baton_store::{Pools, Store, masked};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Works on databases
#[derive(Subcommand)]
pub enum Db {
    Copy(Copy),
}

/// Copies an installation to another database: from SQLite to PostgreSQL, or back. No Baton should be running on either.
///
/// What is there already and the same is passed over, so a copy that was interrupted can be run again. What is there and
/// different is refused. At the end the counts of every table and the sums of tokens and costs are compared.
///
/// Example: baton db copy --from sqlite:data/baton.db --to postgresql://baton:secret@db/baton
#[derive(Args)]
pub struct Copy {
    /// The database that is read
    #[arg(long, value_name = "URL")]
    from: String,
    /// The database that is written
    #[arg(long, value_name = "URL")]
    to: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Db {
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
            bail!("`{}` can't be copied to itself", masked(&self.from));
        }
        let file = self.from.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
        if let Some(path) = file.and_then(|path| path.split('?').next()).filter(|path| !Path::new(path).exists()) {
            bail!("there is no database `{path}` to copy from");
        }
        // Totals over all time may take a while.
        let pools = Pools { statement_timeout: Duration::from_secs(3600), ..Pools::default() };
        let from = Store::open_with(&self.from, &pools).await?;
        let to = Store::open_with(&self.to, &pools).await?;
        let mut progress = Progress::default();
        let copied = copy(&from, &to, |table, done, of| progress.tell(table, done, of)).await;
        from.close().await;
        to.close().await;
        let report = copied.with_context(|| format!("copying to `{}` stopped", masked(&self.to)))?;
        let faults = report.faults();
        if self.json {
            output::json(&json!({ "ok": faults.is_empty(), "tables": tables(&report), "faults": faults }));
        } else {
            let columns =
                [("table", "/table"), ("source", "/source"), ("written now", "/written"), ("target", "/target")];
            output::table(&columns, &tables(&report));
            for fault in &faults {
                output::line(&format!("FAULT {fault}"));
            }
            if faults.is_empty() {
                output::line("everything is there, and sums up to the same");
            }
        }
        Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A row for each table, then one for each sum.
fn tables(report: &CopyReport) -> Vec<Value> {
    let tables = report.tables.iter().map(|table| {
        json!({ "table": table.name, "source": table.source, "written": table.written, "target": table.target })
    });
    let of = |name: &str, source: String, target: String| json!({ "table": name, "source": source, "target": target });
    let (source, target) = (&report.source, &report.target);
    let cost = of("total cost in dollars", source.cost.to_string(), target.cost.to_string());
    let tokens = source.tokens.iter().map(|(class, amount)| {
        let there = target.tokens.iter().find(|(other, _)| other == class).map_or(0, |(_, amount)| *amount);
        of(&format!("total {}", class.name()), amount.to_string(), there.to_string())
    });
    tables.chain([cost]).chain(tokens).collect()
}

/// A line on the terminal for each tenth of a table.
#[derive(Default)]
struct Progress {
    told: Option<(&'static str, u64)>,
}

impl Progress {
    #[expect(clippy::print_stderr, reason = "progress is for who waits, not for who reads the output")]
    fn tell(&mut self, table: &'static str, done: u64, of: u64) {
        let tenth = done.saturating_mul(10).checked_div(of).unwrap_or(0);
        if of > 0 && done > 0 && self.told != Some((table, tenth)) {
            self.told = Some((table, tenth));
            eprintln!("{table}: {done} of {of}");
        }
    }
}
