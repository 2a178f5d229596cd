//! The engine: what the pipeline's steps share, and the way in.

use crate::attempt::RetrySettings;
use crate::cache::{CacheSettings, ResponseCache};
use crate::call::Call;
use crate::flight::Flights;
use crate::flow::Answer;
use crate::health::{CircuitSettings, Health};
use crate::ledger::Ledger;
use crate::limit::Limits;
use crate::metrics::Metrics;
use crate::observe::Observer;
use crate::pipeline;
use crate::recall::Recall;
use crate::registry::Registry;
use crate::trace::{self, Sampling, Trace};
use baton_kv::Cache;
use baton_model::{Clock, PublicError, SpanId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How the engine behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The response cache.
    pub cache: CacheSettings,
    /// When a model's circuit opens.
    pub circuit: CircuitSettings,
    /// How attempts are spaced.
    pub retry: RetrySettings,
    /// The most requests in flight on this node.
    pub max_in_flight: usize,
    /// Which requests are recorded as traces.
    pub sampling: Sampling,
}

impl Default for Settings {
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

/// What the engine is made of.
pub struct Parts {
    /// How it behaves.
    pub settings: Settings,
    /// Models and providers.
    pub registry: Registry,
    /// Where answers are kept.
    pub cache: Arc<dyn Cache>,
    /// Where requests are recorded.
    pub ledger: Ledger,
    /// Who is told of requests that are over.
    pub observer: Option<Arc<dyn Observer>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Seed of the generator that varies waits and names spans.
    pub seed: u64,
}

/// What the steps of the pipeline share.
pub struct Shared {
    /// How it behaves.
    pub settings: Settings,
    /// Models and providers.
    pub registry: Registry,
    /// Kept answers.
    pub cache: ResponseCache,
    /// Thoughts that clients drop.
    pub recall: Recall,
    /// Shared calls under way.
    pub flights: Flights,
    /// The bound on requests in flight.
    pub limits: Limits,
    /// How each model fares.
    pub health: Health,
    /// Records.
    pub ledger: Ledger,
    /// Counters.
    pub metrics: Metrics,
    /// Who is told of requests that are over.
    pub observer: Option<Arc<dyn Observer>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Work that outlives its request: shared calls, drains.
    pub tasks: TaskTracker,
    chance: Mutex<StdRng>,
}

impl Shared {
    /// The id of a new span.
    pub fn span(&self) -> SpanId {
        SpanId(trace::nonzero(&mut *self.chance.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// A wait, varied by up to a half either way, so that clients that failed together don't return together.
    pub fn vary(&self, wait: Duration) -> Duration {
        let factor = self.chance.lock().unwrap_or_else(PoisonError::into_inner).random_range(0.5..1.5);
        // `mul_f64` panics where the product is no duration.
        Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(Duration::MAX)
    }
}

/// The way into the pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

impl Engine {
    /// An engine of these parts.
    pub fn new(parts: Parts) -> Self {
        let Parts { settings, registry, cache, ledger, observer, clock, seed } = parts;
        let shared = Shared {
            settings,
            registry,
            recall: Recall::new(Arc::clone(&cache)),
            cache: ResponseCache::new(settings.cache, cache),
            flights: Flights::default(),
            limits: Limits::new(settings.max_in_flight),
            health: Health::new(settings.circuit, Arc::clone(&clock)),
            ledger,
            metrics: Metrics::default(),
            observer,
            clock,
            tasks: TaskTracker::new(),
            chance: Mutex::new(StdRng::seed_from_u64(seed)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Serves a call.
    ///
    /// # Errors
    /// What the caller is told if no answer begins.
    pub async fn serve(&self, call: Call) -> Result<Answer, PublicError> {
        pipeline::serve(&self.shared, call).await
    }

    /// The trace of a request with these headers (`traceparent`, `tracestate`).
    pub fn trace(&self, parent: Option<&str>, state: Option<&str>) -> Trace {
        let mut chance = self.shared.chance.lock().unwrap_or_else(PoisonError::into_inner);
        Trace::begin(self.shared.settings.sampling, parent, state, &mut *chance)
    }

    /// The order in which models would be tried for a call, and whether its prompt fits; calls nobody but, for a
    /// doubtful size, a provider's counting endpoint.
    ///
    /// # Errors
    /// If no model can be meant, or it can't do what is asked.
    pub fn plan(&self, call: &Call) -> Result<crate::route::Plan, PublicError> {
        let snapshot = self.shared.registry.snapshot();
        let model = crate::admit::admit(&self.shared, &snapshot, call)?;
        pipeline::plan(&self.shared, call, &snapshot, model)
    }

    /// Models and providers in force.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// How each model fares.
    pub fn health(&self) -> &Health {
        &self.shared.health
    }

    /// Kept answers.
    pub fn cache(&self) -> &ResponseCache {
        &self.shared.cache
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// The text that Prometheus reads.
    pub async fn metrics(&self) -> String {
        let cached = self.shared.cache.size().await;
        let spans = self.shared.observer.as_ref().map(|observer| observer.spans()).unwrap_or_default();
        let redis = self.shared.cache.health();
        self.shared.metrics.encode(self.shared.ledger.pending_bytes(), cached.bytes, redis, spans)
    }

    /// Why new requests can't be recorded, and so are refused; `None`: they can.
    pub fn trouble(&self) -> Option<&'static str> {
        self.shared.ledger.trouble()
    }

    /// Waits for what outlives its request, then moves the last records into the database.
    pub async fn close(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.ledger.close().await;
    }
}
