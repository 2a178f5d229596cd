//! Runs the rows: Baton and nginx in turn, several times, so that whatever else the machine does meets both.

use super::gateway::{Nginx, Start};
use super::measured::Measurements;
use super::peers::{self, Peer};
use super::rows::{self, ROWS, Row};
use super::sender::Sender;
use super::table;
use super::testbed::{Measures, Testbed, saturate};
use anyhow::ensure;
use clap::Args;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Args)]
pub struct Rows {
    /// Only this row; may be repeated
    #[arg(long)]
    row: Vec<String>,
    /// How often each row is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each time, in seconds
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How many connections send requests
    #[arg(long, default_value_t = 32)]
    connections: u32,
    #[command(flatten)]
    measured: Measures,
    /// Other gateways too, as far as they are installed in `.venv/peers`: smg and TensorZero
    #[arg(long)]
    peers: bool,
    /// Writes the table into docs/performance.md
    #[arg(long)]
    write: bool,
}

/// How long the ledger may take to write what is left before the next row.
const SETTLE: Duration = Duration::from_secs(2);

impl Rows {
    pub fn run(self) -> anyhow::Result<()> {
        let rows: Vec<&Row> = if self.row.is_empty() {
            ROWS.iter().collect()
        } else {
            self.row.iter().map(|name| rows::find(name)).collect::<Result<_, _>>()?
        };
        let measurements = self.measure(&rows, &self.measured.testbed()?)?;
        table::print(&measurements);
        if self.write {
            ensure!(self.row.is_empty(), "--write needs all rows");
            table::write(&measurements, self.rounds)?;
        }
        Ok(())
    }

    fn measure(&self, rows: &[&'static Row], testbed: &Testbed) -> anyhow::Result<Vec<Measurements>> {
        let nginx = Nginx::start(&testbed.folder, testbed.upstream)?;
        let baton = testbed.start("baton", &Start::default())?;
        let peers: Vec<Peer> = if self.peers { peers::start_installed(testbed)? } else { Vec::new() };
        let worker = nginx.worker()?;
        let once =
            |sender: &Sender<'_>, row: &Row, process| saturate(sender, row, self.connections, self.seconds, process);
        let empty = |&row| Measurements { row, baton: Vec::new(), nginx: Vec::new(), peers: BTreeMap::new() };
        let mut all: Vec<Measurements> = rows.iter().map(empty).collect();
        for round in 1..=self.rounds {
            for measurements in &mut all {
                let row = measurements.row;
                eprintln!("round {round} of {}: {}", self.rounds, row.title);
                measurements.baton.push(once(&testbed.sender_to(&baton), row, baton.id())?);
                std::thread::sleep(SETTLE);
                let port = if row.events.is_some() { nginx.stream_port } else { nginx.port };
                measurements.nginx.push(once(&testbed.sender_to_port(port), row, worker)?);
                for peer in &peers {
                    if let Some(row) = peer.row(row) {
                        let measured = once(&peer.sender(testbed), &row, peer.id())?;
                        measurements.peers.entry(peer.name).or_default().push(measured);
                    }
                }
            }
        }
        Ok(all)
    }
}
