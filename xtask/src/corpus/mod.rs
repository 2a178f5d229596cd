//! Recorded traffic of providers, read by the codecs: does anything get lost, and what to begin fuzzing with.
//!
//! A folder of recordings is given on the command line; nothing of it comes into the repository.

mod bills;
mod exact;
pub mod exchange;
mod losses;
pub mod replies;
mod requests;
mod seeds;

pub use requests::target;

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Reads recorded traffic (`*.jsonl.gz`)
#[derive(Subcommand)]
pub enum Corpus {
    Check(Check),
    Bills(bills::Bills),
    Seeds(seeds::Seeds),
}

/// Translates every recorded request, reply and stream into every format and back, and lists what is lost on the way
#[derive(Args)]
pub struct Check {
    /// The folder of recordings
    folder: PathBuf,
    /// How many examples of each loss are shown
    #[arg(long, default_value_t = 2)]
    examples: usize,
    /// Only the recording of this id
    #[arg(long)]
    id: Option<String>,
}

impl Corpus {
    /// Runs it.
    ///
    /// # Errors
    /// If the recordings can't be read, or something is lost.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Check(check) => check.run(),
            Self::Bills(bills) => bills.run(),
            Self::Seeds(seeds) => seeds.run(),
        }
    }
}

impl Check {
    fn run(self) -> anyhow::Result<()> {
        let mut losses = losses::Losses::default();
        exchange::each(&self.folder, |exchange| {
            if self.id.as_ref().is_none_or(|id| *id == exchange.id) {
                exact::check(&exchange, &mut losses);
                requests::check(&exchange, &mut losses);
                replies::check(&exchange, &mut losses);
            }
        })?;
        losses.report(self.examples)
    }
}
