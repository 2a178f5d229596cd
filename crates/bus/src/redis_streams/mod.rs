//! A bus on Redis Streams.
//!
//! `PREFIX:events`, `PREFIX:commands` and `PREFIX:dead` are streams whose entries have one field, `event`. One consumer
//! group and one consumer in it stand for all nodes: which of them holds a command is nobody's business, only how long
//! it has been held. `PREFIX:commands:later` has the commands that wait, by when they are due.

mod commands;
mod fault;
mod scripts;

use crate::{Bus, BusError, DeadLetter, Delivery, Event, Settings};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::streams::{StreamId, StreamRangeReply, StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, AsyncConnectionConfig, Client, RedisError, RedisResult};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A bus on Redis Streams. Clones share its connection.
#[derive(Clone)]
pub struct RedisStreams {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    client: Client,
    connection: ConnectionManager,
}

/// How many events go in one script, so that Redis serves others in between.
const BATCH: usize = 100;
/// How long a read waits in Redis before it is asked anew.
const BLOCK: Duration = Duration::from_secs(2);
const CONNECTING: Duration = Duration::from_secs(2);
/// The wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// The most replies that one stream of replies keeps, and for how long.
const REPLIES: u64 = 1000;
const REPLIES_AGE: Duration = Duration::from_secs(24 * 3600);

impl RedisStreams {
    /// A bus at `redis://…` or `rediss://…`; it need not be there yet.
    ///
    /// # Errors
    /// If the address is none.
    pub fn open(url: &str, settings: Settings) -> Result<Self, BusError> {
        // The error's own text may repeat the address, and with it the password.
        let expected = "expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";
        let client = Client::open(url).map_err(|_| BusError::Setup(expected.into()))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(settings.timeout))
            .set_number_of_retries(1)
            .set_max_delay(PAUSE);
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)
            .map_err(|error| fault::told(&error, &fault::place(&client)))?;
        Ok(Self { shared: Arc::new(Shared { settings, client, connection }) })
    }
}

impl Shared {
    fn name(&self, name: &str) -> String {
        format!("{}:{name}", self.settings.prefix)
    }

    fn told(&self, error: &RedisError) -> BusError {
        fault::told(error, &fault::place(&self.client))
    }

    /// Runs an operation on the shared connection.
    async fn run<T, F: Future<Output = RedisResult<T>>>(
        &self,
        run: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, BusError> {
        let limit = self.settings.timeout + CONNECTING;
        match timeout(limit, run(self.connection.clone())).await {
            Ok(result) => result.map_err(|error| self.told(&error)),
            Err(_) => Err(BusError::Away(format!("Redis at {} does not answer in time", fault::place(&self.client)))),
        }
    }

    /// A connection for reads that wait: on the shared one, everything else would wait with them.
    async fn own(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(BLOCK + self.settings.timeout));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Appends events to a stream, but for those that were appended lately.
    async fn append(&self, stream: &str, events: &[Event], bound: crate::Bound) -> Result<(), BusError> {
        let key = self.name(stream);
        for batch in events.chunks(BATCH) {
            let mut call = scripts::APPEND.key(&key);
            call.arg(format!("{key}:seen:"))
                .arg(milliseconds(self.settings.duplicate_window))
                .arg(bound.length)
                .arg(milliseconds(bound.age));
            for event in batch {
                call.arg(&event.id).arg(event.write());
            }
            self.run(async |mut connection| call.invoke_async::<()>(&mut connection).await).await?;
        }
        Ok(())
    }

    /// Makes the group, whose members are all nodes, unless it is there.
    async fn found(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let made = connection.xgroup_create_mkstream(self.name("commands"), &self.settings.prefix, "0").await;
        match made {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// What is added to a stream after its present end.
    async fn follow(self: &Arc<Self>, key: String) -> Result<BoxStream<'static, Event>, BusError> {
        let last: StreamRangeReply = self.run(async |mut c| c.xrevrange_count(&key, "+", "-", 1).await).await?;
        let mut last = last.ids.first().map_or_else(|| "0-0".to_owned(), |entry| entry.id.clone());
        let shared = Arc::clone(self);
        let options = StreamReadOptions::default().block(whole(BLOCK)).count(BATCH);
        let stream = async_stream::stream! {
            let mut own = None;
            loop {
                let connection = match &mut own {
                    Some(connection) => connection,
                    None => match shared.own().await {
                        Ok(connection) => own.insert(connection),
                        Err(_) => {
                            sleep(PAUSE).await;
                            continue;
                        }
                    }
                };
                match connection.xread_options::<_, _, Option<StreamReadReply>>(&[&key], &[&last], &options).await {
                    Ok(reply) => for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids) {
                        if let Some(event) = read(&entry) {
                            yield event;
                        }
                        last = entry.id;
                    },
                    Err(_) => {
                        own = None;
                        sleep(PAUSE).await;
                    }
                }
            }
        };
        Ok(stream.boxed())
    }
}

/// The event of an entry, if it has one.
fn read(entry: &StreamId) -> Option<Event> {
    Event::read(&entry.get::<Vec<u8>>("event")?).ok()
}

fn milliseconds(duration: Duration) -> u64 {
    // Lua counts exactly up to here.
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 52)
}

fn whole(duration: Duration) -> usize {
    usize::try_from(duration.as_millis()).unwrap_or(usize::MAX)
}

impl Bus for RedisStreams {
    fn publish<'a>(&'a self, events: &'a [Event]) -> BoxFuture<'a, Result<(), BusError>> {
        self.shared.append("events", events, self.shared.settings.events).boxed()
    }

    fn listen(&self) -> BoxFuture<'_, Result<BoxStream<'static, Event>, BusError>> {
        self.shared.follow(self.shared.name("events")).boxed()
    }

    fn send<'a>(&'a self, command: &'a Event) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            let limit = self.shared.settings.max_commands;
            let mut call = scripts::SEND.key(self.shared.name("commands"));
            call.arg(limit).arg(command.write());
            let sent: bool = self.shared.run(async |mut connection| call.invoke_async(&mut connection).await).await?;
            sent.then_some(()).ok_or(BusError::Full(limit))
        }
        .boxed()
    }

    fn commands(&self) -> BoxStream<'static, Delivery> {
        commands::commands(Arc::clone(&self.shared))
    }

    fn reply<'a>(&'a self, to: &'a str, event: &'a Event) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            let own = format!("{}:", self.shared.settings.prefix);
            if to.is_empty() || to.starts_with(&own) {
                return Err(BusError::Refused(format!("replyto: expected a stream of your own, got `{to}`")));
            }
            let mut call = scripts::REPLY.key(to);
            call.arg(REPLIES).arg(milliseconds(REPLIES_AGE)).arg(event.write());
            self.shared.run(async |mut connection| call.invoke_async::<()>(&mut connection).await).await
        }
        .boxed()
    }

    fn replies<'a>(&'a self, to: &'a str) -> BoxFuture<'a, Result<BoxStream<'static, Event>, BusError>> {
        self.shared.follow(to.to_owned()).boxed()
    }

    fn bury<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), BusError>> {
        async move { self.shared.append("dead", &[letter.event()], self.shared.settings.dead).await }.boxed()
    }

    fn buried(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Event>, BusError>> {
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
            let place = fault::place(&self.shared.client);
            let look = async {
                let mut connection = self.shared.own().await?;
                let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
                self.shared.found(&mut connection).await?;
                Ok(info)
            };
            let info = match timeout(self.shared.settings.timeout, look).await {
                Ok(info) => info.map_err(|error: RedisError| self.shared.told(&error))?,
                Err(_) => return Err(BusError::Away(format!("Redis at {place} does not answer in time"))),
            };
            let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("unknown").trim();
            let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
            if major < 7 {
                return Err(BusError::Setup(format!("Redis at {place} is version {version}: expected 7 or newer")));
            }
            Ok(format!("streams of Redis {version} at {place}"))
        }
        .boxed()
    }
}
