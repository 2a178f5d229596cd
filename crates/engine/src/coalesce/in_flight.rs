//! The shared calls under way: who leads, who follows, and what has come of each so far.

use crate::reply::ReplyHead;
use baton_model::PublicError;
use baton_provider_api::{Form, Frame};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The shared calls under way, by the key of their reply and their form.
#[derive(Default)]
pub struct Coalescer {
    calls: Mutex<HashMap<(String, Form), Weak<InFlightCall>>>,
}

/// A shared call under way: what has come of it so far.
pub struct InFlightCall {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    abandoned: CancellationToken,
}

#[derive(Default)]
struct State {
    head: Option<Result<ReplyHead, PublicError>>,
    frames: Vec<Frame>,
    over: Option<Result<(), PublicError>>,
}

/// A place in a shared call.
pub enum Place {
    /// Another request began it.
    Follower(Arc<InFlightCall>),
    /// This request begins it.
    Leader(Arc<InFlightCall>),
}

impl Coalescer {
    /// Joins the call with that key, or begins it.
    pub fn join(&self, key: &str, form: Form) -> Place {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // Form is part of the key: a stream can't wait for a whole reply.
        let place = (key.to_owned(), form);
        if let Some(call) = calls.get(&place).and_then(Weak::upgrade) {
            return Place::Follower(call);
        }
        let (changed, abandoned) = (watch::Sender::new(()), CancellationToken::new());
        let call = Arc::new(InFlightCall { state: Mutex::default(), changed, abandoned });
        // Weak, so that the call is dropped (and cancelled) when the last one who waits leaves.
        calls.insert(place, Arc::downgrade(&call));
        Place::Leader(call)
    }

    /// Nobody joins the call any more: it is over, and its reply is in the cache or failed.
    pub fn remove(&self, key: &str, form: Form) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&(key.to_owned(), form));
    }
}

impl InFlightCall {
    /// Is cancelled when nobody waits for the reply any more.
    pub fn abandonment(&self) -> CancellationToken {
        self.abandoned.clone()
    }

    /// The reply begins, or failed before it began.
    pub fn begin(&self, head: Result<ReplyHead, PublicError>) {
        let mut state = self.state();
        if let Err(error) = &head {
            state.over = Some(Err(error.clone()));
        }
        state.head = Some(head);
        drop(state);
        self.changed.send_replace(());
    }

    /// Another frame came.
    pub fn push(&self, frame: Frame) {
        self.state().frames.push(frame);
        self.changed.send_replace(());
    }

    /// The reply is over.
    pub fn end(&self, outcome: Result<(), PublicError>) {
        self.state().over = Some(outcome);
        self.changed.send_replace(());
    }

    /// Ends the call with an error, unless it has ended.
    pub fn abandon(&self, error: PublicError) {
        let mut state = self.state();
        // A call that has ended keeps its own outcome.
        state.over.get_or_insert_with(|| Err(error.clone()));
        state.head.get_or_insert(Err(error));
        drop(state);
        self.changed.send_replace(());
    }

    /// Waits for the head of the reply.
    ///
    /// # Errors
    /// Why it failed before it began.
    pub async fn head(&self) -> Result<ReplyHead, PublicError> {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(head) = self.state().head.clone() {
                return head;
            }
            // The sender lives in `self`, so waiting can't fail.
            let _ = changed.changed().await;
        }
    }

    /// The frames from the first on, as they come.
    pub fn frames(self: Arc<Self>) -> BoxStream<'static, Result<Frame, PublicError>> {
        // Subscribed before the state is read: a frame in between would not wake the follower.
        let changed = self.changed.subscribe();
        futures::stream::unfold((self, changed, 0), |(call, mut changed, at)| async move {
            loop {
                let next = {
                    let state = call.state();
                    match (state.frames.get(at), &state.over) {
                        (Some(frame), _) => Some(Ok(frame.clone())),
                        (None, Some(Err(error))) if at != usize::MAX => Some(Err(error.clone())),
                        (None, Some(_)) => return None,
                        (None, None) => None,
                    }
                };
                match next {
                    Some(Ok(frame)) => return Some((Ok(frame), (call, changed, at + 1))),
                    Some(Err(error)) => return Some((Err(error), (call, changed, usize::MAX))),
                    None => {
                        // The sender lives in `call`, so waiting can't fail.
                        let _ = changed.changed().await;
                    }
                }
            }
        })
        .boxed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightCall {
    fn drop(&mut self) {
        self.abandoned.cancel();
    }
}
