//! What waits to be written: entries in one buffer, and the receipts of those who wait for them.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Receives whether the bytes were written.
pub type WriteReceipt = oneshot::Receiver<io::Result<()>>;

/// A buffer that has become larger than this is not kept.
const KEPT: usize = 1 << 20;

/// Between the tasks that append and the thread that writes.
#[derive(Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    rung: Condvar,
}

#[derive(Default)]
struct Waiting {
    batch: Batch,
    closed: bool,
    /// Whether the thread sleeps: waking one that does not costs a system call for nothing.
    asleep: bool,
}

/// Entries that are written in one go.
#[derive(Default)]
pub struct Batch {
    /// The entries, one behind the other.
    pub bytes: Vec<u8>,
    receipts: Vec<oneshot::Sender<io::Result<()>>>,
}

/// What the thread has taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// All that waited.
    Batch,
    /// Nothing came in time.
    Nothing,
    /// Nothing, and nothing will come.
    Closed,
}

impl Queue {
    /// Adds what `write` writes; the receipt tells when it is on its way to the disk. It is dropped where nobody writes.
    pub fn append(&self, write: impl FnOnce(&mut Vec<u8>)) -> WriteReceipt {
        let (receipt, written) = oneshot::channel();
        let mut waiting = self.lock();
        if !waiting.closed {
            write(&mut waiting.batch.bytes);
            waiting.batch.receipts.push(receipt);
            let asleep = std::mem::take(&mut waiting.asleep);
            // First, because the thread needs the lock as soon as it is awake.
            drop(waiting);
            if asleep {
                self.rung.notify_one();
            }
        }
        written
    }

    /// Nothing is added from now on.
    pub fn close(&self) {
        self.lock().closed = true;
        self.rung.notify_one();
    }

    /// Waits for entries, and puts them into an empty batch; no longer than `patience`, if there is a bound.
    pub fn take(&self, batch: &mut Batch, patience: Option<Duration>) -> Taken {
        let mut waiting = self.lock();
        while waiting.batch.receipts.is_empty() {
            if waiting.closed {
                return Taken::Closed;
            }
            waiting.asleep = true;
            waiting = match patience {
                None => self.rung.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let (guard, timeout) =
                        self.rung.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner);
                    waiting = guard;
                    if timeout.timed_out() && waiting.batch.receipts.is_empty() && !waiting.closed {
                        waiting.asleep = false;
                        return Taken::Nothing;
                    }
                    waiting
                }
            };
        }
        waiting.asleep = false;
        std::mem::swap(&mut waiting.batch, batch);
        Taken::Batch
    }

    /// Nobody writes any more: who waits learns that it was not written.
    pub fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.batch = Batch::default();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Tells everyone, and empties the batch.
    pub fn settle(&mut self, outcome: &io::Result<()>) {
        for receipt in self.receipts.drain(..) {
            let outcome = match outcome {
                Ok(()) => Ok(()),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            // A receipt that nobody waits for is no concern of the journal.
            let _ = receipt.send(outcome);
        }
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_gathers_is_taken_in_one_batch_and_everyone_gets_a_receipt() {
        let (queue, mut batch) = (Queue::default(), Batch::default());
        let mut receipts = [b"a", b"b"].map(|entry| queue.append(|buffer| buffer.extend_from_slice(entry)));
        assert_eq!(queue.take(&mut batch, None), Taken::Batch);
        assert_eq!(batch.bytes, b"ab");
        batch.settle(&Err(io::Error::other("the disk is full")));
        assert!(receipts.iter_mut().all(|receipt| receipt.try_recv().unwrap().is_err()));
        // The batch is empty again, and what came meanwhile is the next.
        let mut later = queue.append(|buffer| buffer.push(b'c'));
        queue.close();
        assert_eq!(queue.take(&mut batch, None), Taken::Batch);
        assert_eq!(batch.bytes, b"c");
        batch.settle(&Ok(()));
        later.try_recv().unwrap().unwrap();
        assert_eq!(queue.take(&mut batch, None), Taken::Closed);
    }

    #[test]
    fn nobody_waits_in_vain_where_nobody_writes() {
        let queue = Queue::default();
        let mut before = queue.append(|buffer| buffer.push(b'a'));
        queue.abandon();
        let mut after = queue.append(|buffer| buffer.push(b'b'));
        for receipt in [&mut before, &mut after] {
            assert_eq!(receipt.try_recv().unwrap_err(), oneshot::error::TryRecvError::Closed);
        }
    }

    #[test]
    fn patience_ends() {
        let queue = Queue::default();
        assert_eq!(queue.take(&mut Batch::default(), Some(Duration::ZERO)), Taken::Nothing);
    }
}
