//! One connection, which nobody waits for.
//!
//! While Redis is *up*, an operation goes out at once and has the timeout. An error of the connection, or three
//! operations in a row without a reply, make it *down*: from then on it is skipped, at no cost, and a task probes it,
//! at first after 100 ms, later every 2 s. A probe has a time limit too, so a slow Redis stays down.

use super::fault::RedisFault;
use super::scripts;
use super::settings::RedisSettings;
use crate::cache::CacheHealth;
use baton_tasks::supervised;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How many operations in a row may go without a reply.
const PATIENCE: u32 = 3;
/// How long making a connection may take, TLS and password included.
const CONNECTING: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Errors that are no outage are logged this often at most.
const QUIET: Duration = Duration::from_secs(60);

pub(super) struct Link {
    pub settings: RedisSettings,
    pub client: Client,
    state: RwLock<State>,
    unanswered: AtomicU32,
    errors: AtomicU64,
    logged: Mutex<Option<Instant>>,
}

struct State {
    connection: Option<MultiplexedConnection>,
    /// How many outages there were, the present one included.
    outages: u64,
    since: Instant,
}

impl Link {
    pub async fn open(settings: RedisSettings) -> Result<Arc<Self>, RedisFault> {
        let client = client(&settings)?;
        let link = Arc::new(Self {
            settings,
            client,
            state: RwLock::new(State { connection: None, outages: 1, since: Instant::now() }),
            unanswered: AtomicU32::new(0),
            errors: AtomicU64::new(0),
            logged: Mutex::default(),
        });
        match link.connect().await {
            Ok(connection) => link.note_up(connection),
            Err(error) => {
                link.errors.fetch_add(1, Ordering::Relaxed);
                let error = link.describe(&error);
                tracing::warn!(%error, "Redis is unavailable; shared state is kept in this process until it is available");
                // Weak, so that the probe ends with the last user of the cache.
                tokio::spawn(supervised("redis_probe", probe_until_up(Arc::downgrade(&link), FIRST_PAUSE)));
            }
        }
        Ok(link)
    }

    /// Runs an operation; `None` if Redis is down, fails or does not respond.
    pub async fn run<T, F: Future<Output = RedisResult<T>>>(
        self: &Arc<Self>,
        operation: &'static str,
        run: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Option<T> {
        // The number of outages is read with the connection: a late error must not end a newer connection.
        let (connection, outages) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (state.connection.clone()?, state.outages)
        };
        let result = match timeout(self.settings.timeout, run(connection)).await {
            Ok(result) => result,
            // Told as a timeout, which alone is no outage (`note_failure`).
            Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
        };
        match result {
            Ok(value) => {
                self.unanswered.store(0, Ordering::Relaxed);
                Some(value)
            }
            Err(error) => {
                self.note_failure(operation, &error, outages);
                None
            }
        }
    }

    pub fn outage(&self) -> Option<u64> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.connection.is_none().then_some(state.outages)
    }

    pub fn health(&self) -> CacheHealth {
        CacheHealth { up: self.outage().is_none(), errors: self.errors.load(Ordering::Relaxed) }
    }

    pub fn describe(&self, error: &RedisError) -> RedisFault {
        RedisFault::of(error, &server_name(&self.client))
    }

    fn note_failure(self: &Arc<Self>, operation: &'static str, error: &RedisError, outages: u64) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        // One slow operation is no outage; a broken connection is.
        let over = if error.is_timeout() {
            self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE
        } else {
            error.is_unrecoverable_error()
        };
        if over { self.note_down(operation, error, outages) } else { self.log_error(operation, error) }
    }

    /// Ends the use of the connection that was made after that many outages, unless it has ended already.
    fn note_down(self: &Arc<Self>, operation: &'static str, error: &RedisError, outages: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // Many requests may report the same outage; the first one ends the connection.
        if state.outages != outages || state.connection.take().is_none() {
            return;
        }
        state.outages += 1;
        // One that was up for a moment only is asked less often: else every probe would cost requests their patience.
        let brief = state.since.elapsed() < LONGEST_PAUSE;
        drop(state);
        let error = self.describe(error);
        tracing::warn!(operation, %error, "Redis is unavailable; shared state is kept in this process until it is available");
        let pause = if brief { LONGEST_PAUSE } else { FIRST_PAUSE };
        tokio::spawn(supervised("redis_probe", probe_until_up(Arc::downgrade(self), pause)));
    }

    fn note_up(&self, connection: MultiplexedConnection) {
        self.unanswered.store(0, Ordering::Relaxed);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.connection = Some(connection);
        state.since = Instant::now();
    }

    /// Logs an error that is no outage, if none was lately.
    fn log_error(&self, operation: &'static str, error: &RedisError) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|at| at.elapsed() >= QUIET) {
            *logged = Some(Instant::now());
            let error = self.describe(error);
            tracing::warn!(operation, %error, "a Redis operation failed");
        }
    }

    /// A connection that works and knows the scripts.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(self.settings.timeout));
        let made = async {
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            // Loaded for each connection, because a restarted Redis has forgotten its scripts.
            scripts::load(&mut connection).await?;
            Ok(connection)
        };
        match timeout(CONNECTING, made).await {
            Ok(made) => made,
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        }
    }
}

/// Tries until Redis is well, or nobody wants it any more.
async fn probe_until_up(link: Weak<Link>, first: Duration) {
    let mut pause = first;
    loop {
        sleep(pause).await;
        // Only after the pause: during it the probe holds nothing alive.
        let Some(link) = link.upgrade() else { return };
        match link.connect().await {
            Ok(connection) => {
                link.note_up(connection);
                tracing::info!("Redis is available again");
                return;
            }
            Err(error) => tracing::debug!(error = %link.describe(&error), "Redis is still unavailable"),
        }
        // Doubled, so that a Redis that is away for long costs little.
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn client(settings: &RedisSettings) -> Result<Client, RedisFault> {
    // The error's own text may repeat the address, and with it the password.
    Client::open(settings.url.as_str())
        .map_err(|_| RedisFault::new("must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS"))
}

/// Where that is, without credentials.
fn server_name(client: &Client) -> String {
    client.get_connection_info().addr().to_string()
}

/// Looks at Redis from scratch, with more patience than a request has.
pub(super) async fn check(settings: &RedisSettings) -> Result<String, RedisFault> {
    let client = client(settings)?;
    let place = server_name(&client);
    let told = |error: RedisError| RedisFault::of(&error, &place);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTING * 3))
        .set_response_timeout(Some(CONNECTING * 3));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.map_err(told)?;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await.map_err(told)?;
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("unknown").trim();
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < 7 {
        return Err(RedisFault::new(format!("Redis at {place} has version {version}: 7 or newer is required")));
    }
    scripts::check_access(settings, &mut connection).await.map_err(told)?;
    Ok(format!("Redis {version} at {place}"))
}
