//! `cargo xtask bill`.

use crate::process::build;
use anyhow::{Context, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use xtask_bill::{DatabaseChoice, Options, Progress};

/// Proves that money is exact: mixed traffic, faults, kills and a database that goes away; then ledger and budgets beside the
/// bills of simulated providers, to the nano-dollar
#[derive(Args)]
pub struct Bill {
    /// How many requests are sent
    #[arg(long, default_value_t = 20_000)]
    requests: u64,
    /// How often the process is killed (`kill -9`) and started again on the same data
    #[arg(long, default_value_t = 10)]
    kills: u32,
    /// Chooses traffic, faults, clients that leave and the moments of disturbances
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// `sqlite`, `postgres` (a server is started), or a server that is there: postgresql://USER@HOST:PORT
    #[arg(long, default_value = "sqlite")]
    database: DatabaseChoice,
    /// A binary of Baton; absent: built for release
    #[arg(long)]
    binary: Option<PathBuf>,
    /// How many clients send at the same time
    #[arg(long, default_value_t = 48)]
    clients: usize,
    /// Puts the data on a disk of so many MiB that is full at times; needs Linux, and root or sudo to mount it
    #[arg(long, value_name = "MIB")]
    small_disk: Option<u32>,
    /// Leaves data, configuration and log in this folder
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Bill {
    /// Runs it, and prints what it has found.
    ///
    /// # Errors
    /// If something differs, or can't be started.
    pub fn run(self) -> anyhow::Result<()> {
        let binary = match self.binary {
            Some(binary) => binary,
            None => build(true)?,
        };
        let options = Options {
            binary,
            requests: self.requests,
            kills: self.kills,
            seed: self.seed,
            clients: self.clients,
            database: self.database,
            small_disk: self.small_disk,
            folder: self.folder,
        };
        let runtime = tokio::runtime::Runtime::new().context("a runtime")?;
        let line = ProgressLine::new(options.requests)?;
        let report = runtime.block_on(xtask_bill::run(&options, move |progress| line.show(progress)))?;
        let Options { seed, clients, .. } = &options;
        println!("\nseed {seed}, {clients} clients, {:?}", options.database);
        print!("{report}");
        let differences = report.differences().len();
        ensure!(differences == 0, "{differences} differences with seed {}", options.seed);
        Ok(())
    }
}

/// A bar on a terminal; elsewhere a line now and then.
struct ProgressLine {
    begun: Instant,
    bar: ProgressBar,
    /// When the last line was written.
    last: Mutex<Instant>,
}

/// The time between two lines of a log.
const BETWEEN_LINES: Duration = Duration::from_secs(15);

impl ProgressLine {
    fn new(requests: u64) -> anyhow::Result<Self> {
        let style = "[{bar:40}] {pos} of {len} requests, {msg}, {per_sec}, {eta} left";
        let bar = ProgressBar::new(requests).with_style(ProgressStyle::with_template(style)?);
        let begun = Instant::now();
        Ok(Self { begun, bar, last: Mutex::new(begun) })
    }

    fn show(&self, Progress { begun, requests, kills }: Progress) {
        self.bar.set_position(begun);
        self.bar.set_message(format!("{kills} kills"));
        // The bar shows itself on terminals alone.
        if self.bar.is_hidden()
            && let Ok(mut last) = self.last.lock()
            && last.elapsed() >= BETWEEN_LINES
        {
            *last = Instant::now();
            let seconds = self.begun.elapsed().as_secs();
            eprintln!("{begun} of {requests} requests, {kills} kills, {seconds} s");
        }
    }
}
