//! What Baton adds to the time of a request, and how many it serves before its times grow.

use super::gateway::Start;
use super::measured::Report;
use super::rows::{self, Row};
use super::sender::Sender;
use super::testbed::{Measures, median, saturate};
use clap::Args;

/// Measures what Baton adds to the latency of a chat at half of the load that it can bear, and how many requests it serves within
/// 1, 5 and 10 ms
#[derive(Args)]
pub struct Latency {
    #[command(flatten)]
    measured: Measures,
    /// The kind of request
    #[arg(long, default_value = "chat")]
    row: String,
    /// How often the latency is measured
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long each time, in seconds
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How many connections send requests
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// At this many requests a second; absent: half of what saturates
    #[arg(long)]
    rate: Option<f64>,
    /// How often the search for the frontier halves what is left, from what saturates; 0: it is not searched
    #[arg(long, default_value_t = 7)]
    steps: u32,
}

/// The limits of the frontier, in microseconds.
const LIMITS: [u64; 3] = [1_000, 5_000, 10_000];
/// Fewer than this part of what was due is another rate.
const KEPT_UP: f64 = 0.98;

impl Latency {
    /// Measures it.
    ///
    /// # Errors
    /// If a reply is not as it must be.
    pub fn run(self) -> anyhow::Result<()> {
        let row = rows::find(&self.row)?;
        let testbed = self.measured.testbed()?;
        let baton = testbed.start("baton", &Start::default())?;
        let through = testbed.sender_to(&baton);
        let direct = testbed.sender_to_port(testbed.upstream);
        let saturated = saturate(&through, row, self.connections, self.seconds, baton.id())?.report;
        let most = saturated.requests as f64 / saturated.seconds;
        println!("saturated: {most:.0} requests/s on {} connections", self.connections);
        let rate = self.rate.unwrap_or(most / 2.0);
        let (mut added50, mut added99) = (Vec::new(), Vec::new());
        for round in 1..=self.rounds {
            let with = self.at(&through, row, rate)?;
            let without = self.at(&direct, row, rate)?;
            let (p50, p99) = (with.p50.saturating_sub(without.p50), with.p99.saturating_sub(without.p99));
            println!(
                "round {round}: p50 {} µs, direct {}; p99 {} µs, direct {}",
                with.p50, without.p50, with.p99, without.p99
            );
            added50.push(p50 as f64);
            added99.push(p99 as f64);
        }
        println!("added at {rate:.0} requests/s: p50 {:.0} µs, p99 {:.0} µs", median(added50), median(added99));
        for limit in LIMITS.into_iter().filter(|_| self.steps > 0) {
            let rate = self.frontier(&through, row, most, limit)?;
            println!("within p99 {} ms: {rate:.0} requests/s", limit / 1_000);
        }
        Ok(())
    }

    fn at(&self, sender: &Sender<'_>, row: &Row, rate: f64) -> anyhow::Result<Report> {
        let (connections, seconds) = (self.connections.to_string(), self.seconds.to_string());
        sender.send(row, &["--connections", &connections, "--seconds", &seconds, "--rate", &rate.to_string()])
    }

    /// The most requests a second whose 99th percentile is within the limit, and which were all sent when they were due.
    fn frontier(&self, sender: &Sender<'_>, row: &Row, most: f64, limit: u64) -> anyhow::Result<f64> {
        let (mut holds, mut fails) = (0.0, most);
        for _ in 0..self.steps {
            let rate = f64::midpoint(holds, fails);
            let report = self.at(sender, row, rate)?;
            let kept_up = report.requests as f64 / report.seconds >= rate * KEPT_UP;
            if kept_up && report.p99 <= limit { holds = rate } else { fails = rate }
        }
        Ok(holds)
    }
}
