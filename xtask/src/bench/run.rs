//! Runs the rows: Baton and nginx in turn, several times, so that whatever else the machine does meets both.

use super::gateway::{self, ADMIN_KEY, LOAD_CORE, Nginx, processor_seconds, start_baton};
use super::measured::{Measured, Measurements, Report};
use super::rows::{ROWS, Row};
use super::table;
use crate::process::{build_package, free_port};
use anyhow::{Context, bail, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::Command;
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
    /// A binary of Baton; absent: built as it is shipped
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Writes the table into docs/performance.md
    #[arg(long)]
    write: bool,
}

/// What is not measured, so that connections and caches are there.
const WARM_UP: f64 = 1.0;
/// How many models are registered: a company's, with all versions.
const MODELS: usize = 1_000;
/// How long the ledger may take to write what is left before the next row.
const SETTLE: Duration = Duration::from_secs(2);

impl Rows {
    pub fn run(self) -> anyhow::Result<()> {
        let rows: Vec<&Row> =
            ROWS.iter().filter(|row| self.row.is_empty() || self.row.iter().any(|name| name == row.name)).collect();
        if rows.is_empty() {
            let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            bail!("no such row; there are {}", names.join(", "));
        }
        let baton = match &self.binary {
            Some(binary) => std::path::absolute(binary)?,
            // What is shipped: the other profiles are quick to build, not to run.
            None => build_package("baton", "dist")?,
        };
        let load = build_package("xtask-load", "release")?;
        let folder = std::env::temp_dir().join(format!("baton-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let result = self.measure(&rows, &baton, &load, &folder);
        std::fs::remove_dir_all(&folder)?;
        let measurements = result?;
        table::print(&measurements);
        if self.write {
            ensure!(self.row.is_empty(), "--write needs all rows");
            table::write(&measurements, self.rounds)?;
        }
        Ok(())
    }

    fn measure(
        &self,
        rows: &[&'static Row],
        baton: &Path,
        load: &Path,
        folder: &Path,
    ) -> anyhow::Result<Vec<Measurements>> {
        let upstream = free_port()?;
        let listen = format!("127.0.0.1:{upstream}");
        let _upstream = gateway::start(LOAD_CORE, load, &["upstream", "--listen", &listen], upstream)?;
        let nginx = Nginx::start(folder, upstream)?;
        let baton = start_baton(&[], baton, folder, upstream, MODELS)?;
        let worker = nginx.worker()?;
        let address = baton.url.trim_start_matches("http://").to_owned();
        let mut all: Vec<Measurements> =
            rows.iter().map(|&row| Measurements { row, baton: Vec::new(), nginx: Vec::new() }).collect();
        for round in 1..=self.rounds {
            for measurements in &mut all {
                let row = measurements.row;
                eprintln!("round {round} of {}: {}", self.rounds, row.title);
                let sender = Sender { load, folder, address: &address, gateway: true };
                measurements.baton.push(self.once(&sender, row, baton.id())?);
                std::thread::sleep(SETTLE);
                let port = if row.events.is_some() { nginx.stream_port } else { nginx.port };
                let sender = Sender { load, folder, address: &format!("127.0.0.1:{port}"), gateway: false };
                measurements.nginx.push(self.once(&sender, row, worker)?);
            }
        }
        Ok(all)
    }

    fn once(&self, sender: &Sender<'_>, row: &Row, process: u32) -> anyhow::Result<Measured> {
        let send = |seconds: f64| {
            sender.send(row, &["--connections", &self.connections.to_string(), "--seconds", &seconds.to_string()])
        };
        send(WARM_UP)?;
        let before = processor_seconds(process)?;
        let report = send(self.seconds)?;
        let used = processor_seconds(process)? - before;
        Ok(Measured { cpu: used * 1e6 / report.requests.max(1) as f64, report })
    }
}

/// Sends requests to one of the two.
pub struct Sender<'s> {
    pub load: &'s Path,
    /// Where bodies are put.
    pub folder: &'s Path,
    pub address: &'s str,
    /// Whether it is Baton.
    pub gateway: bool,
}

impl Sender<'_> {
    /// Sends a row's request over and over, as the options of the load generator say.
    pub fn send(&self, row: &Row, options: &[&str]) -> anyhow::Result<Report> {
        let body = self.folder.join("body.json");
        std::fs::write(&body, row.body())?;
        let mut command = Command::new("taskset");
        command.args(["-c", LOAD_CORE]).arg(self.load).args(["run", "--target", self.address, "--path", row.path]);
        command.arg("--body").arg(&body).args(options);
        let key = if row.refused { "bt-wrong-key-00000000000000000000000000000000" } else { ADMIN_KEY };
        command.args(["--header", &format!("authorization: Bearer {key}")]);
        for header in row.headers {
            command.args(["--header", header]);
        }
        if row.refused && self.gateway {
            // Who guesses keys is slowed down after a while.
            command.args(["--status", "401,429"]);
        }
        if let Some((events, at_nginx)) = row.events {
            command.args(["--events", &(if self.gateway { events } else { at_nginx }).to_string()]);
        }
        let output = command.output().context("the load generator")?;
        let who = if self.gateway { "Baton" } else { "nginx" };
        ensure!(output.status.success(), "{} at {who}: {}", row.title, String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).context("the load generator's report")
    }
}
