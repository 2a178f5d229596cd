//! What the steps of the pipeline share.

use crate::cache::ResponseCache;
use crate::calibration::Calibration;
use crate::chance::Chance;
use crate::coalesce::Coalescer;
use crate::health::{HealthTracker, RetryBudgets};
use crate::ledger::Ledger;
use crate::limit::NodeLimits;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::policy::Limiter;
use crate::provider_counts::ProviderCounts;
use crate::reasoning_cache::ReasoningCache;
use crate::registry::Registry;
use crate::settings::EngineSettings;
use crate::trace;
use crate::unpriced::UnpricedUses;
use baton_model::{Clock, SpanId};
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// What the steps of the pipeline share.
pub struct EngineContext {
    /// How it behaves.
    pub settings: EngineSettings,
    /// Models and providers.
    pub registry: Registry,
    /// Cached replies.
    pub cache: ResponseCache,
    /// Reasoning that clients drop.
    pub reasoning_cache: ReasoningCache,
    /// Counts that providers gave.
    pub provider_counts: ProviderCounts,
    /// Shared calls under way.
    pub coalescer: Coalescer,
    /// How models count, as replies have taught.
    pub calibration: Arc<Calibration>,
    /// How much may be under way at once.
    pub limits: NodeLimits,
    /// Budgets and limits.
    pub policies: Limiter,
    /// How each model fares.
    pub health: HealthTracker,
    /// How many retries each provider gets.
    pub retry_budgets: RetryBudgets,
    /// Models that were used without a price.
    pub unpriced: UnpricedUses,
    /// Records.
    pub ledger: Ledger,
    /// Counters.
    pub metrics: Metrics,
    /// Who observes requests that are over.
    pub observer: Option<Arc<dyn Observer>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Work that outlives its request: shared calls, drains.
    pub tasks: TaskTracker,
    /// The generator that varies waits and names spans.
    pub chance: Chance,
}

impl EngineContext {
    /// The id of a new span.
    pub fn span(&self) -> SpanId {
        SpanId(trace::nonzero(&mut &self.chance))
    }

    /// A wait, varied by up to a half either way, so that clients that failed together don't return together.
    pub fn vary(&self, wait: Duration) -> Duration {
        let factor = (&self.chance).random_range(0.5..1.5);
        // `mul_f64` panics where the product is no duration.
        Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(Duration::MAX)
    }
}
