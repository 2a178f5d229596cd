//! Identical requests in flight share one upstream call.
//!
//! The call runs in a task of its own, so that it goes on when the client that began it leaves while others wait. When
//! the last one leaves, it is cancelled.

use crate::flow::{Flow, Head, free};
use crate::record::Ticket;
use baton_model::PublicError;
use baton_model::record::CacheUse;
use baton_provider::{Form, Frame};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The shared calls under way, by the key of their answer and their form.
#[derive(Default)]
pub struct Flights {
    flights: Mutex<HashMap<(String, Form), Weak<Flight>>>,
}

/// A shared call under way: what has come of it so far.
pub struct Flight {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    left: CancellationToken,
}

#[derive(Default)]
struct State {
    head: Option<Result<Head, PublicError>>,
    frames: Vec<Frame>,
    over: Option<Result<(), PublicError>>,
}

/// A place in a shared call.
pub enum Boarding {
    /// Another request began it.
    Joined(Arc<Flight>),
    /// This request begins it.
    Begun(Arc<Flight>),
}

impl Flights {
    /// Joins the call with that key, or begins it.
    pub fn board(&self, key: &str, form: Form) -> Boarding {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (key.to_owned(), form);
        if let Some(flight) = flights.get(&place).and_then(Weak::upgrade) {
            return Boarding::Joined(flight);
        }
        let (changed, left) = (watch::Sender::new(()), CancellationToken::new());
        let flight = Arc::new(Flight { state: Mutex::default(), changed, left });
        flights.insert(place, Arc::downgrade(&flight));
        Boarding::Begun(flight)
    }

    /// Nobody joins the call any more: it is over, and its answer is in the cache or failed.
    pub fn land(&self, key: &str, form: Form) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&(key.to_owned(), form));
    }
}

impl Flight {
    /// Is cancelled when nobody waits for the answer any more.
    pub fn left(&self) -> CancellationToken {
        self.left.clone()
    }

    /// The answer begins, or failed before it began.
    pub fn begin(&self, head: Result<Head, PublicError>) {
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

    /// The answer is over.
    pub fn end(&self, outcome: Result<(), PublicError>) {
        self.state().over = Some(outcome);
        self.changed.send_replace(());
    }

    /// Ends the call with an error, unless it has ended.
    pub fn abandon(&self, error: PublicError) {
        let mut state = self.state();
        state.over.get_or_insert_with(|| Err(error.clone()));
        state.head.get_or_insert(Err(error));
        drop(state);
        self.changed.send_replace(());
    }

    /// Waits for the head of the answer.
    ///
    /// # Errors
    /// Why it failed before it began.
    pub async fn head(&self) -> Result<Head, PublicError> {
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
        let changed = self.changed.subscribe();
        futures::stream::unfold((self, changed, 0), |(flight, mut changed, at)| async move {
            loop {
                let next = {
                    let state = flight.state();
                    match (state.frames.get(at), &state.over) {
                        (Some(frame), _) => Some(Ok(frame.clone())),
                        (None, Some(Err(error))) if at != usize::MAX => Some(Err(error.clone())),
                        (None, Some(_)) => return None,
                        (None, None) => None,
                    }
                };
                match next {
                    Some(Ok(frame)) => return Some((Ok(frame), (flight, changed, at + 1))),
                    Some(Err(error)) => return Some((Err(error), (flight, changed, usize::MAX))),
                    None => {
                        // The sender lives in `flight`, so waiting can't fail.
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

impl Drop for Flight {
    fn drop(&mut self) {
        self.left.cancel();
    }
}

/// The answer of a shared call to a request that joined it: its own record, no attempt, no cost.
pub async fn follow(
    shared: Arc<crate::engine::Shared>,
    flight: Arc<Flight>,
    mut ticket: Ticket,
) -> Result<(Head, BoxStream<'static, Result<Frame, PublicError>>), PublicError> {
    ticket.cache(CacheUse::Hit);
    let head = match flight.head().await {
        Ok(head) => head,
        Err(error) => {
            ticket.fail(&error).await;
            return Err(error);
        }
    };
    if let Some(model) = shared.registry.snapshot().models.get(&head.model) {
        ticket.served(model);
    }
    let head = Head { cache: CacheUse::Hit, attempts: 0, bill: free(), ..head };
    let frames = flight.frames().map(|item| item.map_err(crate::attempt::again)).boxed();
    let (form, dialect) = (head.form, head.dialect);
    Ok((head, Flow::kept(shared, ticket, form, dialect, frames).into_stream()))
}
