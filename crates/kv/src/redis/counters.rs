//! Counters in Redis: one round trip for all that a request takes, and one to settle it.

use super::Redis;
use super::counter_scripts::{FORGET, PULSE as PULSE_SCRIPT, READ, SEED, SETTLE, TAKE, TAKE_VALUES};
use super::scripts::generation;
use crate::counters::window::{part_length, part_of};
use crate::counters::{Count, Counters, Lease, NotTaken, Take, Taken, Window};
use baton_model::Timestamp;
use baton_tasks::supervised;
use futures::FutureExt;
use futures::future::BoxFuture;
use redis::Value;
use redis::aio::MultiplexedConnection;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters that all nodes share. What a node holds ends with the node.
#[derive(Clone)]
pub struct RedisCounters {
    redis: Redis,
    node: Arc<str>,
    /// How many nodes lived at the last pulse.
    living: Arc<AtomicU64>,
}

/// How long a lease is known: no request lasts so long.
const LEASE: Duration = Duration::from_secs(24 * 3600);
/// How long a node that says nothing counts as alive.
const NODE: Duration = Duration::from_secs(20);
/// How often it says that it lives.
const PULSE: Duration = Duration::from_secs(5);
/// How long counters of calls under way are kept that nobody asks for.
const HELD: Duration = Duration::from_secs(48 * 3600);
/// How much longer than its period a counter is kept.
const AFTER: Duration = Duration::from_secs(3600);
/// How long a counter without an end is kept that nobody asks for: it is seeded again when somebody does.
const ENDLESS: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often settling is tried while Redis is away, and the wait before each.
const SETTLING: u32 = 60;
const BEFORE_SETTLING: Duration = Duration::from_secs(1);

impl RedisCounters {
    /// Counters there, of this node; its name must be its own in every run. Says that the node lives until the last clone is dropped, and the last lease is settled.
    pub fn new(redis: Redis, node: &str) -> Self {
        let counters = Self { redis, node: Arc::from(node), living: Arc::new(AtomicU64::new(1)) };
        let (link, node, key) = (counters.redis.link.clone(), Arc::downgrade(&counters.node), counters.node_key());
        let (list, living) = (format!("{}:nodes", counters.prefix()), Arc::clone(&counters.living));
        tokio::spawn(supervised("redis_pulse", async move {
            // The cache may share the link, and outlive the counters.
            while let Some(name) = node.upgrade() {
                let mut call = PULSE_SCRIPT.key(&key);
                call.key(&list).arg(&*name).arg(milliseconds(NODE));
                drop(name);
                let pulse =
                    async move |mut connection: MultiplexedConnection| call.invoke_async::<u64>(&mut connection).await;
                if let Some(nodes) = link.run("pulse", pulse).await {
                    living.store(nodes, Ordering::Relaxed);
                }
                tokio::time::sleep(PULSE).await;
            }
        }));
        counters
    }

    fn prefix(&self) -> &str {
        &self.redis.link.settings.prefix
    }

    fn counter_key(&self, counter: &str) -> String {
        format!("{}:counter:{counter}", self.prefix())
    }

    fn lease_key(&self, lease: &str) -> String {
        format!("{}:lease:{lease}", self.prefix())
    }

    fn nodes(&self) -> String {
        format!("{}:node:", self.prefix())
    }

    /// Makes the counter of a key unknown; whether Redis was there.
    async fn forget_key(&self, key: &str) -> bool {
        let mut call = FORGET.key(key);
        call.arg(self.nodes());
        let run = async move |mut connection: MultiplexedConnection| call.invoke_async::<i64>(&mut connection).await;
        self.redis.link.run("forget", run).await.is_some()
    }

    fn node_key(&self) -> String {
        format!("{}{}", self.nodes(), self.node)
    }
}

/// A window in the words of the scripts: its kind, and the present part or the period's start.
fn words(window: Window, now: Timestamp) -> (&'static str, i64) {
    match window {
        Window::Held => ("h", 0),
        Window::Sliding(length) => ("s", part_of(now, part_length(length))),
        Window::Period { start, .. } => ("p", start.0),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn lifetime(window: Window, now: Timestamp) -> u64 {
    milliseconds(match window {
        Window::Held => HELD,
        Window::Sliding(length) => length.saturating_mul(2),
        Window::Period { end: Some(end), .. } => end.since(now).saturating_add(AFTER),
        Window::Period { end: None, .. } => ENDLESS,
    })
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::BulkString(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        Value::SimpleString(text) => text.parse().ok(),
        _ => None,
    }
}

/// What [`TAKE`] has replied; `None`: nothing that it says.
fn read_reply(reply: &[Value]) -> Option<Result<Vec<Count>, NotTaken>> {
    let word = match reply.first()? {
        Value::BulkString(text) => std::str::from_utf8(text).ok()?,
        Value::SimpleString(text) => text,
        _ => return None,
    };
    let place = |place: usize| reply.get(place).and_then(number);
    let amount = |at: usize| place(at).and_then(|number| u64::try_from(number).ok());
    match word {
        "taken" => {
            let counts = (1..reply.len()).step_by(2);
            counts.map(|at| Some(Count { spent: amount(at)?, held: amount(at + 1)? })).collect::<Option<_>>().map(Ok)
        }
        "past" => Some(Err(NotTaken::Past(Timestamp(place(1)?)))),
        "unknown" => {
            let places = reply.iter().skip(1).filter_map(number);
            Some(Err(NotTaken::Unknown(places.filter_map(|place| usize::try_from(place).ok()).collect())))
        }
        "exhausted" => Some(Err(NotTaken::Exhausted {
            take: usize::try_from(place(1)?).ok()?,
            count: Count { spent: amount(2)?, held: amount(3)? },
            room_at: place(4).filter(|moment| *moment >= 0).map(Timestamp),
        })),
        _ => None,
    }
}

impl Counters for RedisCounters {
    fn take<'a>(&'a self, takes: &'a [Take], now: Timestamp) -> BoxFuture<'a, Result<Lease, NotTaken>> {
        async move {
            let id = generation();
            let mut call = TAKE.key(self.lease_key(&id));
            for take in takes {
                call.key(self.counter_key(&take.counter));
            }
            call.arg(self.node.as_ref()).arg(self.nodes()).arg(milliseconds(LEASE)).arg(milliseconds(NODE));
            for take in takes {
                let (kind, at) = words(take.window, now);
                let other = match take.window {
                    Window::Held => None,
                    Window::Sliding(length) => Some(part_length(length)),
                    Window::Period { end, .. } => end.map(|end| end.0),
                };
                let text = |number: Option<String>| number.unwrap_or_default();
                let values: [String; TAKE_VALUES] = [
                    kind.to_owned(),
                    at.to_string(),
                    text(other.map(|number| number.to_string())),
                    text(take.limit.map(|limit| limit.to_string())),
                    take.amount.to_string(),
                    lifetime(take.window, now).to_string(),
                ];
                for value in values {
                    call.arg(value);
                }
            }
            let taken = takes.iter().map(|take| Taken {
                counter: Arc::clone(&take.counter),
                window: take.window,
                at: now,
                amount: take.amount,
            });
            let lease = Lease { id: Some(id), taken: taken.collect(), counts: Vec::new() };
            let run = async move |mut connection: MultiplexedConnection| {
                call.invoke_async::<Vec<Value>>(&mut connection).await
            };
            let reply = self.redis.link.run("take", run).await;
            match reply.as_deref().and_then(read_reply) {
                Some(Ok(counts)) => Ok(Lease { counts, ..lease }),
                Some(Err(refused)) => Err(refused),
                None => {
                    // It may have been taken all the same: a reply can be lost. Settled as nothing, it is given back.
                    drop(self.settle(lease, Vec::new()));
                    Err(NotTaken::Away)
                }
            }
        }
        .boxed()
    }

    fn settle(&self, lease: Lease, amounts: Vec<u64>) -> BoxFuture<'static, ()> {
        let counters = self.clone();
        let settling = async move {
            let Some(id) = lease.id.as_deref() else { return };
            let mut call = SETTLE.key(counters.lease_key(id));
            for taken in &lease.taken {
                call.key(counters.counter_key(&taken.counter));
            }
            call.arg(counters.node.as_ref()).arg(counters.nodes());
            for (place, taken) in lease.taken.iter().enumerate() {
                let real = i128::from(amounts.get(place).copied().unwrap_or(0));
                let amount = i128::from(taken.amount);
                let (kind, at) = words(taken.window, taken.at);
                call.arg(kind).arg(at);
                for number in [-amount, real, real - amount] {
                    call.arg(number.to_string());
                }
            }
            let call = &call;
            for _ in 0..SETTLING {
                let run =
                    async move |mut connection: MultiplexedConnection| call.invoke_async::<i64>(&mut connection).await;
                if counters.redis.link.run("settle", run).await.is_some() {
                    return;
                }
                tokio::time::sleep(BEFORE_SETTLING).await;
            }
            tracing::error!(
                lease = id,
                "what a request came to could not be counted in Redis; its counters are wrong until they are seeded anew"
            );
        };
        // On its way now, whether or not somebody waits.
        let settling = tokio::spawn(supervised("counters_settle", settling));
        async move {
            let _ = settling.await;
        }
        .boxed()
    }

    fn seed<'a>(
        &'a self,
        counter: &'a Arc<str>,
        window: Window,
        spent: &'a [(Timestamp, u64)],
        now: Timestamp,
    ) -> BoxFuture<'a, ()> {
        async move {
            let (kind, at) = words(window, now);
            let mut call = SEED.key(self.counter_key(counter));
            call.arg(kind).arg(at).arg(lifetime(window, now));
            for (moment, amount) in spent {
                call.arg(words(window, *moment).1).arg(amount.to_string());
            }
            let run =
                async move |mut connection: MultiplexedConnection| call.invoke_async::<i64>(&mut connection).await;
            self.redis.link.run("seed", run).await;
        }
        .boxed()
    }

    fn read<'a>(&'a self, counter: &'a str, window: Window, now: Timestamp) -> BoxFuture<'a, Option<Count>> {
        async move {
            let (kind, at) = words(window, now);
            let mut call = READ.key(self.counter_key(counter));
            call.arg(self.node.as_ref()).arg(self.nodes()).arg(kind).arg(at);
            let run = async move |mut connection: MultiplexedConnection| {
                call.invoke_async::<Vec<Value>>(&mut connection).await
            };
            let reply = self.redis.link.run("read", run).await?;
            let amount = |at: usize| u64::try_from(number(reply.get(at)?)?).ok();
            Some(Count { spent: amount(0)?, held: amount(1)? })
        }
        .boxed()
    }

    fn nodes(&self) -> NonZeroU64 {
        NonZeroU64::new(self.living.load(Ordering::Relaxed)).unwrap_or(NonZeroU64::MIN)
    }

    fn forget<'a>(&'a self, counter: &'a str) -> BoxFuture<'a, ()> {
        async move {
            self.forget_key(&self.counter_key(counter)).await;
        }
        .boxed()
    }

    fn succeed<'a>(&'a self, node: &'a str) -> BoxFuture<'a, bool> {
        async move {
            let (key, holds) = (format!("{}{node}", self.nodes()), format!("{}{node}:holds", self.nodes()));
            let held = holds.clone();
            let run = async move |mut connection: MultiplexedConnection| {
                // It is gone, whatever its key still says for some seconds.
                let mut ask = redis::pipe();
                ask.del(key).ignore().smembers(held);
                ask.query_async::<(Vec<String>,)>(&mut connection).await
            };
            let Some((counters,)) = self.redis.link.run("succeed", run).await else { return false };
            for counter in &counters {
                if !self.forget_key(counter).await {
                    return false;
                }
            }
            let run = async move |mut connection: MultiplexedConnection| {
                redis::cmd("DEL").arg(holds).query_async::<i64>(&mut connection).await
            };
            self.redis.link.run("succeed", run).await.is_some()
        }
        .boxed()
    }
}
