//! Attacks against a running Baton: clients that hold connections, don't read, send without end, guess keys.
//!
//! Each attack runs for a bounded time. Beside it somebody asks `/health/live` all the time, and a well-behaved client
//! sends small chats. The process has to live within a bound of memory, both have to be served, and everything that the
//! attack held has to be free soon after it.

mod attacks;
mod watch;

use crate::process::{Baton, build};
use anyhow::{Context, bail, ensure};
use attacks::{ATTACKS, KEY, Target};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use watch::{Seen, Watch};

/// Attacks a Baton and checks that it lives, serves others, and frees what it held
#[derive(Args)]
pub struct Abuse {
    /// The binary; absent: built for release
    #[arg(long)]
    binary: Option<PathBuf>,
    /// How long each attack lasts, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The most memory that the process may take, in MiB
    #[arg(long, default_value_t = 400)]
    max_mib: u64,
    /// Only attacks whose name contains this
    #[arg(long)]
    only: Option<String>,
}

/// The limits are those of a small container, and the times short, so that a run takes a minute.
const CONFIGURATION: &str = r#"
[server]
max_in_flight = 100
max_bytes_in_flight = 134217728

[server.connections]
max = 1000
head_timeout = "2s"
idle_timeout = "5s"
write_timeout = "3s"
body_grace = "3s"

[logs]
level = "warn"
"#;

impl Abuse {
    /// Prints a line for each attack.
    ///
    /// # Errors
    /// If something did not hold.
    pub fn run(self) -> anyhow::Result<()> {
        let binary = match &self.binary {
            Some(binary) => std::path::absolute(binary)?,
            None => build(true)?,
        };
        let folder = std::env::temp_dir().join(format!("baton-abuse-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let outcome = self.attack(&binary, &folder);
        std::fs::remove_dir_all(&folder)?;
        outcome
    }

    fn attack(&self, binary: &Path, folder: &Path) -> anyhow::Result<()> {
        std::fs::write(folder.join("baton.toml"), CONFIGURATION)?;
        let arguments = ["demo", "--config", "baton.toml"];
        let baton = Baton::start(binary, folder, &arguments, &[("BATON_DEMO_KEY", KEY)])?;
        let target = Target { address: baton.url.trim_start_matches("http://").to_owned() };
        println!("{:<28} {:>12} {:>12} {:>10} {:>10}", "attack", "health max", "client p99", "RSS MiB", "free after");
        let mut failed = Vec::new();
        for (name, attack) in ATTACKS {
            if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                continue;
            }
            match self.one(name, *attack, &target, &baton) {
                Ok(line) => println!("{line}"),
                // The others go on: what one attack left behind would show in the next.
                Err(error) => failed.push(format!("{name}: {error:#}")),
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        bail!("{}\n{}", failed.join("\n"), baton.log());
    }

    fn one(&self, name: &str, attack: attacks::Attack, target: &Target, baton: &Baton) -> anyhow::Result<String> {
        let watch = Watch::start(target.clone());
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let held = attack(target, until)?;
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
        let Seen { health, client } = watch.stop()?;
        // Before the waiting: what clients hold themselves can't become free.
        drop(held);
        let freed = Instant::now();
        target.wait_until_free(Duration::from_secs(15))?;
        let freed = freed.elapsed();
        // The highest since the start and not what is held now: a peak is what a container is killed for.
        let memory = peak(baton.id())?;
        ensure!(memory <= self.max_mib, "the process took {memory} MiB, more than {}", self.max_mib);
        let percentile = client.get(client.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default();
        Ok(format!(
            "{name:<28} {:>9} ms {:>9} ms {memory:>10} {:>7} ms",
            health.last().copied().unwrap_or_default().as_millis(),
            percentile.as_millis(),
            freed.as_millis()
        ))
    }
}

/// The most memory that a process has had, in MiB.
fn peak(id: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().context("VmHWM")?;
    Ok(kib / 1024)
}
