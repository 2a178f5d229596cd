//! Recorded traffic as the beginning of fuzzing: a file each, with the bytes in front that the target takes.

use super::exchange::{self, Exchange};
use anyhow::Context;
use baton_model::{Capability, Dialect};
use clap::Args;
use std::path::{Path, PathBuf};

/// The most that a seed may hold, in bytes: larger ones make each run slow.
const LARGEST: usize = 8 << 10;

/// Writes seeds for the fuzz targets of formats into `fuzz/corpus`
#[derive(Args)]
pub struct Seeds {
    /// The folder of recordings
    folder: PathBuf,
    /// Where the folders of the targets are
    #[arg(long, default_value = "fuzz/corpus")]
    into: PathBuf,
}

impl Seeds {
    /// Writes them.
    pub fn run(self) -> anyhow::Result<()> {
        let mut written = 0_usize;
        let mut outcome = Ok(());
        exchange::each(&self.folder, |exchange| {
            if outcome.is_ok() {
                outcome = seeds(&exchange, &self.into).map(|count| written += count);
            }
        })?;
        outcome?;
        println!("{written} seeds in {}", self.into.display());
        Ok(())
    }
}

/// The seeds of one exchange. How many there were.
fn seeds(exchange: &Exchange, into: &Path) -> anyhow::Result<usize> {
    let Some(dialect) = exchange.dialect() else { return Ok(0) };
    let place = |of: Option<usize>| of.and_then(|place| u8::try_from(place).ok()).unwrap_or(0);
    let format = place(Dialect::ALL.iter().position(|other| *other == dialect));
    let formats = place(Some(Dialect::ALL.len()));
    let chat = place(Capability::ALL.iter().position(|other| *other == Capability::Chat));
    // As the fuzz target takes its first byte apart.
    let choice = format + formats * chat;
    let (request, response) = (exchange.request.as_bytes(), exchange.response.as_bytes());
    let mut all: Vec<(&str, &[u8], &[u8])> = Vec::new();
    let both = [choice];
    all.extend([("read_request", &both[..], request), ("splice", &[], request)]);
    let (alone, status) = ([format], [format, u8::try_from(exchange.status.saturating_sub(400)).unwrap_or(0)]);
    let framing = if dialect == Dialect::Ollama { "ndjson" } else { "sse" };
    match (exchange.status, exchange.stream) {
        (200, true) => all.extend([("read_stream", &alone[..], response), (framing, &[100], response)]),
        (200, false) => all.push(("read_reply", &both, response)),
        _ => all.push(("read_error", &status, response)),
    }
    all.retain(|(_, _, bytes)| bytes.len() <= LARGEST);
    for (target, front, bytes) in &all {
        let folder = into.join(target);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let file = folder.join(&exchange.id);
        std::fs::write(&file, [*front, *bytes].concat()).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(all.len())
}
