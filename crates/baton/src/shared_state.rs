//! What nodes share beside the database: the cache, notices and the bus, each on the best that is configured.

use crate::config::Config;
use anyhow::Context;
use baton_bus::{Bus, Local, Nats, RedisStreams};
use baton_kv::{Cache, Counters, InProcess, Memory, Notices, Redis, RedisCounters, RedisSettings, SharedCache};
use std::sync::Arc;
use std::time::Duration;

/// How long Redis may take to count what a request takes of budgets and limits.
const COUNTING: Duration = Duration::from_secs(1);

/// What nodes share beside the database. Without Redis and NATS, what one node has for itself.
#[derive(Clone)]
pub struct SharedState {
    /// Cached replies.
    pub cache: Arc<dyn Cache>,
    /// Where nodes count together against budgets and limits; `None`: each counts for itself.
    pub counters: Option<Arc<dyn Counters>>,
    /// "Something changed, look now."
    pub notices: Arc<dyn Notices>,
    /// Events and commands.
    pub bus: Arc<dyn Bus>,
}

impl SharedState {
    /// Connects to what is configured. What is away is no error: it is used as soon as it is there.
    ///
    /// # Errors
    /// If an address is none; the key is named.
    pub async fn open(config: &Config, node: &str) -> anyhow::Result<Self> {
        // With Redis too: it is the cache while Redis is away.
        let memory = Memory::new(config.cache.max_bytes);
        let bus = bus(config).await?;
        let Some(settings) = config.redis.settings() else {
            let (cache, notices) = (Arc::new(memory), Arc::new(InProcess::default()));
            return Ok(Self { cache, counters: None, notices, bus });
        };
        // A connection of their own: without the cache a request takes longer, but without counters a hard budget refuses it. So these are
        // waited for longer, and no large reply of the cache stands in their way.
        let patient = RedisSettings { timeout: settings.timeout.max(COUNTING), ..settings.clone() };
        let counting = Redis::open(patient).await.context("redis.url")?;
        let counters: Arc<dyn Counters> = Arc::new(RedisCounters::new(counting, node));
        let redis = Redis::open(settings).await.context("redis.url")?;
        let cache = Arc::new(SharedCache::new(redis.clone(), memory));
        Ok(Self { cache, counters: Some(counters), notices: Arc::new(redis), bus })
    }
}

async fn bus(config: &Config) -> anyhow::Result<Arc<dyn Bus>> {
    // Redis is the bus only where there is no NATS: it may be configured for the cache alone.
    if let Some(url) = &config.nats.url {
        let settings = config.bus.settings(&config.nats.prefix);
        return Ok(Arc::new(Nats::open(url.reveal(), settings).await.context("nats.url")?));
    }
    let settings = config.bus.settings(&config.redis.prefix);
    match &config.redis.url {
        Some(url) => Ok(Arc::new(RedisStreams::open(url.reveal(), settings).context("redis.url")?)),
        None => Ok(Arc::new(Local::new(settings))),
    }
}

/// Looks at each of them: its name, and what it is or what is wrong with it.
pub async fn check(config: &Config) -> Vec<(&'static str, Result<String, String>)> {
    let mut found = Vec::new();
    if let Some(settings) = config.redis.settings() {
        found.push(("redis", Redis::check(&settings).await.map_err(|fault| fault.to_string())));
    }
    let told = match bus(config).await {
        Ok(bus) => bus.check().await.map_err(|error| error.to_string()),
        Err(error) => Err(format!("{error:#}")),
    };
    found.push(("bus", told));
    found
}
