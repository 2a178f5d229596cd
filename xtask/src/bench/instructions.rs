//! Instructions for each request, counted by valgrind: the same binary gives nearly the same number whatever else the
//! machine does, so a change of a few percent shows.
//!
//! What is counted is the task that serves a connection, with all that it calls. Whatever runs by time (the drain of the ledger,
//! the relay of events) has other tasks and threads: how much of it falls on a request depends on how long the request takes.

use super::callgrind::Counts;
use super::gateway::Start;
use super::rows::{self, Row};
use super::testbed::Testbed;
use crate::process::build_with_symbols;
use anyhow::{Context, ensure};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Counts the instructions of each kind of request under valgrind, and compares them with the committed figures
#[derive(Args)]
pub struct Instructions {
    /// A binary of Baton with its symbols; absent: the release is built, whose counts the figures are
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Only this row; may be repeated
    #[arg(long)]
    row: Vec<String>,
    /// Requests of each kind; a multiple of 64, since something is learned from each 64th reply
    #[arg(long, default_value_t = 128)]
    requests: u64,
    /// Writes the figures in place of comparing them
    #[arg(long)]
    write: bool,
}

/// The committed figures: instructions for each request, by row.
const FIGURES: &str = "xtask/src/bench/instructions.json";
/// How much more than the committed figure is a regression.
const TOLERANCE: f64 = 1.03;
/// What serves a connection, as the binary names it: the task of ours around it has no function of its own.
const CONNECTION: &str =
    "<hyper_util::server::conn::auto::UpgradeableConnection<I,S,E> as core::future::future::Future>::poll";
/// Fewer than in the other measurement: under valgrind a start takes fifty times as long.
const MODELS: usize = 20;

/// Who tries wrong keys is slowed down after a while, by time: then another reply would be counted.
const UNLIMITED: &str = "[auth.failures]\nper_second = 0\n";

impl Instructions {
    /// Runs it.
    ///
    /// # Errors
    /// If something can't be started, or a figure has grown.
    pub fn run(self) -> anyhow::Result<()> {
        let binary = match &self.binary {
            Some(binary) => binary.clone(),
            // Quick to build, and as good as any other to see growth.
            None => build_with_symbols("baton", "release")?,
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
        self.compare(&counted)
    }

    fn compare(&self, counted: &BTreeMap<String, u64>) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(FIGURES).context(FIGURES)?;
        let known: BTreeMap<String, u64> = serde_json::from_str(&text).context(FIGURES)?;
        let grown: Vec<String> = rows::all()
            .filter(|row| has_grown(&known, counted, row.name))
            .map(|row| format!("{}: {}, {} before", row.title, counted[row.name], known[row.name]))
            .collect();
        ensure!(grown.is_empty(), "more instructions than {FIGURES} says:\n{}", grown.join("\n"));
        Ok(())
    }

    fn count(&self, testbed: &Testbed, rows: &[&Row]) -> anyhow::Result<BTreeMap<String, u64>> {
        let folder = &testbed.folder;
        let out = format!("--callgrind-out-file={}", folder.join(DUMPS).display());
        let valgrind = ["valgrind", "--tool=callgrind", &out, "--quiet"];
        let start = Start { under: &valgrind, models: MODELS, configuration: UNLIMITED, ..Start::default() };
        let baton = testbed.start("baton", &start)?;
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
            std::thread::sleep(SETTLE);
            control(baton.id(), "--dump")?;
            let counts = Counts::take(folder, DUMPS)?;
            let each = counts.inclusive(CONNECTION)? / self.requests;
            let rest = counts.total() / self.requests - each;
            println!("{each:>12} {} (and {rest} beside it)", row.title);
            counted.insert(row.name.to_owned(), each);
        }
        Ok(counted)
    }
}

/// How the names of valgrind's files begin.
const DUMPS: &str = "counts";
/// Requests before anything is counted: those of which each teaches something.
const WARM_UP: u64 = 64;
/// How long the last request is given to end: its client has the reply a moment before.
const SETTLE: Duration = Duration::from_millis(500);

fn control(process: u32, what: &str) -> anyhow::Result<()> {
    let done = Command::new("callgrind_control").args([what, &process.to_string()]).output();
    ensure!(done.context("callgrind_control (valgrind)")?.status.success(), "callgrind_control {what} failed");
    Ok(())
}

/// Whether a row costs more than the committed figure allows.
fn has_grown(known: &BTreeMap<String, u64>, counted: &BTreeMap<String, u64>, name: &str) -> bool {
    let (Some(before), Some(now)) = (known.get(name), counted.get(name)) else { return false };
    *now as f64 / *before as f64 > TOLERANCE
}
