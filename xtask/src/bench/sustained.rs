//! Minutes of as much load as is answered: whether memory and the journal stay as they are.

use super::gateway::resident;
use super::rows;
use super::testbed::{Measures, Start, bytes_in};
use anyhow::Context;
use clap::Args;
use std::time::{Duration, Instant};

/// Measures memory and the journal over minutes of as much load as is answered, and what a request takes on the disk
#[derive(Args)]
pub struct Sustained {
    #[command(flatten)]
    measured: Measures,
    /// The kind of request
    #[arg(long, default_value = "chat")]
    row: String,
    /// How long, in minutes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many connections send requests
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// The ledger's database; absent: SQLite
    #[arg(long)]
    database: Option<String>,
}

/// How long after a start memory is called idle.
const IDLE: Duration = Duration::from_secs(5);
/// How often memory and the journal are looked at.
const SAMPLE: Duration = Duration::from_millis(500);
/// A journal of this size holds nothing but the segment that is written to.
const DRAINED: u64 = 64 << 20;

impl Sustained {
    /// Measures it.
    ///
    /// # Errors
    /// If a reply is not as it must be.
    pub fn run(self) -> anyhow::Result<()> {
        let row = rows::find(&self.row)?;
        let testbed = self.measured.testbed()?;
        let variables: Vec<(&str, &str)> = self.database.iter().map(|url| ("DATABASE_URL", url.as_str())).collect();
        let baton = testbed.start("baton", &Start { variables: &variables, ..Start::default() })?;
        std::thread::sleep(IDLE);
        println!("idle: {:.1} MiB", mebibytes(resident(baton.id())? << 10));
        let data = baton.folder.join("data");
        let journal = || bytes_in(&data.join("journal"), |_| true);
        let sender = testbed.sender_to(&baton);
        let (connections, seconds) = (self.connections.to_string(), (self.minutes * 60.0).to_string());
        let begun = Instant::now();
        let report = std::thread::scope(|scope| {
            let load = scope.spawn(|| sender.send(row, &["--connections", &connections, "--seconds", &seconds]));
            let (mut minute, mut memory, mut waiting) = (0, Vec::new(), Vec::new());
            while !load.is_finished() {
                std::thread::sleep(SAMPLE);
                memory.push(resident(baton.id())? << 10);
                waiting.push(journal());
                let now = begun.elapsed().as_secs() / 60;
                if now > minute || load.is_finished() {
                    minute = now;
                    let most = |sizes: &[u64]| mebibytes(sizes.iter().copied().max().unwrap_or(0));
                    println!(
                        "minute {minute}: memory at most {:.1} MiB, journal at most {:.1} MiB",
                        most(&memory),
                        most(&waiting)
                    );
                    memory.clear();
                    waiting.clear();
                }
            }
            load.join().ok().context("the load generator's thread")?
        })?;
        println!("{} requests, {:.0} a second", report.requests, report.requests as f64 / report.seconds);
        let ended = Instant::now();
        while journal() > DRAINED && ended.elapsed() < Duration::from_secs(600) {
            std::thread::sleep(SAMPLE);
        }
        println!("journal below {} MiB after {:.1} s", DRAINED >> 20, ended.elapsed().as_secs_f64());
        std::thread::sleep(IDLE);
        println!("idle again: {:.1} MiB", mebibytes(resident(baton.id())? << 10));
        if self.database.is_none() {
            let bytes = bytes_in(&data, |name| name.ends_with(".db"));
            println!("SQLite: {:.0} bytes a request", bytes as f64 / report.requests as f64);
        }
        Ok(())
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
