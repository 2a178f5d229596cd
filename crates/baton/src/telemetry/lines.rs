//! Log lines on their way to a disk or a terminal, either of which may hang: nobody waits for them.
//!
//! The lines wait in a queue that is bounded in bytes. What does not fit is lost and counted, and a line says so as soon as
//! lines flow again.

use std::io::{Result, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

// Logging is one to a process, like the subscriber that it goes to.
static LOST: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// What a short line counts for, so that their number is bounded too.
const LEAST: usize = 256;

/// Where lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOutput {
    /// Into the file of the day.
    File,
    /// To the terminal, or to whatever gathers what it shows.
    Terminal,
}

impl LogOutput {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::File, Self::Terminal];

    /// Its name in metrics and log lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Terminal => "terminal",
        }
    }

    /// How many lines for it this process has lost.
    pub fn lost(self) -> u64 {
        self.counter().load(Ordering::Relaxed)
    }

    fn counter(self) -> &'static AtomicU64 {
        let [file, terminal] = &LOST;
        match self {
            Self::File => file,
            Self::Terminal => terminal,
        }
    }
}

/// The way in: takes lines without waiting.
#[derive(Clone)]
pub struct LogLines {
    queue: NonBlocking,
    load: Arc<Load>,
}

/// What waits, and what found no room.
struct Load {
    output: LogOutput,
    most: usize,
    waiting: AtomicUsize,
    /// Lost since it was last said.
    lost: AtomicU64,
}

/// The way out, used by the one thread that may wait.
struct Outlet<W> {
    writer: W,
    load: Arc<Load>,
}

impl LogLines {
    /// Lines for that writer, of which that many bytes may wait.
    pub fn new(output: LogOutput, writer: impl Write + Send + 'static, most: usize) -> (Self, WorkerGuard) {
        let load = Arc::new(Load { output, most, waiting: AtomicUsize::new(0), lost: AtomicU64::new(0) });
        let outlet = Outlet { writer, load: Arc::clone(&load) };
        // The queue's own bound is never met: every line counts for as much as one of the shortest. One place more is for
        // the message that ends it.
        let builder = NonBlockingBuilder::default().buffered_lines_limit(most / LEAST + 1).thread_name("logs");
        let (queue, guard) = builder.finish(outlet);
        (Self { queue, load }, guard)
    }
}

impl<'l> MakeWriter<'l> for LogLines {
    type Writer = Self;

    fn make_writer(&'l self) -> Self {
        self.clone()
    }
}

impl Write for LogLines {
    /// Takes a whole line.
    fn write(&mut self, line: &[u8]) -> Result<usize> {
        // A lost line is no error: the subscriber would report each of them on the terminal.
        if self.load.reserve(line.len()) { self.queue.write(line) } else { Ok(line.len()) }
    }

    fn write_all(&mut self, line: &[u8]) -> Result<()> {
        self.write(line).map(drop)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Load {
    /// Whether a line of that length may wait. If not, it is lost.
    fn reserve(&self, length: usize) -> bool {
        let weight = length.max(LEAST);
        // Added first and taken back if it was too much: two lines at once can't both take the last room.
        let room = self.waiting.fetch_add(weight, Ordering::Relaxed) + weight <= self.most;
        if !room {
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
            self.count_lost();
        }
        room
    }

    fn release(&self, length: usize) -> usize {
        let weight = length.max(LEAST);
        self.waiting.fetch_sub(weight, Ordering::Relaxed) - weight
    }

    fn count_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.output.counter().fetch_add(1, Ordering::Relaxed);
    }
}

impl<W: Write> Write for Outlet<W> {
    fn write(&mut self, line: &[u8]) -> Result<usize> {
        self.write_all(line).map(|()| line.len())
    }

    fn write_all(&mut self, line: &[u8]) -> Result<()> {
        // The line leaves the load whether it could be written or not, else a full disk would stop all logging for
        // good.
        let written = self.writer.write_all(line);
        let waiting = self.load.release(line.len());
        if written.is_err() {
            self.load.count_lost();
        } else if waiting < self.load.most / 2 {
            // With room to spare, so that this line itself is not lost.
            let lost = self.load.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!(
                    lines = lost,
                    output = self.load.output.name(),
                    "log lines were lost: the output was too slow"
                );
            }
        }
        written
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    /// A disk that takes a line when it is let.
    struct Disk {
        lets: Mutex<Receiver<bool>>,
        taken: Sender<String>,
    }

    impl Write for Disk {
        fn write(&mut self, line: &[u8]) -> Result<usize> {
            let goes_well = self.lets.lock().unwrap().recv().unwrap_or(true);
            if !goes_well {
                return Err(std::io::Error::other("the disk is full"));
            }
            let _ = self.taken.send(String::from_utf8_lossy(line).into_owned());
            Ok(line.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn disk(most: usize) -> (LogLines, WorkerGuard, Sender<bool>, Receiver<String>) {
        let ((lets, may), (taken, lines)) = (channel(), channel());
        let (queue, guard) = LogLines::new(LogOutput::File, Disk { lets: Mutex::new(may), taken }, most);
        (queue, guard, lets, lines)
    }

    #[test]
    fn what_finds_no_room_is_lost_and_counted() {
        let (mut lines, _guard, lets, taken) = disk(10 * LEAST);
        let before = LogOutput::File.lost();
        for number in 0..25 {
            // Nobody waits, though the disk takes nothing.
            lines.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        assert_eq!(lines.load.lost.load(Ordering::Relaxed), 15);
        assert!(LogOutput::File.lost() - before >= 15);
        // A long line counts for its length.
        (0..10).for_each(|_| lets.send(true).unwrap());
        let first: Vec<String> = taken.iter().take(10).collect();
        assert_eq!(first.first().map(String::as_str), Some("line 0\n"));
        assert!(!lines.load.reserve(10 * LEAST + 1));
        lets.send(false).unwrap();
        let before = LogOutput::File.lost();
        lines.write_all(b"a line on a full disk\n").unwrap();
        drop(lets);
        lines.write_all(b"another\n").unwrap();
        assert_eq!(taken.recv_timeout(Duration::from_secs(30)).unwrap(), "another\n");
        assert!(LogOutput::File.lost() > before, "what the disk refused is lost too");
    }
}
