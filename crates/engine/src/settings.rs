//! How the engine behaves.

use crate::cache::CacheSettings;
use crate::health::CircuitSettings;
use crate::trace::Sampling;
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
    /// Which requests are recorded as traces.
    pub sampling: Sampling,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            cache: CacheSettings::default(),
            circuit: CircuitSettings::default(),
            retry: RetrySettings::default(),
            max_in_flight: 10_000,
            sampling: Sampling::default(),
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
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self { pause: Duration::from_millis(250), longest: Duration::from_secs(2) }
    }
}
