//! Instructions for each request, counted by valgrind: the same binary gives nearly the same number whatever else the
//! machine does, so a change of a few percent shows.

use super::rows::{ROWS, Row};
use super::testbed::{Measures, Start, Testbed};
use anyhow::{Context, bail, ensure};
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Counts the instructions of each kind of request under valgrind, and compares them with the committed figures
#[derive(Args)]
pub struct Instructions {
    #[command(flatten)]
    measured: Measures,
    /// Only this row; may be repeated
    #[arg(long)]
    row: Vec<String>,
    /// Requests of each kind
    #[arg(long, default_value_t = 200)]
    requests: u64,
    /// Writes the figures in place of comparing them
    #[arg(long)]
    write: bool,
}

/// The committed figures: instructions for each request, by row.
const FIGURES: &str = "xtask/src/bench/instructions.json";
/// How much more than the committed figure is a regression.
const TOLERANCE: f64 = 1.03;
/// Fewer than in the other measurement: under valgrind a start takes fifty times as long.
const MODELS: usize = 20;

impl Instructions {
    /// Runs it.
    ///
    /// # Errors
    /// If something can't be started, or a figure has grown.
    pub fn run(self) -> anyhow::Result<()> {
        let counted = self.count(&self.measured.testbed()?)?;
        if self.write {
            ensure!(self.row.is_empty(), "--write needs all rows");
            std::fs::write(FIGURES, serde_json::to_string_pretty(&counted)? + "\n").context(FIGURES)?;
            return Ok(());
        }
        compare(&counted)
    }

    fn count(&self, testbed: &Testbed) -> anyhow::Result<BTreeMap<String, u64>> {
        let folder = &testbed.folder;
        let out = format!("--callgrind-out-file={}", folder.join("counts").display());
        let valgrind = ["valgrind", "--tool=callgrind", &out, "--quiet"];
        let baton = testbed.start("baton", &Start { under: &valgrind, models: MODELS, ..Start::default() })?;
        let sender = testbed.sender_to(&baton);
        let mut counted = BTreeMap::new();
        for row in ROWS.iter().filter(|row| self.row.is_empty() || self.row.iter().any(|name| name == row.name)) {
            let send = |requests: u64| {
                sender.send(row, &["--connections", "1", "--seconds", "600", "--requests", &requests.to_string()])
            };
            // What is made once is made now: connections, metrics, statements.
            send(WARM_UP)?;
            control(baton.id(), "--zero")?;
            send(self.requests)?;
            control(baton.id(), "--dump")?;
            let each = total(folder)? / self.requests;
            println!("{each:>12} {}", row.title);
            counted.insert(row.name.to_owned(), each);
        }
        Ok(counted)
    }
}

/// Requests before anything is counted: more than each of which something is learned.
const WARM_UP: u64 = 100;

fn control(process: u32, what: &str) -> anyhow::Result<()> {
    let done = Command::new("callgrind_control").args([what, &process.to_string()]).output();
    ensure!(done.context("callgrind_control (valgrind)")?.status.success(), "callgrind_control {what} failed");
    Ok(())
}

/// The instructions in the newest dump, which goes away: each is a file with the next number.
fn total(folder: &Path) -> anyhow::Result<u64> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("counts") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let line = text.lines().find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")));
        let Some(line) = line else { continue };
        std::fs::remove_file(&path)?;
        return line.trim().parse().context("a total");
    }
    bail!("valgrind wrote no counts")
}

fn compare(counted: &BTreeMap<String, u64>) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(FIGURES).context(FIGURES)?;
    let known: BTreeMap<String, u64> = serde_json::from_str(&text).context(FIGURES)?;
    let title = |name: &str| ROWS.iter().find(|row: &&Row| row.name == name).map_or("", |row| row.title);
    let mut grown = Vec::new();
    for (name, now) in counted {
        let Some(before) = known.get(name) else { continue };
        let ratio = *now as f64 / *before as f64;
        if ratio > TOLERANCE {
            grown.push(format!("{}: {now}, {before} before", title(name)));
        }
    }
    ensure!(grown.is_empty(), "more instructions than {FIGURES} says:\n{}", grown.join("\n"));
    Ok(())
}
