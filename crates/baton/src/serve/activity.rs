//! What a connection is doing, and until when it may.
//!
//! hyper has one timer for the head of a request, and it runs while a connection is idle, too: it can't tell a client that
//! is slow from one that has nothing to ask. So the socket and the requests report here what they do.

use baton_engine::SlowClient;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// What one connection is doing. Shared by its socket, its requests and its timer.
pub struct Activity {
    head: Duration,
    state: Mutex<State>,
}

struct State {
    /// How many requests are under way: their bodies, replies, or both.
    requests: usize,
    /// What is waited for while there are none.
    waits_for: WaitsFor,
    since: Instant,
    idle: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    /// The head of a request, of which something has come or which is the first.
    Head,
    /// Anything.
    Request,
}

/// A request that is under way, until this is dropped.
pub struct UnderWay(Arc<Activity>);

impl Activity {
    /// Of a connection that was just opened: the head of its first request has to come.
    pub fn new(head: Duration, idle: Duration) -> Arc<Self> {
        let state = State { requests: 0, waits_for: WaitsFor::Head, since: Instant::now(), idle };
        Arc::new(Self { head, state: Mutex::new(state) })
    }

    /// A request begins.
    pub fn begin(self: &Arc<Self>) -> UnderWay {
        self.state().requests += 1;
        UnderWay(Arc::clone(self))
    }

    /// Bytes came, by a protocol whose heads are the only thing that can come between requests.
    pub fn received(&self) {
        let mut state = self.state();
        // Only the first byte starts the time: a client that sends a byte now and then would otherwise never be late.
        if state.requests == 0 && state.waits_for == WaitsFor::Request {
            state.waits_for = WaitsFor::Head;
            state.since = Instant::now();
        }
    }

    /// The beginning is over without a request: HTTP/2 is spoken, and what comes now may be anything.
    pub fn begin_http2(&self) {
        let mut state = self.state();
        state.waits_for = WaitsFor::Request;
        state.since = Instant::now();
    }

    /// Since when there has been no request, or no more than a part of its head; `None` if one is under way.
    pub fn without_request_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.requests == 0).then_some(state.since)
    }

    /// Whether there is no request, nor a part of one.
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        let state = self.state();
        state.requests == 0 && state.waits_for == WaitsFor::Request
    }

    /// From now on the connection may be idle for that long at most.
    pub fn limit_idle(&self, idle: Duration) {
        let mut state = self.state();
        state.idle = state.idle.min(idle);
        state.since = Instant::now();
    }

    /// What the client is too slow at, once it is. To be polled whenever the connection was: what is waited for may have
    /// changed.
    pub fn poll_slow(&self, timer: &mut Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<SlowClient> {
        loop {
            let (due, what) = self.next_deadline();
            // An earlier end counts at once. A later one is seen when the timer is over: set anew by every request, it would
            // cost more than that.
            if due < timer.deadline() {
                timer.as_mut().reset(due);
            }
            std::task::ready!(timer.as_mut().poll(cx));
            match what {
                Some(what) if due <= Instant::now() => return Poll::Ready(what),
                _ => timer.as_mut().reset(due),
            }
        }
    }

    /// When the client will be too slow, and at what. While a request is under way: the earliest that it can be.
    fn next_deadline(&self) -> (Instant, Option<SlowClient>) {
        let state = self.state();
        match state.waits_for {
            _ if state.requests > 0 => (Instant::now() + state.idle, None),
            WaitsFor::Head => (state.since + self.head, Some(SlowClient::Head)),
            WaitsFor::Request => (state.since + state.idle, Some(SlowClient::Idle)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests -= 1;
        if state.requests == 0 {
            state.waits_for = WaitsFor::Request;
            state.since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::{advance, sleep};

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(120);

    /// Waits until the client is too slow: at what, and after how many seconds.
    async fn wait_until_slow(activity: &Arc<Activity>) -> (SlowClient, u64) {
        let begun = Instant::now();
        let mut timer = std::pin::pin!(sleep(HEAD));
        let what = poll_fn(|cx| activity.poll_slow(&mut timer, cx)).await;
        (what, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_head_has_to_come() {
        let activity = Activity::new(HEAD, IDLE);
        activity.received();
        assert_eq!(wait_until_slow(&activity).await, (SlowClient::Head, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn then_a_connection_may_be_idle() {
        let activity = Activity::new(HEAD, IDLE);
        let request = activity.begin();
        assert_eq!(activity.without_request_since(), None);
        advance(Duration::from_secs(7)).await;
        drop(request);
        advance(Duration::from_secs(20)).await;
        assert_eq!(activity.without_request_since(), Some(Instant::now() - Duration::from_secs(20)));
        assert_eq!(wait_until_slow(&activity).await, (SlowClient::Idle, 100));
        // What has begun to come has to come to its end.
        activity.received();
        advance(Duration::from_secs(3)).await;
        activity.received();
        assert_eq!(wait_until_slow(&activity).await, (SlowClient::Head, 7));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_due_while_a_request_is_under_way() {
        let activity = Activity::new(HEAD, IDLE);
        let (body, reply) = (activity.begin(), activity.begin());
        let ended = Arc::clone(&activity);
        tokio::spawn(async move {
            sleep(Duration::from_secs(1000)).await;
            drop(body);
            sleep(Duration::from_secs(1000)).await;
            drop(reply);
            drop(ended);
        });
        assert_eq!(wait_until_slow(&activity).await, (SlowClient::Idle, 2120));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_http2_may_be_idle_from_its_beginning() {
        let activity = Activity::new(HEAD, IDLE);
        activity.begin_http2();
        assert_eq!(wait_until_slow(&activity).await, (SlowClient::Idle, 120));
        activity.limit_idle(Duration::from_secs(5));
        assert_eq!(wait_until_slow(&activity).await, (SlowClient::Idle, 5));
    }
}
