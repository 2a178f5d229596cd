//! What is counted, for Prometheus. Every family is declared here, with its help text; `docs/metrics.md` is made from
//! this list.

use crate::edge_metrics::EdgeMetrics;
use crate::metric_labels::{CacheLabels, CountLabels, EventLabels, Exemplar, ReasonLabels, SpanLabels, TaskLabels};
use crate::model_metrics::ModelFamilies;
use crate::observe::Spans;
use crate::policy::PolicyKind;
use crate::trace::Trace;
use baton_kv::CacheHealth;
use baton_model::record::{AttemptRecord, RequestRecord};
use baton_model::{Code, EventKind, Model};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// All metrics of the request path.
pub struct Metrics {
    registry: Registry,
    models: ModelFamilies,
    in_flight: Gauge,
    cache: Family<CacheLabels, Counter>,
    count_error: Family<CountLabels, Histogram, fn() -> Histogram>,
    journal: Gauge,
    slowdown: Gauge<f64, AtomicU64>,
    body_bytes: Gauge,
    cache_bytes: Gauge,
    spans: Family<SpanLabels, Counter>,
    redis_up: Family<Unlabelled, Gauge>,
    task_panics: Family<TaskLabels, Counter>,
    redis_errors: Family<Unlabelled, Counter>,
    refused_credentials: Family<ReasonLabels, Counter>,
    policy_refusals: Family<ReasonLabels, Counter>,
    alerts: Family<EventLabels, Counter>,
    policy_overruns: Family<ReasonLabels, Counter>,
    edge: EdgeMetrics,
    documented: Vec<Documented>,
}

/// A metric as the documentation lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documented {
    /// Its name, as Prometheus sees it.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// What is measured when somebody reads the metrics, because it lives elsewhere.
pub struct Sizes {
    /// Bytes in the ledger's journal.
    pub journal_bytes: u64,
    /// How much every request is slowed down.
    pub slowdown: Duration,
    /// Memory for the bodies of requests in flight.
    pub body_bytes: u64,
    /// Bytes in the response cache of this process.
    pub cache_bytes: u64,
    /// How Redis fares; `None`: there is none.
    pub redis: Option<CacheHealth>,
    /// What became of spans.
    pub spans: Spans,
}

/// Registers a metric and lists it, in one breath.
struct List<'m> {
    registry: &'m mut Registry,
    documented: &'m mut Vec<Documented>,
}

impl List<'_> {
    fn counter(&mut self, name: &'static str, meaning: &'static str, metric: impl Metric) {
        self.add(name, "_total", "counter", meaning, metric);
    }

    fn gauge(&mut self, name: &'static str, meaning: &'static str, metric: impl Metric) {
        self.add(name, "", "gauge", meaning, metric);
    }

    fn histogram(&mut self, name: &'static str, meaning: &'static str, metric: impl Metric) {
        self.add(name, "", "histogram", meaning, metric);
    }

    fn add(&mut self, name: &str, ending: &str, kind: &'static str, meaning: &'static str, metric: impl Metric) {
        self.registry.register(name, meaning, metric);
        self.documented.push(Documented { name: format!("baton_{name}{ending}"), kind, meaning });
    }
}

/// A metric that is there only where what it tells of is configured.
type Unlabelled = Vec<(String, String)>;

/// Model calls take from milliseconds (cached replies) to minutes (long reasoning).
const SECONDS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 600.0];

/// Errors of counts: none, a token or so, one percent, up to as much again as was counted.
const ERRORS: [f64; 9] = [0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> HistogramWithExemplars<Exemplar> = || HistogramWithExemplars::new(SECONDS.into_iter());
        let mut metrics = Self {
            registry: Registry::with_prefix("baton"),
            models: ModelFamilies::new(histogram),
            in_flight: Gauge::default(),
            cache: Family::default(),
            count_error: Family::new_with_constructor(|| Histogram::new(ERRORS)),
            journal: Gauge::default(),
            slowdown: Gauge::default(),
            body_bytes: Gauge::default(),
            cache_bytes: Gauge::default(),
            spans: Family::default(),
            redis_up: Family::default(),
            task_panics: Family::default(),
            redis_errors: Family::default(),
            refused_credentials: Family::default(),
            policy_refusals: Family::default(),
            alerts: Family::default(),
            policy_overruns: Family::default(),
            edge: EdgeMetrics::default(),
            documented: Vec::new(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let Self { registry, documented, edge, models, .. } = self;
        let mut list = List { registry, documented };
        list.counter("requests", "Finished requests, by outcome", models.requests.clone());
        list.histogram(
            "request_duration_seconds",
            "Time from a request's head to the last byte of its reply",
            models.duration.clone(),
        );
        list.histogram(
            "first_content_seconds",
            "Time from a request's head to the first content of its reply",
            models.first_content.clone(),
        );
        list.gauge("requests_in_flight", "Requests in flight on this node", self.in_flight.clone());
        list.counter("attempts", "Calls to providers, by outcome", models.attempts.clone());
        list.counter("tokens", "Units used by replies (tokens, images, …), by class", models.tokens.clone());
        list.counter("cost_nanodollars", "Cost of attempts, in billionths of a dollar", models.cost.clone());
        list.counter("unpriced_attempts", "Attempts without a known price", models.unpriced.clone());
        list.counter(
            "unaccounted_attempts",
            "Attempts whose provider reported usage that Baton can't account for; the log names the field",
            models.unaccounted.clone(),
        );
        list.counter("cache_lookups", "Requests, by their use of the response cache", self.cache.clone());
        list.histogram(
            "count_error",
            "How far Baton's count of a prompt was off what the provider reported, as a share of that",
            self.count_error.clone(),
        );
        list.gauge(
            "ledger_journal_bytes",
            "Bytes in the ledger's journal, including those not yet in the database",
            self.journal.clone(),
        );
        list.gauge(
            "ledger_slowdown_seconds",
            "Delay added to each request because the database is slower than new records arrive",
            self.slowdown.clone(),
        );
        list.gauge(
            "body_bytes_in_flight",
            "Memory for the bodies of requests in flight, weighted by mode",
            self.body_bytes.clone(),
        );
        list.gauge("cache_bytes", "Bytes that the response cache holds in this process", self.cache_bytes.clone());
        list.gauge(
            "redis_up",
            "1 if Redis is used; 0 if it is unavailable and shared state is kept in this process",
            self.redis_up.clone(),
        );
        list.counter("redis_errors", "Redis operations that failed or timed out", self.redis_errors.clone());
        list.counter(
            "task_panics",
            "Background tasks that panicked; each is a bug in Baton, see the log",
            self.task_panics.clone(),
        );
        list.counter(
            "refused_credentials",
            "Requests with refused credentials: wrong, or limited (too many invalid credentials from the address)",
            self.refused_credentials.clone(),
        );
        list.counter(
            "policy_refusals",
            "Requests and attempts for which a budget or limit left no room, or of which it is unknown what was spent",
            self.policy_refusals.clone(),
        );
        list.counter(
            "policy_overruns",
            "Attempts that took more of a budget or limit than was reserved, because the provider did not keep to what it was asked",
            self.policy_overruns.clone(),
        );
        list.counter(
            "alerts",
            "Events of budgets, limits, unpriced use and providers that this node was the first to write",
            self.alerts.clone(),
        );
        list.counter(
            "telemetry_spans",
            "Spans for the collector of traces: exported, dropped (the queue was full) or failed (it was unavailable)",
            self.spans.clone(),
        );
        list.gauge("connections", "Open client connections, by port", edge.connections.clone());
        list.counter(
            "connections_refused",
            "Connections closed at once: too many in total (total) or from one address (address), or no free file descriptor (system)",
            edge.refused.clone(),
        );
        list.counter(
            "slow_clients",
            "Connections, streams and bodies ended because the client was too slow, by cause",
            edge.slow.clone(),
        );
        list.counter(
            "log_lines_lost",
            "Log lines lost because the disk (file) or the terminal was too slow",
            edge.lost_lines.clone(),
        );
    }

    /// The counters of what accepts connections.
    pub fn edge(&self) -> &EdgeMetrics {
        &self.edge
    }

    /// Every metric: its name, its type, what it means.
    pub fn documented(&self) -> &[Documented] {
        &self.documented
    }

    /// The credentials of a request were refused, because they are `wrong`, or because too many were.
    pub fn credentials_refused(&self, wrong: bool) {
        let reason = if wrong { "wrong" } else { "limited" };
        self.refused_credentials.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A budget or limit left no room for a request, or for an attempt.
    pub fn count_refusal(&self, code: Code) {
        let reason = match code {
            Code::BudgetExceeded => "budget",
            Code::RateLimitExceeded => "limit",
            // What was spent could not be known.
            _ => "unknown",
        };
        self.policy_refusals.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// An event was written that is made once, whichever node is first.
    pub fn count_alert(&self, event: EventKind) {
        self.alerts.get_or_create(&EventLabels { event: event.name() }).inc();
    }

    /// An attempt came to more than was reserved of a budget or limit.
    pub fn count_overrun(&self, of: PolicyKind) {
        let reason = of.name();
        self.policy_overruns.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A request was admitted.
    pub fn count_started(&self) {
        self.in_flight.inc();
    }

    /// A prompt was counted in some way, and its provider has reported how many tokens it had.
    pub fn count_error(&self, model: &Model, method: &'static str, counted: u64, reported: u64) {
        let off = counted.abs_diff(reported) as f64 / reported.max(1) as f64;
        self.count_error.get_or_create(&CountLabels { model: model.id.to_string(), method }).observe(off);
    }

    /// An attempt ended.
    pub fn attempt(&self, attempt: &AttemptRecord) {
        self.models.of(Some(&attempt.model), Some(&attempt.provider)).count_attempt(attempt);
    }

    /// A request ended. If its trace is recorded, the times lead to it.
    pub fn count_ended(&self, record: &RequestRecord, trace: &Trace) {
        // The one place where a request ends, whatever its outcome: the gauge can't drift.
        self.in_flight.dec();
        let exemplar = || trace.recorded.then(|| Exemplar { trace_id: trace.id.to_string() });
        self.models.of(record.served.as_ref(), record.provider.as_ref()).count_request(record, exemplar);
        self.cache.get_or_create(&CacheLabels { result: record.cache.name() }).inc();
    }

    /// The text that Prometheus reads (OpenMetrics), with the sizes as they are now.
    pub fn encode(&self, now: Sizes) -> String {
        let Sizes { journal_bytes, slowdown, body_bytes, cache_bytes, redis, spans } = now;
        self.slowdown.set(seconds(slowdown));
        self.body_bytes.set(i64::try_from(body_bytes).unwrap_or(i64::MAX));
        // These counters live where the work is done, so they are copied when somebody reads them.
        for (result, number) in [("exported", spans.exported), ("dropped", spans.dropped), ("failed", spans.failed)] {
            self.spans.get_or_create(&SpanLabels { result }).inner().store(number, Ordering::Relaxed);
        }
        for (task, count) in baton_tasks::panics() {
            self.task_panics.get_or_create(&TaskLabels { task }).inner().store(count, Ordering::Relaxed);
        }
        if let Some(CacheHealth { up, errors }) = redis {
            // Without Redis the family stays empty, which is not the same as a Redis that is down.
            self.redis_up.get_or_create(&Vec::new()).set(i64::from(up));
            self.redis_errors.get_or_create(&Vec::new()).inner().store(errors, Ordering::Relaxed);
        }
        self.journal.set(i64::try_from(journal_bytes).unwrap_or(i64::MAX));
        self.cache_bytes.set(i64::try_from(cache_bytes).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing into a string can't fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
