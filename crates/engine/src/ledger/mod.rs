//! The ledger: every request recorded exactly once, whatever crashes.
//!
//! A record is appended to the [journal] before the client sees the end of its reply; the [drain] moves
//! records into the database in batches, by id, so that moving one twice changes nothing. A database that is away
//! fills the journal, which is bounded: when it is full, new requests are refused rather than left unrecorded.
//!
//! The start of a request is journaled too: after a crash, a start without an end becomes a record with the outcome
//! `interrupted`.

mod drain;
mod flush;
mod journal;
mod reader;

pub use journal::{Journal, JournalSettings, list_segments, lock_folder, segment_name};
pub use reader::LedgerReader;

use flush::FlushRequests;
use journal::WriteReceipt;

use baton_model::Clock;
use baton_model::record::RequestRecord;
use baton_model::schema::journal::{RequestStart, write_end, write_start};
use baton_store::Store;
use baton_tasks::supervised;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The wait before the drain begins anew after a panic.
const AFTER_PANIC: Duration = Duration::from_secs(1);
/// How much a request is slowed down at most, just before the journal is full.
const LONGEST_SLOWDOWN: Duration = Duration::from_secs(2);

/// The way into the ledger.
pub struct Ledger {
    journal: Arc<Journal>,
    reader: LedgerReader,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Ledger {
    /// Opens the journal, takes up what an earlier process left there, and starts moving records into the database.
    ///
    /// # Errors
    /// If the journal's folder can't be made, read or written.
    pub fn open(settings: JournalSettings, store: Store, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let journal = Arc::new(Journal::open(settings)?);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        // Read before the first append: every segment below it was left by an earlier process.
        let first_own = journal.current();
        let flushes = Arc::<FlushRequests>::default();
        let reader = LedgerReader { journal, flushes, store, clock };
        let (draining, stopped) = (reader.clone(), stop.clone());
        tasks.spawn(async move {
            let run = || drain::run(draining.clone(), first_own, stopped.clone());
            // Nobody else moves records, so one that panicked begins anew: every step may be done twice.
            while supervised("ledger_drain", run()).await.is_none() && !stopped.is_cancelled() {
                tokio::time::sleep(AFTER_PANIC).await;
            }
        });
        Ok(Self { journal: Arc::clone(&reader.journal), reader, stop, tasks })
    }

    /// What reads sums from it.
    pub fn reader(&self) -> &LedgerReader {
        &self.reader
    }

    /// Why there is no room for another request's record; `None`: there is.
    pub fn recording_problem(&self) -> Option<&'static str> {
        self.journal.recording_problem()
    }

    /// Waits for as long as the ledger is behind, so that records come no faster than the database takes them: nothing
    /// while the journal is less than half full, then more and more. Requests are refused only when it is full.
    pub async fn throttle(&self) {
        let wait = self.slowdown();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// How much every request is slowed down now.
    pub fn slowdown(&self) -> Duration {
        LONGEST_SLOWDOWN.mul_f64(self.journal.pressure())
    }

    /// Bytes in the journal that are not in the database yet.
    pub fn pending_bytes(&self) -> u64 {
        self.journal.size()
    }

    /// Records that a request is about to be sent to a provider. Resolves when that is in the journal: written, and not
    /// necessarily on the disk, unless the journal is synchronized.
    ///
    /// # Errors
    /// If it could not be written; the error says why.
    pub fn start(&self, start: &RequestStart<'_>) -> impl Future<Output = std::io::Result<()>> + Send + use<> {
        // The entry is queued by the call and not by the first poll: a request whose client leaves is recorded too.
        await_receipt(self.journal.append(|buffer| write_start(start, buffer)))
    }

    /// Records how a request ended. Resolves when the record is in the journal.
    ///
    /// # Errors
    /// If it could not be written; the error says why.
    pub fn append(&self, record: &RequestRecord) -> impl Future<Output = std::io::Result<()>> + Send + use<> {
        await_receipt(self.journal.append(|buffer| write_end(record, buffer)))
    }

    /// Moves what is left into the database, and stops. Records that can't be moved stay in the journal for the next
    /// start.
    pub async fn close(&self) {
        // The queue is in order: when this is written, so is everything before it.
        let _ = self.journal.append(|_| ()).await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Waits for a receipt.
async fn await_receipt(receipt: WriteReceipt) -> std::io::Result<()> {
    // A receipt that was dropped means that the writing thread is gone.
    receipt.await.unwrap_or_else(|_| Err(std::io::Error::other("the journal is closed")))
}
