//! Tests that are worth more time than a test run has: the same tests, with more of it.
//!
//! One implementation for both: what is checked in a minute holds for an hour.

use crate::process::build;
use anyhow::{Context, ensure};
use clap::Args;
use std::path::PathBuf;
use std::process::Command;

/// Attacks a release build in a small container; prints what health checks and clients felt, and the memory it took
#[derive(Args)]
pub struct Abuse {
    /// The binary; absent: built for release
    #[arg(long)]
    binary: Option<PathBuf>,
    /// How long each attack lasts, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only attacks whose name contains this
    #[arg(long)]
    only: Option<String>,
}

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

impl Abuse {
    /// Runs the attacks.
    ///
    /// # Errors
    /// If something did not hold.
    pub fn run(self) -> anyhow::Result<()> {
        let binary = match &self.binary {
            Some(binary) => std::path::absolute(binary)?,
            None => build(true)?,
        };
        let mut test = test("abuse::");
        test.env("BATON_TEST_ABUSE_BINARY", binary).env("BATON_TEST_ABUSE_SECONDS", self.seconds.to_string());
        if let Some(only) = self.only {
            test.env("BATON_TEST_ABUSE_ONLY", only);
        }
        ensure!(test.status().context("cargo test")?.success(), "an attack did harm");
        Ok(())
    }
}

impl Soak {
    /// Runs the traffic.
    ///
    /// # Errors
    /// If something did not hold.
    pub fn run(self) -> anyhow::Result<()> {
        let mut test = test("soak::");
        test.env("BATON_TEST_SOAK_SECONDS", (self.minutes * 60).to_string());
        test.env("BATON_TEST_SOAK_SEED", self.seed.to_string());
        ensure!(test.status().context("cargo test")?.success(), "the soak failed with seed {}", self.seed);
        Ok(())
    }
}

/// The tests of that name. With the features of a test run, so that nothing is built twice.
fn test(name: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--workspace", "--all-features", "--test", "it", name, "--", "--nocapture"]);
    command
}
