//! Counters in this process.

use super::window::{Parts, part_length};
use super::{Count, Counters, Lease, NotTaken, Take, Taken, Window};
use baton_model::Timestamp;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Counters in this process, exact. A bounded number: beyond it those go that nobody asked for longest, and are seeded again when
/// somebody does.
pub struct MemoryCounters {
    shards: [RwLock<Shard>; SHARDS],
    hasher: RandomState,
    /// Counters in a shard at most.
    most: usize,
}

type Shard = HashMap<Arc<str>, Arc<Mutex<Counter>>>;

/// Few enough that a reader finds none locked by a writer for long, many enough that two requests rarely meet.
const SHARDS: usize = 16;

#[derive(Debug, Default)]
struct Counter {
    /// Whether what was spent before this counter was there is in it.
    known: bool,
    /// The start of the present period.
    start: Timestamp,
    spent: u64,
    held: u64,
    parts: Parts,
    /// When it was asked for last.
    used: Timestamp,
}

impl Counter {
    /// Goes over to a later period. What is held in the earlier one is settled there.
    fn enter(&mut self, start: Timestamp) {
        if start > self.start {
            self.start = start;
            (self.spent, self.held) = (0, 0);
        }
    }

    /// What it says. In a sliding window what is taken counts as spent at once.
    fn count(&mut self, window: Window, now: Timestamp) -> Count {
        match window {
            Window::Held => Count { spent: 0, held: self.held },
            Window::Sliding(length) => Count { spent: self.parts.sum(now, part_length(length)), held: 0 },
            Window::Period { start, .. } => {
                self.enter(start);
                Count { spent: self.spent, held: self.held }
            }
        }
    }

    fn is_unknown(&self, window: Window) -> bool {
        // What is held now is known by those who hold it.
        !self.known && window != Window::Held
    }

    fn room_at(&self, take: &Take, limit: u64) -> Option<Timestamp> {
        let rest = limit.checked_sub(take.amount)?;
        match take.window {
            Window::Held => None,
            Window::Sliding(length) => self.parts.room_at(rest, part_length(length)),
            Window::Period { end, .. } => end,
        }
    }

    fn add(&mut self, window: Window, amount: u64, now: Timestamp) {
        match window {
            Window::Held | Window::Period { .. } => self.held = self.held.saturating_add(amount),
            Window::Sliding(length) => self.parts.add(now, part_length(length), amount),
        }
    }

    fn settle(&mut self, taken: &Taken, real: u64) {
        match taken.window {
            Window::Held => self.held = self.held.saturating_sub(taken.amount),
            Window::Sliding(length) => self.parts.correct(taken.at, part_length(length), taken.amount, real),
            // What was taken in an earlier period is spent in that one, which nobody asks for any more.
            Window::Period { start, .. } if start < self.start => {}
            Window::Period { .. } => {
                self.held = self.held.saturating_sub(taken.amount);
                // Where it is unknown, the ledger has it by the time that the counter is seeded.
                if self.known {
                    self.spent = self.spent.saturating_add(real);
                }
            }
        }
    }
}

impl MemoryCounters {
    /// At most so many counters.
    pub fn new(most: usize) -> Self {
        Self { shards: Default::default(), hasher: RandomState::new(), most: most.div_ceil(SHARDS).max(1) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, counter: &str) -> &RwLock<Shard> {
        let place = usize::try_from(self.hasher.hash_one(counter) % SHARDS as u64).unwrap_or(0);
        // There are as many; the first is for the compiler.
        let [first, ..] = &self.shards;
        self.shards.get(place).unwrap_or(first)
    }

    fn find(&self, counter: &str) -> Option<Arc<Mutex<Counter>>> {
        self.shard(counter).read().unwrap_or_else(PoisonError::into_inner).get(counter).cloned()
    }

    fn find_or_make(&self, counter: &Arc<str>) -> Arc<Mutex<Counter>> {
        if let Some(found) = self.find(counter) {
            return found;
        }
        let mut shard = self.shard(counter).write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.most && !shard.contains_key(counter) {
            make_room(&mut shard, self.most);
        }
        Arc::clone(shard.entry(Arc::clone(counter)).or_default())
    }
}

/// Forgets the half that was asked for longest ago. What is held must not be forgotten, nor what somebody has in hand.
fn make_room(shard: &mut Shard, most: usize) {
    let mut idle: Vec<(Timestamp, Arc<str>)> = shard
        .iter()
        .filter(|(_, counter)| Arc::strong_count(counter) == 1)
        .filter_map(|(name, counter)| {
            let counter = lock(counter);
            (counter.held == 0).then(|| (counter.used, Arc::clone(name)))
        })
        .collect();
    idle.sort_unstable();
    for (_, name) in idle.into_iter().take(most.div_ceil(2)) {
        shard.remove(&name);
    }
}

fn lock(counter: &Mutex<Counter>) -> MutexGuard<'_, Counter> {
    counter.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counters for MemoryCounters {
    fn take<'a>(&'a self, takes: &'a [Take], now: Timestamp) -> BoxFuture<'a, Result<Lease, NotTaken>> {
        ready(self.take_now(takes, now)).boxed()
    }

    fn settle(&self, lease: Lease, amounts: Vec<u64>) -> BoxFuture<'static, ()> {
        for (place, taken) in lease.taken.iter().enumerate() {
            if let Some(counter) = self.find(&taken.counter) {
                lock(&counter).settle(taken, amounts.get(place).copied().unwrap_or(0));
            }
        }
        ready(()).boxed()
    }

    fn seed<'a>(
        &'a self,
        counter: &'a Arc<str>,
        window: Window,
        spent: &'a [(Timestamp, u64)],
        now: Timestamp,
    ) -> BoxFuture<'a, ()> {
        let counter = self.find_or_make(counter);
        let mut counter = lock(&counter);
        counter.used = now;
        if counter.is_unknown(window) {
            counter.known = true;
            for (moment, amount) in spent {
                match window {
                    Window::Held => {}
                    Window::Sliding(length) => counter.parts.add(*moment, part_length(length), *amount),
                    Window::Period { start, .. } => {
                        counter.enter(start);
                        counter.spent = counter.spent.saturating_add(*amount);
                    }
                }
            }
        }
        ready(()).boxed()
    }

    fn read<'a>(&'a self, counter: &'a str, window: Window, now: Timestamp) -> BoxFuture<'a, Option<Count>> {
        let count = match self.find(counter) {
            // Nobody holds anything of it.
            None => (window == Window::Held).then(Count::default),
            Some(counter) => {
                let mut counter = lock(&counter);
                (!counter.is_unknown(window)).then(|| counter.count(window, now))
            }
        };
        ready(count).boxed()
    }

    fn forget<'a>(&'a self, counter: &'a str) -> BoxFuture<'a, ()> {
        if let Some(counter) = self.find(counter) {
            let mut counter = lock(&counter);
            (counter.known, counter.spent, counter.parts) = (false, 0, Parts::default());
        }
        ready(()).boxed()
    }
}

impl MemoryCounters {
    fn take_now(&self, takes: &[Take], now: Timestamp) -> Result<Lease, NotTaken> {
        let found = takes.iter().enumerate().map(|(place, take)| (place, take, self.find_or_make(&take.counter)));
        let mut found: Vec<_> = found.collect();
        // Always in the order of their names: two requests that want the same counters would else wait for each other.
        found.sort_unstable_by(|(_, a, _), (_, b, _)| a.counter.cmp(&b.counter));
        // Each counter once: a second lock on the same one would wait for the first.
        found.dedup_by(|(_, a, _), (_, b, _)| a.counter == b.counter);
        debug_assert_eq!(found.len(), takes.len(), "a counter is taken of twice");
        let mut locked: Vec<(usize, &Take, MutexGuard<'_, Counter>)> =
            found.iter().map(|(place, take, counter)| (*place, *take, lock(counter))).collect();
        locked.sort_unstable_by_key(|(place, ..)| *place);
        let unknown = locked.iter().filter(|(_, take, counter)| counter.is_unknown(take.window));
        let unknown: Vec<usize> = unknown.map(|(place, ..)| *place).collect();
        if !unknown.is_empty() {
            return Err(NotTaken::Unknown(unknown));
        }
        // Taken in the later period, it would be settled in the earlier one, and held for ever.
        let begun = locked.iter().filter_map(|(_, take, counter)| match take.window {
            Window::Period { start, .. } if start < counter.start => Some(counter.start),
            _ => None,
        });
        if let Some(start) = begun.max() {
            return Err(NotTaken::Past(start));
        }
        let mut refused: Option<(Option<Timestamp>, NotTaken)> = None;
        for (place, take, counter) in &mut locked {
            let count = counter.count(take.window, now);
            let Some(limit) = take.limit else { continue };
            let sum = count.spent.saturating_add(count.held).saturating_add(take.amount);
            if sum <= limit {
                continue;
            }
            // The one whose room comes last is named: to come back earlier would be in vain.
            let room_at = counter.room_at(take, limit);
            let later = refused.as_ref().is_none_or(|(latest, _)| match (latest, room_at) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(latest), Some(room_at)) => room_at > *latest,
            });
            if later {
                refused = Some((room_at, NotTaken::Exhausted { take: *place, count, room_at }));
            }
        }
        if let Some((_, refused)) = refused {
            return Err(refused);
        }
        let mut counts = Vec::with_capacity(takes.len());
        for (_, take, counter) in &mut locked {
            counter.used = now;
            counter.add(take.window, take.amount, now);
            counts.push(counter.count(take.window, now));
        }
        let taken = takes.iter().map(|take| Taken {
            counter: Arc::clone(&take.counter),
            window: take.window,
            at: now,
            amount: take.amount,
        });
        Ok(Lease { id: None, taken: taken.collect(), counts })
    }
}
