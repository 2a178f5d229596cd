//! How the engine behaves.

use crate::cache::CacheSettings;
use crate::health::{CircuitSettings, RetryBudgetSettings};
use crate::trace::TraceSampling;
use std::time::Duration;

/// How the engine behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineSettings {
    /// The response cache.
    pub cache: CacheSettings,
    /// When a model's circuit opens.
    pub circuit: CircuitSettings,
    /// How attempts are spaced.
    pub retry: RetrySettings,
    /// The most requests under way on this node.
    pub max_in_flight: usize,
    /// The most memory for the bodies of requests under way on this node, in bytes, by what each costs
    /// ([`limit`](crate::limit)).
    pub max_bytes_in_flight: u64,
    /// The largest body that is translated into another format, in bytes; larger ones only pass through.
    pub max_translated_bytes: usize,
    /// Which requests are recorded as traces.
    pub sampling: TraceSampling,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            cache: CacheSettings::default(),
            circuit: CircuitSettings::default(),
            retry: RetrySettings::default(),
            max_in_flight: 10_000,
            max_bytes_in_flight: 1 << 30,
            max_translated_bytes: 16 << 20,
            sampling: TraceSampling::default(),
        }
    }
}

/// The pauses between tries of the same target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySettings {
    /// The wait after the first failure, doubled with each, and varied by up to a half either way.
    pub pause: Duration,
    /// The longest wait; a provider that asks for more is passed over.
    pub longest: Duration,
    /// How many retries a provider gets, whatever single requests would have.
    pub budget: RetryBudgetSettings,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(250),
            longest: Duration::from_secs(2),
            budget: RetryBudgetSettings::default(),
        }
    }
}
