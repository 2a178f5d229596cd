//! Whether a request costs more where there is more of everything.

use super::gateway::ADMIN_KEY;
use super::rows;
use super::testbed::{MODELS, Measures, Start, Testbed, median, saturate};
use crate::process::Baton;
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use std::process::Command;
use std::time::Instant;

/// Measures what a request costs with 100 times the models, with many keys, or with many rows in the ledger, beside what it costs without
#[derive(Args)]
pub struct Growth {
    #[command(flatten)]
    measured: Measures,
    /// Only this; may be repeated
    #[arg(long, value_enum)]
    of: Vec<Kind>,
    /// How often each is measured
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long each time, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Keys
    #[arg(long, default_value_t = 100_000)]
    keys: u64,
    /// Rows of the ledger
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
}

/// What there is more of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Kind {
    Models,
    Keys,
    Ledger,
}

const CONNECTIONS: u32 = 32;

impl Growth {
    /// Measures it.
    ///
    /// # Errors
    /// If a reply is not as it must be.
    pub fn run(self) -> anyhow::Result<()> {
        let testbed = self.measured.testbed()?;
        let row = rows::find("chat")?;
        for kind in Kind::value_variants().iter().filter(|kind| self.of.is_empty() || self.of.contains(kind)) {
            // Both run, and one waits while the other serves: whatever else the machine does meets both.
            let few = testbed.start(&format!("few-{kind:?}"), &Start::default())?;
            let many = self.grown(&testbed, *kind)?;
            let (mut without, mut with) = (Vec::new(), Vec::new());
            for _ in 0..self.rounds {
                let cost = |baton: &Baton| {
                    saturate(&testbed.sender_to(baton), row, CONNECTIONS, self.seconds, baton.id())
                        .map(|measured| measured.cpu)
                };
                without.push(cost(&few)?);
                with.push(cost(&many)?);
            }
            let ratios = with.iter().zip(&without).map(|(with, without)| with / without).collect();
            println!(
                "{kind:?}: {:.1} µs with, {:.1} µs without, ratio {:.3}",
                median(with),
                median(without),
                median(ratios)
            );
        }
        Ok(())
    }

    fn grown(&self, testbed: &Testbed, kind: Kind) -> anyhow::Result<Baton> {
        let name = format!("many-{kind:?}");
        match kind {
            Kind::Models => testbed.start(&name, &Start { models: 100 * MODELS, ..Start::default() }),
            Kind::Keys => {
                let baton = testbed.start(&name, &Start::default())?;
                create_keys(testbed, &baton, self.keys)?;
                drop(baton);
                // The start with them is measured on the way.
                let started = Instant::now();
                let baton = testbed.start(&name, &Start::default())?;
                println!("start with {MODELS} models and {} keys: {:?}", self.keys, started.elapsed());
                Ok(baton)
            }
            Kind::Ledger => {
                let baton = testbed.start(&name, &Start::default())?;
                fill_ledger(testbed, &baton, self.rows)?;
                Ok(baton)
            }
        }
    }
}

/// Cached replies are the cheapest requests that have a row.
fn fill_ledger(testbed: &Testbed, baton: &Baton, rows: u64) -> anyhow::Result<()> {
    let options = ["--connections", "32", "--seconds", "36000", "--requests", &rows.to_string()];
    testbed.sender_to(baton).send(rows::find("cached")?, &options)?;
    Ok(())
}

fn create_keys(testbed: &Testbed, baton: &Baton, keys: u64) -> anyhow::Result<()> {
    let body = testbed.folder.join("key.json");
    std::fs::write(&body, r#"{"name":"one of many"}"#)?;
    let address = baton.url.trim_start_matches("http://");
    let authorization = format!("authorization: Bearer {ADMIN_KEY}");
    let output = Command::new(&testbed.load)
        .args(["run", "--target", address, "--path", "/api/keys", "--header", &authorization, "--body"])
        .arg(&body)
        .args(["--seconds", "36000", "--status", "201", "--requests", &keys.to_string()])
        .output()
        .context("the load generator")?;
    ensure!(output.status.success(), "keys: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
