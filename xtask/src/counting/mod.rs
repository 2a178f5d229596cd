//! How right Baton's counts of tokens are, measured on recorded traffic.
//!
//! A folder of recordings is given on the command line; nothing of it comes into the repository but fitted numbers and
//! statistics.

mod errors;
mod fit;
mod pairs;
mod report;
mod squares;

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Measures counts of tokens against what vendors reported (`*.jsonl.gz`)
#[derive(Subcommand)]
pub enum Counting {
    Fit(Fit),
    Check(report::Check),
}

/// Fits the coefficients in `crates/meter/data/counting.json`
#[derive(Args)]
pub struct Fit {
    /// The folder of recordings
    #[arg(long)]
    corpus: PathBuf,
    /// The day that the file names, as 2026-11-27
    #[arg(long)]
    date: String,
}

impl Counting {
    /// Runs it.
    ///
    /// # Errors
    /// If the recordings can't be read, or an error has grown.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Fit(fit) => fit::run(&fit.corpus, &fit.date),
            Self::Check(check) => check.run(),
        }
    }
}
