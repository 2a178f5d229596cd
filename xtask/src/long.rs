//! The soak for as long as one likes.

use anyhow::{Context, ensure};
use clap::Args;
use std::process::Command;

/// Runs mixed traffic with faults against a Baton, and checks memory, gauges and ledger afterwards
#[derive(Args)]
pub struct Soak {
    /// How long
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Chooses traffic and faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Soak {
    /// Runs the test of that name with more time.
    ///
    /// # Errors
    /// If it fails.
    pub fn run(self) -> anyhow::Result<()> {
        // One implementation for the test run and for this: what is checked in a minute holds for an hour.
        let status = Command::new(env!("CARGO"))
            .args(["test", "--package", "baton", "--test", "it", "soak::", "--", "--nocapture"])
            .env("BATON_TEST_SOAK_SECONDS", (self.minutes * 60).to_string())
            .env("BATON_TEST_SOAK_SEED", self.seed.to_string())
            .status()
            .context("cargo test")?;
        ensure!(status.success(), "the soak failed with seed {}", self.seed);
        Ok(())
    }
}
