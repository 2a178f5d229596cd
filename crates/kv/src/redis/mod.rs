//! Redis 7, over one connection.

mod cache;
mod counter_scripts;
mod counters;
mod fault;
mod link;
mod notices;
mod scripts;
mod settings;

pub use counters::RedisCounters;
pub use fault::RedisFault;
pub use settings::RedisSettings;

use link::Link;
use std::sync::Arc;

/// Redis. Clones share the one connection.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
}

impl Redis {
    /// Connects; if it can't, goes on trying in the background.
    ///
    /// # Errors
    /// If the address is none.
    pub async fn open(settings: RedisSettings) -> Result<Self, RedisFault> {
        Ok(Self { link: Link::open(settings).await? })
    }

    /// Whether it can be reached and does all that is asked of it; what it is.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn check(settings: &RedisSettings) -> Result<String, RedisFault> {
        link::check(settings).await
    }

    /// The number of the present outage, counted from the start; `None`: Redis is there.
    pub fn outage(&self) -> Option<u64> {
        self.link.outage()
    }
}
