//! Bodies on their way to clients that may not read them.
//!
//! A body is polled only while there is room to write. Of a client that does not read, nothing is asked any more: no
//! deadline inside the body is ever looked at, and the place and the provider's connection that it holds would stay held
//! for as long as the client likes. So such bodies are watched from outside, by a task with its own clock
//! ([`Outgoing::watch`]): it drops what a client has not taken in time, which releases everything behind it.

use axum::body::Body;
use baton_engine::Engine;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use slab::Slab;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// Bodies below this size are not watched: they are in the socket's buffer at once, and hold nothing.
const SMALL: u64 = 64 << 10;
/// Large pieces leave in parts of this size, so that what a client does not take can be dropped.
const PART: usize = 256 << 10;
/// How often the bodies are looked at, at most.
const LOOK: Duration = Duration::from_secs(1);

/// The moment by which a reply must have left; an extension of its response.
#[derive(Debug, Clone, Copy)]
pub struct ReplyDeadline(pub Instant);

/// The bodies on their way out. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Outgoing {
    /// How long a client may take nothing.
    idle: Duration,
    /// Where dropped replies are counted; tests of the watching alone have none.
    engine: Option<Engine>,
    bodies: Arc<Mutex<Slab<Weak<Watched>>>>,
}

/// A body that is watched.
struct Watched {
    state: Mutex<State>,
    deadline: Option<Instant>,
}

struct State {
    /// `None` once it was dropped.
    body: Option<Body>,
    /// What is left of a large piece.
    rest: Bytes,
    /// Since when the client is waited for; `None` while the body itself is.
    given: Option<Instant>,
}

/// The body as the server polls it.
struct WatchedBody {
    watched: Arc<Watched>,
    key: usize,
    outgoing: Outgoing,
}

impl Outgoing {
    /// Of clients that may take nothing for that long.
    pub fn new(idle: Duration) -> Self {
        Self { idle, engine: None, bodies: Arc::default() }
    }

    /// The same; what is dropped is counted there.
    #[must_use]
    pub fn counted(self, engine: Engine) -> Self {
        Self { engine: Some(engine), ..self }
    }

    /// Watches a body, unless it is small.
    pub fn guard(&self, body: Body, deadline: Option<ReplyDeadline>) -> Body {
        if body.size_hint().upper().is_some_and(|most| most <= SMALL) {
            return body;
        }
        // Begun as given: over HTTP/2 a client can keep a body from being polled even once.
        let state = State { body: Some(body), rest: Bytes::new(), given: Some(Instant::now()) };
        let deadline = deadline.map(|ReplyDeadline(at)| at);
        let watched = Arc::new(Watched { state: Mutex::new(state), deadline });
        let key = self.bodies().insert(Arc::downgrade(&watched));
        Body::new(WatchedBody { watched, key, outgoing: self.clone() })
    }

    /// Drops what clients don't take, for ever.
    pub async fn watch(self) {
        let mut ticks = tokio::time::interval(LOOK.min(self.idle / 4).max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look();
        }
    }

    fn look(&self) {
        let now = Instant::now();
        // Collected first: dropping a body runs what its request has to do at its end, which must not hold this lock.
        let watched: Vec<Arc<Watched>> = self.bodies().iter().filter_map(|(_, body)| body.upgrade()).collect();
        for body in watched {
            if body.release(now, self.idle)
                && let Some(engine) = &self.engine
            {
                engine.client_stalled();
            }
        }
    }

    fn bodies(&self) -> MutexGuard<'_, Slab<Weak<Watched>>> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Drops the body if its client has taken nothing for too long, or its time is over. Whether it did.
    fn release(&self, now: Instant, idle: Duration) -> bool {
        let mut state = self.state();
        let stalled = state.given.is_some_and(|since| now.duration_since(since) >= idle);
        let late = state.given.is_some() && self.deadline.is_some_and(|deadline| now >= deadline);
        if !(stalled || late) {
            return false;
        }
        state.rest = Bytes::new();
        let body = state.body.take();
        // Its own end is not run under the lock: whoever polls must not wait for it.
        drop(state);
        body.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut state = self.watched.state();
        state.given = None;
        let polled = state.poll(context);
        // What was given out waits for the client; what is pending is waited for here, and a body that has ended holds
        // nothing any more.
        state.given = polled.is_ready().then(Instant::now).filter(|_| state.body.is_some());
        polled
    }

    fn is_end_stream(&self) -> bool {
        let state = self.watched.state();
        state.rest.is_empty() && state.body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let state = self.watched.state();
        let Some(body) = &state.body else { return SizeHint::default() };
        let (rest, inner) = (state.rest.len() as u64, body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest + inner.lower());
        if let Some(upper) = inner.upper() {
            hint.set_upper(rest + upper);
        }
        hint
    }
}

impl State {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else {
            // Cut off, and not ended: the client must not take half a reply for a whole one.
            let cut = io::Error::new(io::ErrorKind::TimedOut, "the client did not read its reply in time");
            return Poll::Ready(Some(Err(axum::Error::new(cut))));
        };
        if self.rest.is_empty() {
            match Pin::new(body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return other,
            }
        }
        let part = self.rest.split_to(self.rest.len().min(PART));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.outgoing.bodies().try_remove(self.key);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use futures::stream;
    use http_body_util::BodyExt;
    use std::convert::Infallible;

    const IDLE: Duration = Duration::from_secs(30);

    /// A body that gives pieces for ever, and what is gone when it is dropped.
    fn endless() -> (Body, Weak<()>) {
        let held = Arc::new(());
        let gone = Arc::downgrade(&held);
        let pieces = stream::repeat_with(move || {
            let _ = &held;
            Ok::<_, Infallible>(Bytes::from_static(b"piece"))
        });
        (Body::from_stream(pieces), gone)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_read_is_dropped() {
        let outgoing = Outgoing::new(IDLE);
        let watch = tokio::spawn(outgoing.clone().watch());
        let (body, gone) = endless();
        let mut body = outgoing.guard(body, None);
        for _ in 0..4 {
            // A client that takes a piece now and then is slow, but reads.
            tokio::time::sleep(IDLE - LOOK).await;
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "piece");
        }
        tokio::time::sleep(IDLE + LOOK).await;
        assert!(gone.upgrade().is_none(), "what the body holds is released although nobody polls it");
        assert!(body.frame().await.unwrap().is_err(), "and its end does not look like one");
        watch.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_never_asked_is_dropped_too() {
        let outgoing = Outgoing::new(IDLE);
        let watch = tokio::spawn(outgoing.clone().watch());
        let (body, gone) = endless();
        let _held = outgoing.guard(body, None);
        tokio::time::sleep(IDLE + LOOK).await;
        assert!(gone.upgrade().is_none());
        watch.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_holds_for_who_does_not_read() {
        let outgoing = Outgoing::new(IDLE);
        let watch = tokio::spawn(outgoing.clone().watch());
        let (body, gone) = endless();
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut body = outgoing.guard(body, Some(ReplyDeadline(deadline)));
        body.frame().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_secs(5) + LOOK).await;
        assert!(gone.upgrade().is_none());
        watch.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_slow_is_no_client_that_does_not_read() {
        let outgoing = Outgoing::new(IDLE);
        let watch = tokio::spawn(outgoing.clone().watch());
        let slow = stream::once(async {
            tokio::time::sleep(IDLE * 3).await;
            Ok::<_, Infallible>(Bytes::from_static(b"late"))
        });
        let body = outgoing.guard(Body::from_stream(slow), None);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "late");
        assert!(outgoing.bodies().is_empty(), "what has ended is forgotten");
        watch.abort();
    }

    #[tokio::test]
    async fn a_large_piece_leaves_in_parts_and_whole() {
        let outgoing = Outgoing::new(IDLE);
        let large: Bytes = (0..PART * 2 + 7).map(|place| (place % 251) as u8).collect::<Vec<_>>().into();
        let mut body = outgoing.guard(Body::from(large.clone()), None);
        assert_eq!(body.size_hint().exact(), Some(large.len() as u64));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.len(), PART);
        assert_eq!(body.size_hint().exact(), Some((PART + 7) as u64));
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!([first, rest].concat(), large);
    }
}
