//! A bus on Redis Streams.
//!
//! `PREFIX:events`, `PREFIX:commands` and `PREFIX:dead` are streams whose entries have one field, `event`. One consumer
//! group and one consumer in it stand for all nodes: which of them holds a command is nobody's business, only how long
//! it has been held. `PREFIX:commands:later` has the commands that wait, by when they are due.

mod commands;
mod fault;
mod scripts;
mod shared;

use crate::{Bus, BusError, BusEvent, BusSettings, CommandDelivery, DeadLetter};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::streams::StreamRangeReply;
use redis::{AsyncCommands, Client, RedisError};
use shared::{CONNECTING, PAUSE, RedisConnection, milliseconds, read};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A bus on Redis Streams. Clones share its connection.
#[derive(Clone)]
pub struct RedisStreams {
    shared: Arc<RedisConnection>,
}

/// The most replies that one stream of replies keeps, and for how long.
const REPLIES: u64 = 1000;
const REPLIES_AGE: Duration = Duration::from_secs(24 * 3600);

impl RedisStreams {
    /// A bus at `redis://…` or `rediss://…`; it need not be there yet.
    ///
    /// # Errors
    /// If the address is none.
    pub fn open(url: &str, settings: BusSettings) -> Result<Self, BusError> {
        // The error's own text may repeat the address, and with it the password.
        let expected = "must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";
        let client = Client::open(url).map_err(|_| BusError::Setup(expected.into()))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(settings.timeout))
            .set_number_of_retries(1)
            .set_max_delay(PAUSE);
        // Lazy, so that Baton starts while Redis is away.
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)
            .map_err(|error| fault::bus_error(&error, &fault::server_name(&client)))?;
        Ok(Self { shared: Arc::new(RedisConnection { settings, client, connection }) })
    }
}

impl Bus for RedisStreams {
    fn publish<'a>(&'a self, events: &'a [BusEvent]) -> BoxFuture<'a, Result<(), BusError>> {
        self.shared.append("events", events, self.shared.settings.events).boxed()
    }

    fn listen(&self) -> BoxFuture<'_, Result<BoxStream<'static, BusEvent>, BusError>> {
        self.shared.read_stream(self.shared.name("events")).boxed()
    }

    fn send<'a>(&'a self, command: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            let limit = self.shared.settings.max_commands;
            let mut call = scripts::SEND.key(self.shared.name("commands"));
            call.arg(limit).arg(command.write());
            let sent: bool = self.shared.run(async |mut connection| call.invoke_async(&mut connection).await).await?;
            sent.then_some(()).ok_or(BusError::Full(limit))
        }
        .boxed()
    }

    fn commands(&self) -> BoxStream<'static, CommandDelivery> {
        commands::commands(Arc::clone(&self.shared))
    }

    fn reply<'a>(&'a self, to: &'a str, event: &'a BusEvent) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            let own = format!("{}:", self.shared.settings.prefix);
            // A command comes from anybody. Its reply must not become a command or an event.
            if to.is_empty() || to.starts_with(&own) {
                return Err(BusError::Refused(format!("replyto: must be a stream outside of Baton's, got `{to}`")));
            }
            let mut call = scripts::REPLY.key(to);
            call.arg(REPLIES).arg(milliseconds(REPLIES_AGE)).arg(event.write());
            self.shared.run(async |mut connection| call.invoke_async::<()>(&mut connection).await).await
        }
        .boxed()
    }

    fn replies<'a>(&'a self, to: &'a str) -> BoxFuture<'a, Result<BoxStream<'static, BusEvent>, BusError>> {
        self.shared.read_stream(to.to_owned()).boxed()
    }

    fn put_dead_letter<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), BusError>> {
        async move { self.shared.append("dead", &[letter.event()], self.shared.settings.dead).await }.boxed()
    }

    fn list_dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<BusEvent>, BusError>> {
        async move {
            let key = self.shared.name("dead");
            let last: StreamRangeReply =
                self.shared.run(async |mut c| c.xrevrange_count(key, "+", "-", limit).await).await?;
            Ok(last.ids.iter().filter_map(read).collect())
        }
        .boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<String, BusError>> {
        async move {
            let place = fault::server_name(&self.shared.client);
            let look = async {
                // A connection of its own: the shared one tries again in the background, and does not tell why it
                // failed.
                let mut connection = self.shared.open_dedicated().await?;
                let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
                self.shared.ensure_group(&mut connection).await?;
                Ok(info)
            };
            let info = match timeout(self.shared.settings.timeout, look).await {
                Ok(info) => info.map_err(|error: RedisError| self.shared.bus_error(&error))?,
                Err(_) => return Err(BusError::Away(format!("Redis at {place} does not respond in time"))),
            };
            let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("unknown").trim();
            let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
            if major < 7 {
                return Err(BusError::Setup(format!("Redis at {place} has version {version}: 7 or newer is required")));
            }
            Ok(format!("streams of Redis {version} at {place}"))
        }
        .boxed()
    }
}
