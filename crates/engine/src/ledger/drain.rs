//! Moves records from the journal into the database, in batches, in order.

use super::journal::Journal;
use super::line::{self, JournalLine, StartLine};
use baton_model::record::{Outcome, RequestRecord};
use baton_model::{Clock, RequestId};
use baton_store::Store;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Lines read at once at most, whose records are written in one transaction. Under load there are as many, and each
/// transaction waits for the disk once; otherwise a batch is what has come since the last.
const BATCH: usize = 4_000;
/// Bytes of the journal read at once, beyond which a batch ends: lines may be of any size.
const BATCH_BYTES: u64 = 8 << 20;
/// The wait after a database error, doubled up to a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Runs until stopped, then moves what is left once more.
pub async fn run(journal: Arc<Journal>, first_own: u64, store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
    let (place, open) = (BTreeMap::new(), HashMap::new());
    // Where each segment was left is not stored: records are written by id, so reading one twice changes nothing.
    let mut drain = Drain { first_own, journal, store, clock, place, open, recovered: false };
    let mut pause = FIRST_PAUSE;
    loop {
        // Asked before the round, so that what was written before the stop is moved by it.
        let stopping = stop.is_cancelled();
        match drain.round().await {
            Ok(true) => pause = FIRST_PAUSE,
            Ok(false) => {
                pause = FIRST_PAUSE;
                if stopping {
                    return;
                }
                tokio::select! {
                    () = drain.journal.wait_for_write() => {}
                    () = stop.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, pending_bytes = drain.journal.size(), "the ledger can't be written; records wait in the journal");
                if stopping {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.cancelled() => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

struct Drain {
    journal: Arc<Journal>,
    store: Store,
    clock: Arc<dyn Clock>,
    /// The first segment of this process; earlier ones were left by others.
    first_own: u64,
    /// How far each segment is in the database, in bytes.
    place: BTreeMap<u64, u64>,
    /// Requests that started and have not ended, and the segment where they started.
    open: HashMap<RequestId, (u64, StartLine)>,
    /// Whether the interrupted requests of earlier processes are recorded.
    recovered: bool,
}

/// What one read of a segment gave.
struct Chunk {
    lines: Vec<JournalLine>,
    /// Where the next read begins.
    next: u64,
}

impl Drain {
    /// Moves one batch; whether there was anything to move.
    async fn round(&mut self) -> Result<bool, DrainError> {
        // In order of number: a start stands in the same segment as its end or in an earlier one.
        for (number, path) in self.journal.segments()? {
            if number >= self.first_own && !self.recovered {
                self.record_interrupted().await?;
                // The old segments have served now; the next round deletes them.
                return Ok(true);
            }
            // Asked before reading: a segment that was closed then holds no more than what is read now.
            let closed = number < self.journal.current();
            let from = self.place.get(&number).copied().unwrap_or(0);
            let chunk = read(path.clone(), from).await?;
            if chunk.next > from {
                self.write_records(number, chunk).await?;
                return Ok(true);
            }
            // A segment with a start whose end is still to come is the only trace of that request.
            let over = closed && !self.open.values().any(|(segment, _)| *segment == number);
            // A segment is deleted at once, and a committed row may still be in memory only. Otherwise the next round
            // asks again.
            if over && self.store.ledger().make_durable().await? {
                self.forget(number, &path)?;
            }
        }
        Ok(false)
    }

    async fn write_records(&mut self, number: u64, chunk: Chunk) -> Result<(), DrainError> {
        let (mut started, mut ended) = (Vec::new(), Vec::new());
        for line in chunk.lines {
            match line {
                JournalLine::Start(start) => started.push(start),
                JournalLine::End(record) => ended.push(*record),
            }
        }
        // The database first: a position that moved ahead of it would lose records in a crash.
        if !ended.is_empty() {
            self.store.ledger().write(&ended).await?;
        }
        // Starts first: the end of a request stands behind its start.
        self.open.extend(started.into_iter().map(|start| (start.id.clone(), (number, start))));
        for record in &ended {
            self.open.remove(&record.id);
        }
        // Last. If a step before this fails, the same lines are read and written again, which changes nothing.
        self.place.insert(number, chunk.next);
        Ok(())
    }

    /// Starts of earlier processes that never ended: those processes are gone, and the requests with them.
    async fn record_interrupted(&mut self) -> Result<(), DrainError> {
        let now = self.clock.now();
        let interrupted: Vec<RequestRecord> = self
            .open
            .values()
            .filter_map(|(_, start)| {
                let Some(mut record) = start.read() else {
                    tracing::error!(request = %start.id, "a request was under way whose start can't be read");
                    return None;
                };
                // What the provider billed for it is unknown. The record says so instead of naming a cost.
                record.outcome = Outcome::Interrupted;
                record.finished = now;
                for attempt in &mut record.attempts {
                    attempt.outcome = Outcome::Interrupted;
                }
                Some(record)
            })
            .collect();
        if !interrupted.is_empty() {
            tracing::warn!(
                requests = interrupted.len(),
                "an earlier process ended with requests under way; they are recorded as interrupted"
            );
            self.store.ledger().write(&interrupted).await?;
        }
        self.open.clear();
        self.recovered = true;
        Ok(())
    }

    fn forget(&mut self, number: u64, path: &Path) -> io::Result<()> {
        // A crash right after this loses nothing: `make_durable` has said that the rows are on the disk.
        self.journal.delete(path)?;
        self.place.remove(&number);
        Ok(())
    }
}

/// What went wrong in a round: the journal's files or the database.
#[derive(Debug, thiserror::Error)]
enum DrainError {
    #[error("the journal can't be read: {0}")]
    Journal(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] baton_store::StoreError),
}

/// Reads up to a batch of complete lines; damaged ones are passed over with a warning.
async fn read(path: PathBuf, from: u64) -> io::Result<Chunk> {
    tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(&path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut reader = BufReader::new(file);
        let mut chunk = Chunk { lines: Vec::new(), next: from };
        let mut bytes = Vec::new();
        while chunk.lines.len() < BATCH && chunk.next - from < BATCH_BYTES {
            bytes.clear();
            let length = reader.read_until(b'\n', &mut bytes)?;
            // A line without its end is still being written; the next read takes it whole.
            if length == 0 || bytes.last() != Some(&b'\n') {
                break;
            }
            // Damaged lines are passed over for good. Reading them again would stop the drain at the same place for
            // ever.
            chunk.next += length as u64;
            match line::read(&bytes) {
                Some(line) => chunk.lines.push(line),
                None => tracing::warn!(path = %path.display(), "a damaged line in the journal is skipped"),
            }
        }
        Ok(chunk)
    })
    .await
    .unwrap_or_else(|error| Err(io::Error::other(error)))
}
