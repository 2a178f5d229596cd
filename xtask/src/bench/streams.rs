//! Many streams open at once: what memory each takes.

use super::gateway::resident;
use super::rows;
use super::testbed::{Measures, Start};
use anyhow::{Context, ensure};
use clap::Args;
use std::io::{BufRead, BufReader};
use std::time::Duration;

/// Measures the memory of streams that are open at once, each after its first event
#[derive(Args)]
pub struct Streams {
    #[command(flatten)]
    measured: Measures,
    /// How many; each needs two open files of Baton, one of the load generator and one of the upstream
    #[arg(long, default_value_t = 9_800)]
    streams: u32,
    /// The kind of request
    #[arg(long, default_value = "stream")]
    row: String,
}

/// How long memory is given to come to rest.
const REST: Duration = Duration::from_secs(3);

impl Streams {
    /// Measures it.
    ///
    /// # Errors
    /// If a stream does not begin.
    pub fn run(self) -> anyhow::Result<()> {
        let row = rows::find(&self.row)?;
        let testbed = self.measured.testbed()?;
        let baton = testbed.start("baton", &Start::default())?;
        // The first requests load tables that stay.
        let sender = testbed.sender_to(&baton);
        sender.send(row, &["--connections", "8", "--seconds", "600", "--requests", "500"])?;
        std::thread::sleep(REST);
        let before = resident(baton.id())?;
        let mut held = sender.hold(row, self.streams)?;
        let output = held.stdout.take().context("the load generator's output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line.trim() == "open", "not all streams were opened: {}", baton.log());
        std::thread::sleep(REST);
        let open = resident(baton.id())?;
        // It ends with its input.
        drop(held.stdin.take());
        held.wait()?;
        std::thread::sleep(REST);
        let after = resident(baton.id())?;
        let each = open.saturating_sub(before) as f64 / f64::from(self.streams);
        println!(
            "{} streams: {} MiB, before {} MiB, after {} MiB; {each:.1} KiB each",
            self.streams,
            open >> 10,
            before >> 10,
            after >> 10
        );
        Ok(())
    }
}
