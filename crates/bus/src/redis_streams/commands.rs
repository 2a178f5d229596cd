//! Commands out of a stream, and what becomes of them.

use super::scripts;
use super::shared::{BLOCK, PAUSE, RedisConnection, milliseconds, whole_millis};
use crate::delivery::CommandReceipt;
use crate::{BusError, CommandDelivery, EventFault};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, RedisResult, Value, from_redis_value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A command as Redis has it.
struct Entry {
    id: String,
    attempt: u32,
    fields: HashMap<String, Value>,
}

/// Commands, over as many connections as it takes.
pub(super) fn commands(shared: Arc<RedisConnection>) -> BoxStream<'static, CommandDelivery> {
    let stream = async_stream::stream! {
        let mut reader = Reader { shared, own: None, look: Instant::now(), away: false };
        loop {
            match reader.next().await {
                Ok(Some(entry)) => {
                    reader.report_recovery();
                    yield reader.delivery(entry);
                }
                Ok(None) => reader.report_recovery(),
                Err(error) => {
                    reader.report_outage(&error);
                    sleep(PAUSE).await;
                }
            }
        }
    };
    stream.boxed()
}

struct Reader {
    shared: Arc<RedisConnection>,
    /// A connection of its own, where reads may wait.
    own: Option<MultiplexedConnection>,
    /// When it looks again for commands that are to come again.
    look: Instant,
    away: bool,
}

impl Reader {
    /// The next command, or none after a while.
    async fn next(&mut self) -> RedisResult<Option<Entry>> {
        if self.own.is_none() {
            let mut own = self.shared.open_dedicated().await?;
            // With every new connection: a Redis without persistence that was restarted has neither stream nor group.
            self.shared.ensure_group(&mut own).await?;
            self.own = Some(own);
        }
        let Some(own) = &mut self.own else { return Ok(None) };
        if self.look <= Instant::now() {
            // Old commands before new ones, or those that failed would starve under load.
            if let Some(entry) = claim_idle(&self.shared, own).await? {
                // There may be more of them.
                return Ok(Some(entry));
            }
            self.look = Instant::now() + claim_interval(&self.shared);
        }
        // Zero would block for ever in Redis.
        let wait = self.look.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        read_new(&self.shared, own, wait).await
    }

    fn delivery(&self, entry: Entry) -> CommandDelivery {
        let receipt = Held { shared: Arc::clone(&self.shared), id: entry.id.clone() };
        let raw = entry.fields.get("event").and_then(|value| from_redis_value::<Vec<u8>>(value.clone()).ok());
        let found = raw.is_some();
        let mut delivery = CommandDelivery::new(Bytes::from(raw.unwrap_or_default()), entry.attempt, entry.id, receipt);
        if !found {
            let names: Vec<&str> = entry.fields.keys().map(String::as_str).collect();
            let problem = format!("the stream's entry must have the field `event`, got {}", names.join(", "));
            // Told as a fault and not passed over: an entry that nobody takes would stay pending for ever.
            delivery.event = Err(EventFault { attribute: None, problem });
        }
        delivery
    }

    fn report_outage(&mut self, error: &redis::RedisError) {
        // A connection on which a read has failed may still get the reply to it, and take it for that of the next.
        self.own = None;
        if !std::mem::replace(&mut self.away, true) {
            tracing::warn!(error = %self.shared.bus_error(error), "commands can't be read");
        }
    }

    fn report_recovery(&mut self) {
        if std::mem::take(&mut self.away) {
            tracing::info!("commands can be read again");
        }
    }
}

/// How often to look for commands that are to come again.
fn claim_interval(shared: &RedisConnection) -> Duration {
    (shared.settings.ack_wait / 4).clamp(Duration::from_millis(50), Duration::from_secs(1)).min(BLOCK)
}

async fn claim_idle(shared: &RedisConnection, own: &mut MultiplexedConnection) -> RedisResult<Option<Entry>> {
    let mut call = scripts::AGAIN.key(shared.name("commands"));
    call.key(shared.name("commands:later")).arg(&shared.settings.prefix).arg(milliseconds(shared.settings.ack_wait));
    let taken: Option<(String, u32, HashMap<String, Value>)> = call.invoke_async(own).await?;
    Ok(taken.map(|(id, attempt, fields)| Entry { id, attempt, fields }))
}

async fn read_new(
    shared: &RedisConnection,
    own: &mut MultiplexedConnection,
    wait: Duration,
) -> RedisResult<Option<Entry>> {
    let group = &shared.settings.prefix;
    // One consumer for all nodes: who holds a command does not matter, only for how long. A node that dies leaves no
    // consumer behind.
    let options = StreamReadOptions::default().group(group, group).count(1).block(whole_millis(wait));
    let reply: Option<StreamReadReply> = own.xread_options(&[shared.name("commands")], &[">"], &options).await?;
    let entry = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).next();
    Ok(entry.map(|entry| Entry { id: entry.id, attempt: 1, fields: entry.map }))
}

struct Held {
    shared: Arc<RedisConnection>,
    id: String,
}

impl CommandReceipt for Held {
    fn ack(&self) -> BoxFuture<'_, Result<(), BusError>> {
        let (stream, later) = (self.shared.name("commands"), self.shared.name("commands:later"));
        let mut done = redis::pipe();
        // Out of the stream too: what is left there waits, or is held.
        done.atomic()
            .xack(&stream, &self.shared.settings.prefix, &[&self.id])
            .xdel(&stream, &[&self.id])
            .zrem(&later, &self.id);
        async move {
            let run = async |mut connection| done.query_async::<()>(&mut connection).await;
            self.shared.run(run).await
        }
        .boxed()
    }

    fn retry(&self, after: Duration) -> BoxFuture<'_, Result<(), BusError>> {
        let mut call = scripts::RETRY.key(self.shared.name("commands"));
        call.key(self.shared.name("commands:later"))
            .arg(&self.shared.settings.prefix)
            .arg(&self.id)
            .arg(milliseconds(after));
        async move { self.shared.run(async |mut connection| call.invoke_async::<()>(&mut connection).await).await }
            .boxed()
    }

    fn extend(&self) -> BoxFuture<'_, Result<(), BusError>> {
        let group = &self.shared.settings.prefix;
        let mut claim = redis::cmd("XCLAIM");
        // Claiming resets the idle time; `JUSTID` leaves the number of deliveries as it is.
        claim.arg(self.shared.name("commands")).arg(group).arg(group).arg(0).arg(&self.id).arg("JUSTID");
        async move { self.shared.run(async |mut connection| claim.query_async::<()>(&mut connection).await).await }
            .boxed()
    }
}
