//! What is counted against a limit: calls under way, amounts within a window, amounts within a period of the calendar.
//!
//! A request [takes](Counters::take) of all counters that it concerns or of none, in one step, before it is sent; what it took at
//! most is [settled](Counters::settle) with what it came to. A counter says how much is *spent* (settled) and how much is *held* (taken and
//! not settled); both together never exceed its limit.
//!
//! Counters may be lost at any time: with the process, with Redis, or because nobody asked for them in a while. So amounts that must
//! outlive that are never begun at zero: a counter that is not there is [unknown](NotTaken::Unknown), and whoever asks reads from
//! the ledger what was spent and [seeds](Counters::seed) it.

mod memory;
pub(crate) mod window;

pub use memory::MemoryCounters;

use baton_model::Timestamp;
use futures::future::BoxFuture;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

/// Over which time a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// What is held at present: calls under way. Settling gives it back.
    Held,
    /// What was taken within the last so many microseconds, at every moment. Cut into 64 parts: what was taken counts for up to a 64th
    /// longer than it must, and never shorter.
    Sliding(Duration),
    /// What was taken since `start`. The next period has a later start, and begins with nothing spent.
    Period {
        /// Its first moment.
        start: Timestamp,
        /// The first moment after it; `None`: it never ends.
        end: Option<Timestamp>,
    },
}

/// What a request takes of one counter, at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// The counter's name.
    pub counter: Arc<str>,
    /// Over which time it counts.
    pub window: Window,
    /// The most that it may come to; `None`: it is only counted. Below 2^53, up to which Redis counts exactly.
    pub limit: Option<u64>,
    /// How much is taken.
    pub amount: u64,
}

/// What a counter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Settled within the window.
    pub spent: u64,
    /// Taken and not settled.
    pub held: u64,
}

/// Why nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// A limit leaves no room.
    Exhausted {
        /// Which of the takes.
        take: usize,
        /// What its counter says.
        count: Count,
        /// When there is room, if nothing else is taken; `None`: when calls end that are under way, or never.
        room_at: Option<Timestamp>,
    },
    /// These counters are not there: they must be seeded first.
    Unknown(Vec<usize>),
    /// A counter has gone over to the period that begins then: somebody with a later clock has taken of it. To be tried again with
    /// a time that is not before it.
    Past(Timestamp),
    /// The place where they are can't be reached.
    Away,
}

/// What was taken, until it is settled.
#[derive(Debug, Default)]
pub struct Lease {
    /// By which nodes that share counters know it.
    pub(crate) id: Option<String>,
    pub(crate) taken: Vec<Taken>,
    /// What each counter says since, in the order of the takes.
    pub(crate) counts: Vec<Count>,
}

/// What was taken of one counter.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub counter: Arc<str>,
    pub window: Window,
    /// When it was taken, which decides in which part of a sliding window it counts.
    pub at: Timestamp,
    pub amount: u64,
}

impl Lease {
    /// Whether nothing was taken.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// What each counter said just after it was taken of, in the order of the takes.
    pub fn counts(&self) -> &[Count] {
        &self.counts
    }
}

/// Counters, wherever they are.
pub trait Counters: Send + Sync {
    /// Takes all or none. Each counter is among the takes at most once.
    fn take<'a>(&'a self, takes: &'a [Take], now: Timestamp) -> BoxFuture<'a, Result<Lease, NotTaken>>;

    /// Settles what was taken: `amounts` are what it came to, in the order of the takes. A missing one is zero: nothing was spent. It is on
    /// its way when this returns; the future resolves when it is done.
    fn settle(&self, lease: Lease, amounts: Vec<u64>) -> BoxFuture<'static, ()>;

    /// Says of an unknown counter what was spent in its window, and when. One that is there already stays as it is.
    fn seed<'a>(
        &'a self,
        counter: &'a Arc<str>,
        window: Window,
        spent: &'a [(Timestamp, u64)],
        now: Timestamp,
    ) -> BoxFuture<'a, ()>;

    /// What a counter says; `None`: it is unknown or can't be reached.
    fn read<'a>(&'a self, counter: &'a str, window: Window, now: Timestamp) -> BoxFuture<'a, Option<Count>>;

    /// Among how many nodes the counters are shared, as far as that was known last. While they are away, each node may take its share.
    fn nodes(&self) -> NonZeroU64 {
        NonZeroU64::MIN
    }

    /// Makes a counter unknown, so that it is seeded anew. What living nodes hold of it stays held.
    fn forget<'a>(&'a self, counter: &'a str) -> BoxFuture<'a, ()>;

    /// A node that has ended is in the ledger with all that it did: the counters of which it still held something are made unknown. Until
    /// then they count what it held as spent. Whether that could be done.
    fn succeed<'a>(&'a self, _node: &'a str) -> BoxFuture<'a, bool> {
        // Counters of one process end with it.
        futures::FutureExt::boxed(std::future::ready(true))
    }
}
