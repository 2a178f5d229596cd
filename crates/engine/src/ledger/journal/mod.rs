//! The journal's files: segments that only grow, written by one thread.
//!
//! Entries gather in one buffer. The thread takes it, writes it in one go and sends each sender its receipt. `write` without
//! `fsync`: the page cache outlives a killed process, which is what the ledger promises; a power cut may lose the last
//! moments, and `sync` in the settings closes that gap for those who need it.
//!
//! A full disk must not cost the records of requests that are under way. So room is set aside ([`reserve`]): it is given
//! free when a write fails, new requests are refused from then on, and accepted again once the room is set aside anew.

mod queue;
mod reserve;

pub use queue::WriteReceipt;

use queue::{Batch, Queue, Taken};
use reserve::Reserve;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Where and how the journal is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalSettings {
    /// Its folder.
    pub folder: PathBuf,
    /// A segment larger than this is closed, and the next begun.
    pub segment_bytes: u64,
    /// The most bytes that may wait for the database; when they are reached, new requests are refused.
    pub max_bytes: u64,
    /// Whether each batch is forced to the disk before it counts as written.
    pub sync: bool,
    /// Bytes set aside for the records of requests that are under way when the disk is full.
    pub reserve_bytes: u64,
}

impl JournalSettings {
    /// The usual sizes in that folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), segment_bytes: 8 << 20, max_bytes: 1 << 30, sync: false, reserve_bytes: 4 << 20 }
    }
}

/// The journal of one process.
pub struct Journal {
    settings: JournalSettings,
    queue: Arc<Queue>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    shared: Arc<Shared>,
    /// Held while the journal is open; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// What the writing thread and the readers both see.
#[derive(Default)]
struct Shared {
    /// Bytes in all segments.
    size: AtomicU64,
    /// The segment that is being written; smaller numbers are closed.
    current: AtomicU64,
    /// Whether the last write failed, or no room could be set aside since.
    disk_full: AtomicBool,
    /// Rung after each batch.
    written: Notify,
}

impl Journal {
    /// Opens the folder, counts what is there, and begins a new segment after the last.
    ///
    /// # Errors
    /// If the folder can't be made, read or written, or is another process's journal.
    pub fn open(mut settings: JournalSettings) -> io::Result<Self> {
        // The segment that is being written counts although its records are in the database already. Were it a large
        // part of the bound, the journal would seem full for ever.
        settings.segment_bytes = settings.segment_bytes.min(settings.max_bytes / 16);
        std::fs::create_dir_all(&settings.folder)?;
        let lock = lock_folder(&settings.folder)?;
        let present = list_segments(&settings.folder)?;
        let shared = Arc::new(Shared::default());
        // What an earlier process left counts against the bound too.
        for path in present.values() {
            shared.size.fetch_add(path.metadata()?.len(), Ordering::Relaxed);
        }
        // Never appended to an old segment: its last line may be cut off.
        let first = present.keys().next_back().map_or(1, |last| last + 1);
        let writer = Writer::begin(settings.clone(), Arc::clone(&shared), first)?;
        let queue = Arc::new(Queue::default());
        let writing = WritingEnd(Arc::clone(&queue));
        // A thread and not a task: writing blocks, and the last batch must be written while the runtime shuts down.
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || writer.run(&writing.0))?;
        Ok(Self { settings, queue, thread: Mutex::new(Some(thread)), shared, _lock: lock })
    }

    /// Queues what `write` puts behind the entries that wait; the receipt tells when it is written.
    pub fn append(&self, write: impl FnOnce(&mut Vec<u8>)) -> WriteReceipt {
        self.queue.append(write)
    }

    /// Bytes in all segments.
    pub fn size(&self) -> u64 {
        self.shared.size.load(Ordering::Relaxed)
    }

    /// Why no record can be added; `None`: one can.
    pub fn recording_problem(&self) -> Option<&'static str> {
        if self.shared.disk_full.load(Ordering::Acquire) {
            return Some("the ledger's journal can't be written: check whether the disk of the data folder is full");
        }
        let full = self.size() >= self.settings.max_bytes;
        full.then_some(
            "the ledger's journal is full, because its records could not be written to the database: check whether the database is available",
        )
    }

    /// How close it is to its bound: 0 up to half of it, 1 when it is reached, and little at first, so that a short
    /// absence of the database is hardly felt.
    pub fn pressure(&self) -> f64 {
        let part = self.size() as f64 / self.settings.max_bytes.max(1) as f64;
        ((part - 0.5) * 2.0).clamp(0.0, 1.0).powi(2)
    }

    /// The segments there are, by number.
    pub fn segments(&self) -> io::Result<BTreeMap<u64, PathBuf>> {
        list_segments(&self.settings.folder)
    }

    /// The segment that is being written.
    pub fn current(&self) -> u64 {
        self.shared.current.load(Ordering::Acquire)
    }

    /// Resolves after the next batch is written.
    pub async fn wait_for_write(&self) {
        self.shared.written.notified().await;
    }

    /// Deletes a closed segment whose lines are no longer needed.
    pub fn delete(&self, path: &Path) -> io::Result<()> {
        let bytes = path.metadata()?.len();
        std::fs::remove_file(path)?;
        self.shared.size.fetch_sub(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Writes what is queued and ends the thread.
    pub fn close(&self) {
        self.queue.close();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The thread ends when the queue is closed and empty, so this waits for the last batch.
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// The thread's end of the queue: however it ends, nobody waits for it in vain.
struct WritingEnd(Arc<Queue>);

impl Drop for WritingEnd {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

struct Writer {
    settings: JournalSettings,
    shared: Arc<Shared>,
    file: File,
    written: u64,
    reserve: Reserve,
    /// What could not be written, even into the room set aside.
    unwritten: Vec<u8>,
}

/// How often a full disk is tried again.
const AGAIN: Duration = Duration::from_millis(500);

impl Writer {
    fn begin(settings: JournalSettings, shared: Arc<Shared>, number: u64) -> io::Result<Self> {
        let file = segment(&settings.folder, number)?;
        shared.current.store(number, Ordering::Release);
        let reserve = Reserve::new(&settings.folder, settings.reserve_bytes);
        let mut writer = Self { settings, shared, file, written: 0, reserve, unwritten: Vec::new() };
        writer.recover();
        Ok(writer)
    }

    fn run(mut self, queue: &Queue) {
        // Used again and again: under load it has room for everything already.
        let mut batch = Batch::default();
        loop {
            match queue.take(&mut batch, (!self.is_well()).then_some(AGAIN)) {
                Taken::Batch => self.write_batch(&mut batch),
                Taken::Nothing => self.recover(),
                Taken::Closed => break,
            }
        }
        // The last chance: what is left in memory is lost otherwise.
        if !self.is_well() {
            self.recover();
        }
    }

    fn write_batch(&mut self, batch: &mut Batch) {
        // One write for the whole batch: under load the number of system calls stays the same while the batches grow.
        let outcome = self.write_somehow(&batch.bytes);
        batch.settle(&outcome);
        // Both, because only the second is remembered for a drain that does not wait yet.
        self.shared.written.notify_waiters();
        self.shared.written.notify_one();
    }

    /// Writes, on a full disk into the room set aside. What can't be written even so is kept for later.
    fn write_somehow(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.unwritten.is_empty() {
            return self.write_or_make_room(bytes).inspect_err(|_| self.unwritten.extend_from_slice(bytes));
        }
        self.unwritten.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.unwritten);
        let outcome = self.write_or_make_room(&pending);
        if outcome.is_err() {
            self.unwritten = pending;
        }
        outcome
    }

    fn write_or_make_room(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).or_else(|error| {
            if !self.shared.disk_full.swap(true, Ordering::AcqRel) {
                tracing::error!(%error, "the journal can't be written; new requests are refused until it can");
            }
            // Deleting the reserve makes room on the same file system for the records of requests under way.
            self.reserve.release();
            self.write(bytes)
        })
    }

    fn is_well(&self) -> bool {
        !self.shared.disk_full.load(Ordering::Acquire)
    }

    /// Writes what is left, and sets room aside again: then new requests are accepted.
    fn recover(&mut self) {
        let pending = std::mem::take(&mut self.unwritten);
        let outcome = match self.write(&pending) {
            Ok(()) => self.reserve.take(),
            Err(error) => {
                self.unwritten = pending;
                Err(error)
            }
        };
        // Logged on the change only; the try is repeated every half second.
        let was_full = self.shared.disk_full.swap(outcome.is_err(), Ordering::AcqRel);
        match outcome {
            Err(error) if !was_full => {
                tracing::error!(%error, "disk space for the journal can't be reserved; requests are refused until it can");
            }
            Ok(()) if was_full => tracing::info!("the journal can be written again"),
            _ => {}
        }
        self.shared.written.notify_one();
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.written >= self.settings.segment_bytes {
            let next = self.shared.current.load(Ordering::Acquire) + 1;
            self.file = segment(&self.settings.folder, next)?;
            // Only after the new file is there: if it can't be made, the next write tries again.
            self.written = 0;
            // Release: whoever sees the number finds the segments before it complete.
            self.shared.current.store(next, Ordering::Release);
        }
        let outcome =
            self.file.write_all(bytes).and_then(|()| if self.settings.sync { self.file.sync_data() } else { Ok(()) });
        match outcome {
            Ok(()) => {
                self.written += bytes.len() as u64;
                self.shared.size.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            // A batch written in part would swallow the line after it: cut it off again.
            Err(_) => {
                let _ = self.file.set_len(self.written);
            }
        }
        outcome
    }
}

/// A new segment's file.
fn segment(folder: &Path, number: u64) -> io::Result<File> {
    OpenOptions::new().create_new(true).append(true).open(folder.join(segment_name(number)))
}

/// The name of a segment's file.
pub fn segment_name(number: u64) -> String {
    format!("{number:016}.journal")
}

/// Takes the folder for this process alone, until the file is dropped: another would take our requests for those of a
/// process that died.
///
/// # Errors
/// `WouldBlock` if another process has it; else if the lock can't be written.
pub fn lock_folder(folder: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(io::ErrorKind::WouldBlock, "another process uses it; each process needs its own folder"))
        }
        // A file system without locks: then that no other uses it is the operator's care.
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// The segments in a journal's folder, by number. Whoever does not hold its lock may find that one has gone meanwhile.
///
/// # Errors
/// If the folder can't be read.
pub fn list_segments(folder: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let mut segments = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (Some(number), Some("journal")) = (number, path.extension().and_then(|extension| extension.to_str())) {
            segments.insert(number, path);
        }
    }
    Ok(segments)
}
