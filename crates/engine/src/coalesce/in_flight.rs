//! The shared calls under way: who leads, who follows, and what has come of each so far.

use crate::reply::ReplyHead;
use baton_model::PublicError;
use baton_provider_api::{Frame, ReplyForm};
use futures::StreamExt;
use futures::stream::BoxStream;
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// The shared calls under way, by the key of their reply and their form.
#[derive(Default)]
pub struct Coalescer {
    calls: Mutex<HashMap<(String, ReplyForm), Weak<InFlightCall>>>,
}

/// A shared call under way: what has come of it so far.
pub struct InFlightCall {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    /// Told when a reader has taken a frame or has left. Of its own, because who waits for it must not hold the call.
    taken: Arc<Notify>,
    abandoned: CancellationToken,
}

#[derive(Default)]
struct State {
    head: Option<Result<ReplyHead, PublicError>>,
    /// The frames that are still needed. The first has the number `first`.
    frames: VecDeque<Frame>,
    first: usize,
    /// Bytes in them.
    bytes: usize,
    /// Whether frames that all readers have taken are dropped. Until then they wait for readers to come.
    closed: bool,
    /// The number of the frame that each reader takes next.
    readers: Slab<usize>,
    result: Option<Result<(), PublicError>>,
}

/// Somebody who reads the reply of a shared call, from its first frame on. The call lives for as long as it has readers.
pub struct Reader {
    call: Arc<InFlightCall>,
    key: usize,
}

/// A place in a shared call.
pub enum CallRole {
    /// Another request began it.
    Follower(Reader),
    /// This request begins it.
    Leader(Reader),
}

impl Coalescer {
    /// Joins the call with that key, or begins it.
    pub fn join(&self, key: &str, form: ReplyForm) -> CallRole {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // Form is part of the key: a stream can't wait for a whole reply.
        let place = (key.to_owned(), form);
        if let Some(call) = calls.get(&place).and_then(Weak::upgrade) {
            // Under the lock: once a call is removed here, it has all the readers that it will ever have.
            return CallRole::Follower(Reader::new(call));
        }
        let (changed, abandoned) = (watch::Sender::new(()), CancellationToken::new());
        let call = Arc::new(InFlightCall { state: Mutex::default(), changed, taken: Arc::default(), abandoned });
        // Weak, so that the call is dropped (and cancelled) when the last one who waits leaves.
        calls.insert(place, Arc::downgrade(&call));
        CallRole::Leader(Reader::new(call))
    }

    /// Nobody joins the call any more: it is over, and its reply is in the cache or failed; or its reply is too large to
    /// be kept for who comes later.
    pub fn remove(&self, key: &str, form: ReplyForm) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&(key.to_owned(), form));
    }
}

impl InFlightCall {
    /// Is cancelled when nobody waits for the reply any more.
    pub fn abandoned(&self) -> CancellationToken {
        self.abandoned.clone()
    }

    /// Is told when a reader has taken a frame or has left.
    pub fn frame_taken(&self) -> Arc<Notify> {
        Arc::clone(&self.taken)
    }

    /// The reply begins, or failed before it began.
    pub fn begin(&self, head: Result<ReplyHead, PublicError>) {
        let mut state = self.state();
        if let Err(error) = &head {
            state.result = Some(Err(error.clone()));
        }
        state.head = Some(head);
        drop(state);
        self.changed.send_replace(());
    }

    /// Another frame came.
    pub fn push(&self, frame: Frame) {
        let mut state = self.state();
        state.bytes += frame.bytes.len();
        state.frames.push_back(frame);
        drop(state);
        self.changed.send_replace(());
    }

    /// From now on frames are dropped when all readers have taken them. Only for a call that nobody can join any more.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.trim();
    }

    /// Bytes that not all readers have taken yet; before [`close`](Self::close) all there were.
    pub fn waiting_bytes(&self) -> usize {
        self.state().bytes
    }

    /// The reply is over.
    pub fn end(&self, outcome: Result<(), PublicError>) {
        self.state().result = Some(outcome);
        self.changed.send_replace(());
    }

    /// Ends the call with an error, unless it has ended.
    pub fn abandon(&self, error: PublicError) {
        let mut state = self.state();
        // A call that has ended keeps its own outcome.
        state.result.get_or_insert_with(|| Err(error.clone()));
        state.head.get_or_insert(Err(error));
        drop(state);
        self.changed.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next frame for a reader; `None`: it has not come yet.
    fn take(&mut self, key: usize) -> Option<Frame> {
        let next = self.readers.get_mut(key)?;
        // A clone of a frame shares its bytes, so a hundred readers hold one copy.
        let frame = self.frames.get(next.checked_sub(self.first)?)?.clone();
        *next += 1;
        self.trim();
        Some(frame)
    }

    /// Drops what nobody needs any more.
    fn trim(&mut self) {
        if !self.closed {
            return;
        }
        let slowest = self.readers.iter().map(|(_, next)| *next).min();
        while slowest.is_none_or(|slowest| self.first < slowest) {
            let Some(frame) = self.frames.pop_front() else { break };
            self.bytes -= frame.bytes.len();
            self.first += 1;
        }
    }
}

impl Reader {
    fn new(call: Arc<InFlightCall>) -> Self {
        // Every reader begins at frame 0: none of them was dropped, because `close` comes after nobody can join.
        let key = call.state().readers.insert(0);
        Self { call, key }
    }

    /// The call.
    pub fn call(&self) -> &Arc<InFlightCall> {
        &self.call
    }

    /// Waits for the head of the reply.
    ///
    /// # Errors
    /// Why it failed before it began.
    pub async fn head(&self) -> Result<ReplyHead, PublicError> {
        let mut changed = self.call.changed.subscribe();
        loop {
            if let Some(head) = self.call.state().head.clone() {
                return head;
            }
            // The sender lives in the call, so waiting can't fail.
            let _ = changed.changed().await;
        }
    }

    /// The frames from the first on, as they come.
    pub fn frames(self) -> BoxStream<'static, Result<Frame, PublicError>> {
        // Subscribed before the state is read: a frame in between would not wake the reader.
        let changed = self.call.changed.subscribe();
        futures::stream::unfold((self, changed, false), |(reader, mut changed, failed)| async move {
            if failed {
                return None;
            }
            loop {
                match reader.next() {
                    Some(Some(Ok(frame))) => return Some((Ok(frame), (reader, changed, false))),
                    Some(Some(Err(error))) => return Some((Err(error), (reader, changed, true))),
                    Some(None) => return None,
                    None => {
                        // The sender lives in the call, so waiting can't fail.
                        let _ = changed.changed().await;
                    }
                }
            }
        })
        .boxed()
    }

    /// What comes next: a frame, an error, or the end (`Some(None)`); `None`: nothing yet.
    fn next(&self) -> Option<Option<Result<Frame, PublicError>>> {
        let mut state = self.call.state();
        // Frames first: those that came before an error are still given.
        if let Some(frame) = state.take(self.key) {
            drop(state);
            self.call.taken.notify_one();
            return Some(Some(Ok(frame)));
        }
        match state.result.clone()? {
            Ok(()) => Some(None),
            Err(error) => Some(Some(Err(error))),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.call.state();
        state.readers.try_remove(self.key);
        // A slow reader that left held the others up.
        state.trim();
        drop(state);
        self.call.taken.notify_one();
    }
}

impl Drop for InFlightCall {
    fn drop(&mut self) {
        self.abandoned.cancel();
    }
}
