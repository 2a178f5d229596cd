//! A bus in this process, for one node on its own.

use crate::delivery::CommandReceipt;
use crate::{Bus, BusError, BusEvent, BusSettings, CommandDelivery, DeadLetter};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

/// A bus in this process: what it holds goes with it. Clones share it.
#[derive(Clone)]
pub struct Local {
    shared: Arc<Shared>,
}

struct Shared {
    settings: BusSettings,
    state: Mutex<State>,
    /// Something may have become due earlier than a consumer believes.
    changed: Notify,
    events: broadcast::Sender<BusEvent>,
}

#[derive(Default)]
struct State {
    /// Commands, by place.
    commands: BTreeMap<u64, Waiting>,
    places: u64,
    replies: HashMap<String, broadcast::Sender<BusEvent>>,
    dead: VecDeque<(Instant, BusEvent)>,
    seen: HashSet<String>,
    seen_at: VecDeque<(Instant, String)>,
}

struct Waiting {
    raw: Bytes,
    attempts: u32,
    /// When it may be delivered (again).
    due: Instant,
}

/// How many events a slow listener may lag behind before it misses some.
const LAG: usize = 1024;

impl Local {
    /// An empty bus.
    pub fn new(settings: BusSettings) -> Self {
        let shared =
            Shared { settings, state: Mutex::default(), changed: Notify::new(), events: broadcast::Sender::new(LAG) };
        Self { shared: Arc::new(shared) }
    }

    /// Puts bytes among the commands, whatever they are: as any client of a bus can.
    ///
    /// # Errors
    /// If too many wait already.
    pub fn send_raw(&self, raw: Bytes) -> Result<(), BusError> {
        let mut state = self.shared.lock();
        let limit = self.shared.settings.max_commands;
        if u64::try_from(state.commands.len()).is_ok_and(|waiting| waiting >= limit) {
            return Err(BusError::Full(limit));
        }
        state.places += 1;
        let place = state.places;
        state.commands.insert(place, Waiting { raw, attempts: 0, due: Instant::now() });
        // Unlocked first: whoever wakes up takes the same lock.
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(self: &Arc<Self>) -> CommandDelivery {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Listens before it looks, so that nothing comes in between.
            changed.as_mut().enable();
            let due = match self.lock().take(Instant::now(), self.settings.ack_wait) {
                Ok((place, raw, attempts)) => {
                    let receipt = Held { shared: Arc::clone(self), place };
                    return CommandDelivery::new(raw, attempts, place.to_string(), receipt);
                }
                Err(due) => due,
            };
            match due {
                Some(due) => drop(tokio::time::timeout_at(due, changed).await),
                None => changed.await,
            }
        }
    }
}

impl State {
    /// The first command that is due, now held until `ack_wait` has passed; or when the next one is.
    fn take(&mut self, now: Instant, ack_wait: Duration) -> Result<(u64, Bytes, u32), Option<Instant>> {
        let mut next: Option<Instant> = None;
        // In order of places, so that commands are delivered in the order in which they were sent.
        for (place, waiting) in &mut self.commands {
            if waiting.due <= now {
                waiting.attempts += 1;
                // It stays in the list while it is held. If its holder dies, it becomes due again by itself.
                waiting.due = now + ack_wait;
                return Ok((*place, waiting.raw.clone(), waiting.attempts));
            }
            next = Some(next.map_or(waiting.due, |next| next.min(waiting.due)));
        }
        Err(next)
    }

    /// Whether that `id` has not been seen lately; from now on it has.
    fn is_new(&mut self, id: &str, now: Instant, settings: &BusSettings) -> bool {
        // Bounded by number too: a burst within the window must not fill the memory.
        let bound = usize::try_from(settings.events.length).unwrap_or(usize::MAX);
        while let Some((at, _)) = self.seen_at.front() {
            if now.duration_since(*at) < settings.duplicate_window && self.seen_at.len() < bound {
                break;
            }
            if let Some((_, id)) = self.seen_at.pop_front() {
                self.seen.remove(&id);
            }
        }
        let new = self.seen.insert(id.to_owned());
        if new {
            self.seen_at.push_back((now, id.to_owned()));
        }
        new
    }
}

struct Held {
    shared: Arc<Shared>,
    place: u64,
}

impl Held {
    fn due(&self, due: Instant) -> BoxFuture<'_, Result<(), BusError>> {
        // A command that was acknowledged meanwhile is gone, and stays so.
        if let Some(waiting) = self.shared.lock().commands.get_mut(&self.place) {
            waiting.due = due;
        }
        self.shared.changed.notify_waiters();
        ready(Ok(()))
    }
}

impl CommandReceipt for Held {
    fn ack(&self) -> BoxFuture<'_, Result<(), BusError>> {
        // Whoever holds it now: an effect that is durable must not be made again.
        self.shared.lock().commands.remove(&self.place);
        ready(Ok(()))
    }

    fn retry(&self, after: Duration) -> BoxFuture<'_, Result<(), BusError>> {
        self.due(Instant::now() + after)
    }

    fn extend(&self) -> BoxFuture<'_, Result<(), BusError>> {
        self.due(Instant::now() + self.shared.settings.ack_wait)
    }
}

impl Bus for Local {
    fn is_shared(&self) -> bool {
        false
    }

    fn publish<'a>(&'a self, events: &'a [BusEvent]) -> BoxFuture<'a, Result<(), BusError>> {
        let now = Instant::now();
        for event in events {
            if self.shared.lock().is_new(&event.id, now, &self.shared.settings) {
                // Nobody listening is no error.
                let _ = self.shared.events.send(event.clone());
            }
        }
        ready(Ok(()))
    }

    fn listen(&self) -> BoxFuture<'_, Result<BoxStream<'static, BusEvent>, BusError>> {
        ready(Ok(event_stream(self.shared.events.subscribe())))
    }

    fn send<'a>(&'a self, command: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>> {
        ready(self.send_raw(command.write().into()))
    }

    fn commands(&self) -> BoxStream<'static, CommandDelivery> {
        let next = |shared: Arc<Shared>| async move {
            let delivery = shared.next().await;
            Some((delivery, shared))
        };
        stream::unfold(Arc::clone(&self.shared), next).boxed()
    }

    fn reply<'a>(&'a self, to: &'a str, event: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>> {
        if let Some(replies) = self.shared.lock().replies.get(to) {
            // Who does not wait any more misses it.
            let _ = replies.send(event.clone());
        }
        ready(Ok(()))
    }

    fn replies<'a>(&'a self, to: &'a str) -> BoxFuture<'a, Result<BoxStream<'static, BusEvent>, BusError>> {
        let mut state = self.shared.lock();
        // Nobody unsubscribes, so channels without a reader are removed when the next one is opened.
        state.replies.retain(|_, replies| replies.receiver_count() > 0);
        let replies = state.replies.entry(to.to_owned()).or_insert_with(|| broadcast::Sender::new(LAG));
        ready(Ok(event_stream(replies.subscribe())))
    }

    fn put_dead_letter<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), BusError>> {
        let (now, bound) = (Instant::now(), self.shared.settings.dead);
        let mut state = self.shared.lock();
        let letter = letter.event();
        // The same delivery may be buried twice, as on the other buses.
        if !state.dead.iter().any(|(_, known)| known.id == letter.id) {
            state.dead.push_back((now, letter));
        }
        let length = usize::try_from(bound.length).unwrap_or(usize::MAX);
        while state.dead.len() > length || state.dead.front().is_some_and(|(at, _)| now - *at > bound.age) {
            state.dead.pop_front();
        }
        ready(Ok(()))
    }

    fn list_dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<BusEvent>, BusError>> {
        let state = self.shared.lock();
        ready(Ok(state.dead.iter().rev().take(limit).map(|(_, letter)| letter.clone()).collect()))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, BusError>> {
        ready(Ok("in this process".into()))
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    futures::future::ready(value).boxed()
}

/// What a receiver gets; what it was too slow for is passed over.
fn event_stream(receiver: broadcast::Receiver<BusEvent>) -> BoxStream<'static, BusEvent> {
    let next = |mut receiver: broadcast::Receiver<BusEvent>| async move {
        loop {
            match receiver.recv().await {
                Ok(event) => return Some((event, receiver)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    };
    stream::unfold(receiver, next).boxed()
}
