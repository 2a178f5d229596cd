//! What every measurement stands on: a Baton, the upstream behind it, and the load generator.

use super::gateway::{self, LOAD_CORE, Process, processor_seconds};
use super::measured::{Measured, Report};
use super::rows::Row;
use super::sender::Sender;
use crate::process::{Baton, build_package, free_port};
use clap::Args;
use std::path::{Path, PathBuf};

/// The binary that is measured.
#[derive(Args)]
pub struct Measures {
    /// A binary of Baton; absent: built as it is shipped
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What is not measured, so that connections and caches are there.
const WARM_UP: f64 = 1.0;
/// How many models are registered: a company's, with all versions.
pub const MODELS: usize = 1_000;

/// The programs, a folder of their own, and the upstream.
pub struct Testbed {
    pub baton: PathBuf,
    pub load: PathBuf,
    pub folder: PathBuf,
    /// The upstream's port.
    pub upstream: u16,
    _upstream: Process,
}

/// How a Baton is started.
pub struct Start<'s> {
    /// A program that runs it, with its arguments.
    pub under: &'s [&'s str],
    /// The cores that it may use.
    pub cores: &'s str,
    /// Registered models, beside those that are measured.
    pub models: usize,
    pub variables: &'s [(&'s str, &'s str)],
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self { under: &[], cores: gateway::GATEWAY_CORE, models: MODELS, variables: &[] }
    }
}

impl Measures {
    /// Builds what is measured and what measures, and starts the upstream.
    ///
    /// # Errors
    /// If something does not build or start.
    pub fn testbed(&self) -> anyhow::Result<Testbed> {
        let baton = match &self.binary {
            Some(binary) => binary.clone(),
            // What is shipped: the other profiles are quick to build, not to run.
            None => build_package("baton", "dist")?,
        };
        Testbed::of(baton)
    }
}

impl Testbed {
    /// That binary, and the rest.
    ///
    /// # Errors
    /// If something does not build or start.
    pub fn of(baton: PathBuf) -> anyhow::Result<Self> {
        let baton = std::path::absolute(baton)?;
        let load = build_package("xtask-load", "release")?;
        let folder = std::env::temp_dir().join(format!("baton-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let upstream = free_port()?;
        let listen = format!("127.0.0.1:{upstream}");
        let process = gateway::start(LOAD_CORE, &load, &["upstream", "--listen", &listen], upstream)?;
        Ok(Self { baton, load, folder, upstream, _upstream: process })
    }

    /// Starts a Baton in a folder of that name.
    ///
    /// # Errors
    /// If it does not reply.
    pub fn start(&self, name: &str, start: &Start<'_>) -> anyhow::Result<Baton> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        gateway::start_baton(start, &self.baton, &folder, self.upstream)
    }

    /// What sends requests to a Baton.
    pub fn sender_to<'s>(&'s self, baton: &'s Baton) -> Sender<'s> {
        let address = baton.url.trim_start_matches("http://").to_owned();
        Sender { load: &self.load, folder: &self.folder, address, gateway: true }
    }

    /// What sends requests to another port.
    pub fn sender_to_port(&self, port: u16) -> Sender<'_> {
        Sender { load: &self.load, folder: &self.folder, address: format!("127.0.0.1:{port}"), gateway: false }
    }
}

impl Drop for Testbed {
    fn drop(&mut self) {
        // It is the system's folder for temporary files: what is left there is not in the way.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Sends as much as is answered, and gives what each request cost that process.
///
/// # Errors
/// If a reply is not as it must be.
pub fn saturate(
    sender: &Sender<'_>,
    row: &Row,
    connections: u32,
    seconds: f64,
    process: u32,
) -> anyhow::Result<Measured> {
    let connections = connections.to_string();
    let send = |seconds: f64| -> anyhow::Result<Report> {
        sender.send(row, &["--connections", &connections, "--seconds", &seconds.to_string()])
    };
    send(WARM_UP)?;
    let before = processor_seconds(process)?;
    let report = send(seconds)?;
    let used = processor_seconds(process)? - before;
    Ok(Measured { cpu: used * 1e6 / report.requests.max(1) as f64, report })
}

/// The middle of some numbers.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The bytes of all files in a folder whose name the filter takes.
pub fn bytes_in(folder: &Path, filter: impl Fn(&str) -> bool + Copy) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path(), filter),
            Ok(metadata) if filter(&entry.file_name().to_string_lossy()) => metadata.len(),
            // Gone since, or not asked for.
            _ => 0,
        })
        .sum()
}
