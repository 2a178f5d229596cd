//! Computations that are too long for an async thread.

use tokio::runtime::{Handle, RuntimeFlavor};

/// The size from which a pass over bytes counts as long, in bytes. Parsing takes around 5 ms per MB here, so a smaller
/// body holds a thread for about a millisecond, which is less than a move to another thread may cost under load.
pub const LARGE: usize = 256 << 10;

/// Runs a computation over that many bytes. A long one makes the runtime move this thread's other tasks elsewhere first,
/// so that they don't wait for it.
pub fn compute<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    // A runtime of one thread has nowhere to move tasks to, and refuses; nothing of the kind serves requests.
    let movable = Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread);
    if bytes >= LARGE && movable { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn others_go_on_meanwhile() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (asked, replies) = mpsc::channel();
        let computing = runtime.spawn(async move {
            let (other, done) = mpsc::channel();
            tokio::spawn(async move { other.send(()) });
            // The only worker is here: unless it is replaced, the other task never runs and this never returns.
            compute(LARGE, || done.recv_timeout(Duration::from_secs(60))).unwrap();
            asked.send(()).unwrap();
        });
        runtime.block_on(computing).unwrap();
        replies.recv().unwrap();
    }

    #[tokio::test]
    async fn one_thread_computes_in_place() {
        assert_eq!(compute(LARGE, || 7), 7);
        assert_eq!(compute(0, || 7), 7);
    }
}
