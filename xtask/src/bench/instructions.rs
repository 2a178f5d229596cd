//! Instructions for each request, counted by valgrind: the same binary gives nearly the same number whatever else the
//! machine does, so a change of a few percent shows.

use super::rows::{self, Row};
use super::testbed::{Start, Testbed};
use crate::process::build_package;
use anyhow::{Context, bail, ensure};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Counts the instructions of each kind of request under valgrind, and compares them with the committed figures
#[derive(Args)]
pub struct Instructions {
    /// A binary of Baton; absent: the release is built, whose counts the figures are
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Only this row; may be repeated
    #[arg(long)]
    row: Vec<String>,
    /// Requests of each kind; a multiple of 64, since something is learned from each 64th reply
    #[arg(long, default_value_t = 256)]
    requests: u64,
    /// Writes the figures in place of comparing them
    #[arg(long)]
    write: bool,
}

/// The committed figures: instructions for each request, by row.
const FIGURES: &str = "xtask/src/bench/instructions.json";
/// How much more than the committed figure is a regression.
const TOLERANCE: f64 = 1.03;
/// How often a row is counted that seems to have grown.
const TRIES: u32 = 3;
/// Fewer than in the other measurement: under valgrind a start takes fifty times as long.
const MODELS: usize = 20;

impl Instructions {
    /// Runs it.
    ///
    /// # Errors
    /// If something can't be started, or a figure has grown.
    pub fn run(self) -> anyhow::Result<()> {
        let binary = match &self.binary {
            Some(binary) => binary.clone(),
            // Quick to build, and as good as any other to see growth.
            None => build_package("baton", "release")?,
        };
        let testbed = Testbed::of(binary)?;
        let rows: Vec<&Row> = if self.row.is_empty() {
            rows::all().collect()
        } else {
            self.row.iter().map(|name| rows::find(name)).collect::<Result<_, _>>()?
        };
        let counted = self.count(&testbed, &rows)?;
        if self.write {
            ensure!(self.row.is_empty(), "--write needs all rows");
            std::fs::write(FIGURES, serde_json::to_string_pretty(&counted)? + "\n").context(FIGURES)?;
            return Ok(());
        }
        self.compare(&testbed, counted)
    }

    /// What runs by time is counted too: how many records the ledger moves at once, for one. So what has grown is counted again.
    fn compare(&self, testbed: &Testbed, mut counted: BTreeMap<String, u64>) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(FIGURES).context(FIGURES)?;
        let known: BTreeMap<String, u64> = serde_json::from_str(&text).context(FIGURES)?;
        for _ in 1..TRIES {
            let rows: Vec<&Row> = rows::all().filter(|row| has_grown(&known, &counted, row.name)).collect();
            if rows.is_empty() {
                return Ok(());
            }
            for (name, again) in self.count(testbed, &rows)? {
                counted.entry(name).and_modify(|least| *least = again.min(*least));
            }
        }
        let grown: Vec<String> = rows::all()
            .filter(|row| has_grown(&known, &counted, row.name))
            .map(|row| format!("{}: {}, {} before", row.title, counted[row.name], known[row.name]))
            .collect();
        ensure!(grown.is_empty(), "more instructions than {FIGURES} says:\n{}", grown.join("\n"));
        Ok(())
    }

    fn count(&self, testbed: &Testbed, rows: &[&Row]) -> anyhow::Result<BTreeMap<String, u64>> {
        let folder = &testbed.folder;
        let out = format!("--callgrind-out-file={}", folder.join("counts").display());
        let valgrind = ["valgrind", "--tool=callgrind", &out, "--quiet"];
        let baton = testbed.start("baton", &Start { under: &valgrind, models: MODELS, ..Start::default() })?;
        let sender = testbed.sender_to(&baton);
        let mut counted = BTreeMap::new();
        for row in rows {
            let send = |requests: u64| {
                sender.send(row, &["--connections", "1", "--seconds", "600", "--requests", &requests.to_string()])
            };
            // What is made once is made now: connections, metrics, statements.
            send(WARM_UP)?;
            std::thread::sleep(SETTLE);
            control(baton.id(), "--zero")?;
            send(self.requests)?;
            // What requests leave to be done is theirs.
            std::thread::sleep(SETTLE);
            control(baton.id(), "--dump")?;
            let each = total(folder)? / self.requests;
            println!("{each:>12} {}", row.title);
            counted.insert(row.name.to_owned(), each);
        }
        Ok(counted)
    }
}

/// Requests before anything is counted: those of which each teaches something, and as many again.
const WARM_UP: u64 = 128;
/// How long the ledger and what learns are given to end their work.
const SETTLE: Duration = Duration::from_secs(2);

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

/// Whether a row costs more than the committed figure allows.
fn has_grown(known: &BTreeMap<String, u64>, counted: &BTreeMap<String, u64>, name: &str) -> bool {
    let (Some(before), Some(now)) = (known.get(name), counted.get(name)) else { return false };
    *now as f64 / *before as f64 > TOLERANCE
}
