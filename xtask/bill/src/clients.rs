//! The clients: each sends one request after the other, and remembers what it has seen of each.

use crate::node::{Api, PATIENCE};
use crate::prices;
use crate::providers::Providers;
use crate::setup::CallerKey;
use crate::traffic::{self, Leaves, PlannedRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// What a client has seen of its request.
#[derive(Debug, Clone)]
pub struct SentRequest {
    pub number: u64,
    /// Whose prompt it has.
    pub prompt: u64,
    /// Baton's id of the request, if a head came.
    pub id: Option<String>,
    /// What the head said that it costs, in nano-dollars.
    pub cost: Option<i64>,
    pub end: RequestEnd,
}

/// How a request ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEnd {
    /// With a whole reply.
    Replied,
    /// With an error of that status.
    Refused(u16),
    /// With an error inside of a stream, or a stream without an end.
    Failed,
    /// The client left, as was planned.
    Left,
    /// The connection broke: the process was killed.
    Broken,
    /// Nothing came for so long that nobody would wait.
    Hung,
}

/// What all clients share.
pub struct Traffic {
    seed: u64,
    pub requests: u64,
    /// Where Baton is; `None` while it is down.
    api: watch::Receiver<Option<Api>>,
    /// Requests from this number on wait: a kill comes first.
    gate: watch::Receiver<u64>,
    keys: Vec<CallerKey>,
    pub providers: Arc<Providers>,
    /// How many requests have begun.
    pub begun: watch::Sender<u64>,
    next: AtomicU64,
}

/// Where it goes.
pub struct TrafficPlace {
    pub api: watch::Receiver<Option<Api>>,
    pub gate: watch::Receiver<u64>,
    pub keys: Vec<CallerKey>,
    pub providers: Arc<Providers>,
}

impl Traffic {
    /// Requests that have not begun.
    pub fn new(seed: u64, requests: u64, place: TrafficPlace) -> Self {
        let TrafficPlace { api, gate, keys, providers } = place;
        let (begun, _) = watch::channel(0);
        Self { seed, requests, api, gate, keys, providers, begun, next: AtomicU64::new(0) }
    }

    /// Sends requests until there are none left.
    pub async fn send_all(self: Arc<Self>) -> Vec<SentRequest> {
        let mut sent = Vec::new();
        let (mut api, mut gate) = (self.api.clone(), self.gate.clone());
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.requests {
                return sent;
            }
            let planned = traffic::plan(self.seed, number);
            if gate.wait_for(|gate| number < *gate).await.is_err() {
                return sent;
            }
            // Between a kill and the next start nobody sends anything.
            let Ok(api) = api.wait_for(Option::is_some).await.map(|api| api.clone()) else { return sent };
            let Some(api) = api else { return sent };
            self.begun.send_modify(|begun| *begun += 1);
            // A repeated request must not meet the faults of the first anew.
            if planned.prompt == number {
                self.providers.plan_faults(number, &planned.faults);
            }
            sent.push(self.send(&api, &planned).await);
            if planned.prompt == number && !planned.faults.is_empty() {
                self.providers.forget_faults(number);
            }
        }
    }

    async fn send(&self, api: &Api, planned: &PlannedRequest) -> SentRequest {
        let PlannedRequest { number, prompt, .. } = *planned;
        let mut sent = SentRequest { number, prompt, id: None, cost: None, end: RequestEnd::Left };
        let (limit, left) = match planned.leaves {
            Some(Leaves::After(time)) => (time, RequestEnd::Left),
            _ => (PATIENCE, RequestEnd::Hung),
        };
        let end = tokio::time::timeout(limit, self.exchange(api, planned, &mut sent)).await;
        sent.end = end.unwrap_or(left);
        sent
    }

    async fn exchange(&self, api: &Api, planned: &PlannedRequest, sent: &mut SentRequest) -> RequestEnd {
        let Some(key) = self.keys.get(planned.key) else { return RequestEnd::Broken };
        let request = api
            .http
            .post(format!("{}{}", api.url, planned.path))
            .bearer_auth(&key.secret)
            .header("x-baton-tags", tag(planned.number))
            .header("x-baton-user", format!("user-{}", planned.user))
            .header("anthropic-version", "2023-06-01")
            // Longer than anything here lasts, so that the client's patience is what counts.
            .timeout(PATIENCE + Duration::from_secs(60))
            .json(&planned.body);
        let Ok(mut reply) = request.send().await else { return RequestEnd::Broken };
        let header = |name: &str| reply.headers().get(name).and_then(|value| value.to_str().ok());
        sent.id = header("x-request-id").map(str::to_owned);
        sent.cost = header("x-baton-cost").and_then(prices::nanos);
        let status = reply.status();
        let (mut body, mut pieces) = (Vec::new(), 0);
        loop {
            if planned.leaves == Some(Leaves::Behind(pieces)) && status.is_success() {
                return RequestEnd::Left;
            }
            match reply.chunk().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break,
                Err(_) => return RequestEnd::Broken,
            }
            pieces += 1;
        }
        let text = String::from_utf8_lossy(&body);
        match status.as_u16() {
            200..300 if !planned.stream => RequestEnd::Replied,
            // A stream says inside itself that it failed.
            200..300 if is_whole_stream(&text) => RequestEnd::Replied,
            200..300 => RequestEnd::Failed,
            status => RequestEnd::Refused(status),
        }
    }
}

/// The tag that stands for a request in the ledger.
pub fn tag(number: u64) -> String {
    format!("n-{number}")
}

/// The request of a tag.
pub fn number_of(tag: &str) -> Option<u64> {
    tag.strip_prefix("n-")?.parse().ok()
}

fn is_whole_stream(text: &str) -> bool {
    let ended = text.contains("data: [DONE]") || text.contains("event: message_stop");
    ended && !text.contains("\"error\"")
}
