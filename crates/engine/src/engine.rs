//! The engine: the way into the pipeline.

use crate::ask;
use crate::batched::BatchedReply;
use crate::cache::ResponseCache;
use crate::calibration::Calibration;
use crate::call::Call;
use crate::chance::Chance;
use crate::coalesce::Coalescer;
use crate::edge_metrics::EdgeMetrics;
use crate::health::{HealthTracker, RetryBudgets};
use crate::ledger::Ledger;
use crate::limit::NodeLimits;
use crate::metrics::{Metrics, Sizes};
use crate::observe::Observer;
use crate::pipeline;
use crate::policy::{CounterReading, Limiter, PolicyKind, SpentReader};
use crate::provider_counts::ProviderCounts;
use crate::reasoning_cache::ReasoningCache;
use crate::registry::Registry;
use crate::reply::Reply;
use crate::settings::EngineSettings;
use crate::shared::EngineContext;
use crate::trace::Trace;
use crate::unpriced::UnpricedUses;
use baton_kv::{Cache, Counters};
use baton_model::{Clock, EventKind, PublicError};
use baton_store::StoreError;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// What the engine is made of.
pub struct EngineParts {
    /// How it behaves.
    pub settings: EngineSettings,
    /// Models and providers.
    pub registry: Registry,
    /// Where replies are kept.
    pub cache: Arc<dyn Cache>,
    /// Where nodes count together against budgets and limits; `None`: this node is the only one.
    pub counters: Option<Arc<dyn Counters>>,
    /// Where requests are recorded.
    pub ledger: Ledger,
    /// Who observes requests that are over.
    pub observer: Option<Arc<dyn Observer>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Seed of the generator that varies waits and names spans.
    pub seed: u64,
}

/// The way into the pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<EngineContext>,
}

impl Engine {
    /// An engine of these parts.
    pub fn new(parts: EngineParts) -> Self {
        let EngineParts { settings, registry, cache, counters, ledger, observer, clock, seed } = parts;
        let shared = EngineContext {
            settings,
            registry,
            provider_counts: ProviderCounts::default(),
            reasoning_cache: ReasoningCache::new(Arc::clone(&cache)),
            cache: ResponseCache::new(settings.cache, cache),
            coalescer: Coalescer::default(),
            calibration: Arc::default(),
            limits: NodeLimits::new(settings.max_in_flight, settings.max_bytes_in_flight),
            policies: Limiter::new(counters, SpentReader::new(ledger.reader().clone()), Arc::clone(&clock)),
            health: HealthTracker::new(settings.circuit, Arc::clone(&clock)),
            retry_budgets: RetryBudgets::new(settings.retry.budget),
            unpriced: UnpricedUses::default(),
            ledger,
            metrics: Metrics::default(),
            observer,
            clock,
            tasks: TaskTracker::new(),
            chance: Chance::new(seed),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Serves a call.
    ///
    /// # Errors
    /// The error if no reply begins.
    pub async fn serve(&self, call: Call) -> Result<Reply, PublicError> {
        pipeline::serve(&self.shared, call).await
    }

    /// The trace of a request with these headers (`traceparent`, `tracestate`).
    pub fn trace(&self, parent: Option<&str>, state: Option<&str>) -> Trace {
        Trace::begin(self.shared.settings.sampling, parent, state, &mut &self.shared.chance)
    }

    /// The order in which models would be tried for a call. Calls nobody, and does not ask whether the prompt fits.
    ///
    /// # Errors
    /// If no model can be meant, or it can't do what is asked.
    pub fn plan(&self, call: &Call) -> Result<crate::route::RoutePlan, PublicError> {
        let snapshot = self.shared.registry.snapshot();
        let model = crate::admit::admit(&self.shared, &snapshot, call)?;
        ask::plan(&self.shared, call, &snapshot, model)
    }

    /// Models and providers in force.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// How models count, as replies have taught.
    pub fn calibration(&self) -> &Arc<Calibration> {
        &self.shared.calibration
    }

    /// How each model fares.
    pub fn health(&self) -> &HealthTracker {
        &self.shared.health
    }

    /// Budgets and limits in force.
    pub fn policies(&self) -> &Limiter {
        &self.shared.policies
    }

    /// Models that were used without a price.
    pub fn unpriced(&self) -> &UnpricedUses {
        &self.shared.unpriced
    }

    /// What the counters of a policy in force say, by its id: one, or those of each value that was asked for lately.
    ///
    /// # Errors
    /// If the ledger has to be read and can't be.
    pub async fn read_counters(&self, kind: PolicyKind, policy: &str) -> Result<Vec<CounterReading>, StoreError> {
        self.shared.policies.read_known(kind, policy).await
    }

    /// How much may be under way at once.
    pub fn limits(&self) -> &NodeLimits {
        &self.shared.limits
    }

    /// Cached replies.
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
        self.shared.metrics.encode(Sizes {
            journal_bytes: self.shared.ledger.pending_bytes(),
            slowdown: self.shared.ledger.slowdown(),
            body_bytes: self.shared.limits.bytes_in_flight(),
            cache_bytes: cached.bytes,
            redis: self.shared.cache.health(),
            spans,
        })
    }

    /// How much every request is slowed down, because the database takes records more slowly than they come.
    pub fn slowdown(&self) -> std::time::Duration {
        self.shared.ledger.slowdown()
    }

    /// Counts a request whose credentials were refused, because they are `wrong`, or because too many were.
    pub fn count_refused_credentials(&self, wrong: bool) {
        self.shared.metrics.credentials_refused(wrong);
    }

    /// Counts an event that is made once, whichever node is first.
    pub fn count_alert(&self, event: EventKind) {
        self.shared.metrics.count_alert(event);
    }

    /// The counters of what accepts connections.
    pub fn edge(&self) -> &EdgeMetrics {
        self.shared.metrics.edge()
    }

    /// Why new requests can't be recorded, and so are refused; `None`: they can.
    pub fn recording_problem(&self) -> Option<&'static str> {
        self.shared.ledger.recording_problem()
    }

    /// Records what a reply of a batch used, once, however often its results are read.
    pub async fn record_batched(&self, reply: BatchedReply) {
        self.shared.record_batched(reply).await;
    }

    /// Waits until everything that was recorded so far is in the database, also by processes before this one.
    pub async fn flush_ledger(&self) {
        self.shared.ledger.reader().flush().await;
    }

    /// Waits for what outlives its request, then moves the last records into the database.
    pub async fn close(&self) {
        // Tasks first: each of them may still write a record.
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.ledger.close().await;
    }
}
