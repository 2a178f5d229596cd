//! The connection, and what is done over it.

use super::{fault, scripts};
use crate::{BusError, BusEvent, BusSettings, StreamBound};
use futures::StreamExt;
use futures::stream::BoxStream;
use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::streams::{StreamId, StreamRangeReply, StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, AsyncConnectionConfig, Client, RedisError, RedisResult};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// What the bus and its streams of commands share.
pub(super) struct RedisConnection {
    pub settings: BusSettings,
    pub client: Client,
    pub connection: ConnectionManager,
}

/// How many events go in one script, so that Redis serves others in between.
pub(super) const BATCH: usize = 100;
/// How long a read waits in Redis before it is asked anew.
pub(super) const BLOCK: Duration = Duration::from_secs(2);
pub(super) const CONNECTING: Duration = Duration::from_secs(2);
/// The wait after a failure.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
impl RedisConnection {
    pub fn name(&self, name: &str) -> String {
        format!("{}:{name}", self.settings.prefix)
    }

    pub fn bus_error(&self, error: &RedisError) -> BusError {
        fault::bus_error(error, &fault::server_name(&self.client))
    }

    /// Runs an operation on the shared connection.
    pub async fn run<T, F: Future<Output = RedisResult<T>>>(
        &self,
        run: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, BusError> {
        // The manager may have to connect first, which has a limit of its own.
        let limit = self.settings.timeout + CONNECTING;
        match timeout(limit, run(self.connection.clone())).await {
            Ok(result) => result.map_err(|error| self.bus_error(&error)),
            Err(_) => {
                Err(BusError::Away(format!("Redis at {} does not respond in time", fault::server_name(&self.client))))
            }
        }
    }

    /// A connection for reads that wait: on the shared one, everything else would wait with them.
    pub async fn open_dedicated(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(BLOCK + self.settings.timeout));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Appends events to a stream, but for those that were appended lately.
    pub async fn append(&self, stream: &str, events: &[BusEvent], bound: StreamBound) -> Result<(), BusError> {
        let key = self.name(stream);
        // A script runs alone in Redis, so a long one would stop everybody.
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
    pub async fn ensure_group(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let made = connection.xgroup_create_mkstream(self.name("commands"), &self.settings.prefix, "0").await;
        match made {
            // Another node may have created it in the meantime.
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// What is added to a stream after its present end.
    pub async fn read_stream(self: &Arc<Self>, key: String) -> Result<BoxStream<'static, BusEvent>, BusError> {
        // The position is read before the stream is returned, so that nothing sent after this call is missed.
        let last: StreamRangeReply = self.run(async |mut c| c.xrevrange_count(&key, "+", "-", 1).await).await?;
        let mut last = last.ids.first().map_or_else(|| "0-0".to_owned(), |entry| entry.id.clone());
        let shared = Arc::clone(self);
        let options = StreamReadOptions::default().block(whole_millis(BLOCK)).count(BATCH);
        let stream = async_stream::stream! {
            let mut own = None;
            loop {
                let connection = match &mut own {
                    Some(connection) => connection,
                    None => match shared.open_dedicated().await {
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
                        // Past entries that can't be read as well, or the reader would stand before one for ever.
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
pub(super) fn read(entry: &StreamId) -> Option<BusEvent> {
    BusEvent::read(&entry.get::<Vec<u8>>("event")?).ok()
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    // Lua counts exactly up to here.
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 52)
}

pub(super) fn whole_millis(duration: Duration) -> usize {
    usize::try_from(duration.as_millis()).unwrap_or(usize::MAX)
}
