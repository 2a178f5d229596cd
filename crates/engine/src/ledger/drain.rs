//! Moves records from the journal into the database, in batches, in order.

use super::journal::Journal;
use super::reader::LedgerReader;
use baton_model::record::{Outcome, RequestRecord};
use baton_model::schema::journal::{EncodedStart, JournalEntry, JournalFormat, JournalPiece, JournalReader};
use baton_model::{Clock, RequestId};
use baton_store::Store;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Entries read at once at most, whose records are written in one transaction.
const BATCH: usize = 4_000;
/// Bytes of the journal read at once, beyond which a batch ends: entries may be of any size.
const BATCH_BYTES: u64 = 8 << 20;
/// The wait after a batch, in which the next one gathers: a transaction costs as much as some rows. A record that comes
/// alone is moved at once.
const GATHER: Duration = Duration::from_millis(50);
/// The wait after a database error, doubled up to a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Runs until stopped, then moves what is left once more.
pub async fn run(ledger: LedgerReader, first_own: u64, stop: CancellationToken) {
    let LedgerReader { journal, flushes, store, clock } = ledger;
    let (place, open) = (BTreeMap::new(), HashMap::new());
    // Where each segment was left is not stored: records are written by id, so reading one twice changes nothing.
    let mut drain = Drain { first_own, journal, store, clock, place, open, recovered: false };
    let mut pause = FIRST_PAUSE;
    let mut waiting = Vec::new();
    loop {
        // Asked before the round, so that what was written before the stop, or before somebody began to wait, is moved by it.
        let stopping = stop.is_cancelled();
        waiting.append(&mut flushes.take());
        let outcome = drain.round().await;
        if matches!(outcome, Ok(Round::Nothing | Round::Moved)) {
            // Whoever has left meanwhile needs no word.
            waiting.drain(..).for_each(|done: oneshot::Sender<()>| {
                let _ = done.send(());
            });
        }
        if outcome.is_ok() {
            pause = FIRST_PAUSE;
        }
        match outcome {
            Ok(Round::Behind) => {}
            Ok(Round::Moved) => {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = flushes.wait() => {}
                    () = stop.cancelled() => {}
                }
            }
            Ok(Round::Nothing) => {
                if stopping {
                    flushes.end();
                    return;
                }
                tokio::select! {
                    () = drain.journal.wait_for_write() => {}
                    () = flushes.wait() => {}
                    () = stop.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, pending_bytes = drain.journal.size(), "the ledger can't be written; records wait in the journal");
                if stopping {
                    flushes.end();
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
    /// How far each segment is in the database.
    place: BTreeMap<u64, Place>,
    /// Requests that started and have not ended, and the segment where they started.
    open: HashMap<RequestId, (u64, EncodedStart)>,
    /// Whether the interrupted requests of earlier processes are recorded.
    recovered: bool,
}

/// What a round has done.
enum Round {
    /// There was nothing to move.
    Nothing,
    /// What had come is moved.
    Moved,
    /// A part of what is there is moved.
    Behind,
}

/// Where the next read of a segment begins, and how its entries are written.
#[derive(Debug, Clone, Copy)]
struct Place {
    bytes: u64,
    format: JournalFormat,
}

/// What one read of a segment gave.
struct Chunk {
    entries: Vec<JournalEntry>,
    next: Place,
    /// Whether more is there.
    more: bool,
}

impl Drain {
    /// Moves one batch.
    async fn round(&mut self) -> Result<Round, DrainError> {
        // In order of number: a start stands in the same segment as its end or in an earlier one.
        for (number, path) in self.journal.segments()? {
            if number >= self.first_own && !self.recovered {
                self.record_interrupted().await?;
                // The old segments have served now; the next round deletes them.
                return Ok(Round::Behind);
            }
            // Asked before reading: a segment that was closed then holds no more than what is read now.
            let closed = number < self.journal.current();
            // Only segments of earlier processes may be of an earlier version.
            let own = (number >= self.first_own).then_some(Place { bytes: 0, format: JournalFormat::Frames });
            let place = self.place.get(&number).copied().or(own);
            let chunk = read(path.clone(), place, closed).await?;
            if chunk.next.bytes > place.map_or(0, |place| place.bytes) {
                // Behind a closed segment is the next one.
                let more = chunk.more || closed;
                self.write_records(number, chunk).await?;
                return Ok(if more { Round::Behind } else { Round::Moved });
            }
            // A segment with a start whose end is still to come is the only trace of that request.
            let over = closed && !self.open.values().any(|(segment, _)| *segment == number);
            // A segment is deleted at once, and a committed row may still be in memory only. Otherwise the next round
            // asks again.
            if over && self.store.ledger().make_durable().await? {
                self.forget(number, &path)?;
            }
        }
        Ok(Round::Nothing)
    }

    async fn write_records(&mut self, number: u64, chunk: Chunk) -> Result<(), DrainError> {
        let (mut started, mut ended) = (Vec::new(), Vec::new());
        for entry in chunk.entries {
            match entry {
                JournalEntry::Start(start) => started.push(start),
                JournalEntry::End(record) => ended.push(*record),
            }
        }
        // The database first: a position that moved ahead of it would lose records in a crash.
        if !ended.is_empty() {
            self.store.ledger().write(&ended).await?;
        }
        // The end of a request stands behind its start, most often in the same batch.
        let ids: HashSet<&RequestId> = ended.iter().map(|record| &record.id).collect();
        for id in &ids {
            self.open.remove(*id);
        }
        let open = started.into_iter().filter(|start| !ids.contains(&start.id));
        self.open.extend(open.map(|start| (start.id.clone(), (number, start))));
        // Last. If a step before this fails, the same entries are read and written again, which changes nothing.
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

/// Reads up to a batch of whole entries; damaged ones are passed over with a warning. `closed`: the segment grows no more.
async fn read(path: PathBuf, place: Option<Place>, closed: bool) -> io::Result<Chunk> {
    tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(&path)?;
        let from = place.map_or(0, |place| place.bytes);
        file.seek(SeekFrom::Start(from))?;
        let (mut bytes, mut most) = (Vec::new(), BATCH_BYTES);
        loop {
            file.by_ref().take(most - bytes.len() as u64).read_to_end(&mut bytes)?;
            let all = (bytes.len() as u64) < most;
            let format = place.map_or_else(|| JournalFormat::detect(&bytes), |place| place.format);
            let mut reader = JournalReader::new(&bytes, format, closed && all);
            let entries = read_batch(&mut reader, &path);
            let read = reader.place();
            if read > 0 || all {
                let next = Place { bytes: from + read as u64, format };
                return Ok(Chunk { more: !all || entries.len() >= BATCH, entries, next });
            }
            // One entry is longer than that.
            most *= 2;
        }
    })
    .await
    .unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn read_batch(reader: &mut JournalReader<'_>, path: &Path) -> Vec<JournalEntry> {
    let mut entries = Vec::new();
    while entries.len() < BATCH {
        match reader.next() {
            Some(JournalPiece::Entry(entry)) => entries.push(entry),
            // Passed over for good. Reading it again would stop the drain at the same place for ever.
            Some(JournalPiece::Damage) => {
                tracing::warn!(path = %path.display(), "a damaged entry in the journal is skipped");
            }
            None => break,
        }
    }
    entries
}
