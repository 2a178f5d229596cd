//! The counters of one model, found once and kept: to find one by its labels means to write all of them down and hash them,
//! for each of a dozen counters of each request.

use crate::metric_labels::{AttemptLabels, Exemplar, ModelLabels, RequestLabels, TokenLabels};
use baton_model::record::{AttemptRecord, RequestRecord};
use baton_model::{Capability, Cost, ModelId, ProviderId, UsageClass};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Times, with the traces that they lead to.
pub(crate) type Times = Family<ModelLabels, HistogramWithExemplars<Exemplar>, fn() -> HistogramWithExemplars<Exemplar>>;

/// The families whose labels begin with a model and its provider. Clones count together.
#[derive(Clone)]
pub(crate) struct ModelFamilies {
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) duration: Times,
    pub(crate) first_content: Times,
    pub(crate) attempts: Family<AttemptLabels, Counter>,
    pub(crate) tokens: Family<TokenLabels, Counter>,
    pub(crate) cost: Family<ModelLabels, Counter>,
    pub(crate) unpriced: Family<ModelLabels, Counter>,
    pub(crate) unaccounted: Family<ModelLabels, Counter>,
    /// As many as the families have of them, and they forget none either.
    known: Arc<RwLock<HashMap<ModelKey, Arc<ModelMetrics>>>>,
}

/// The model that replied and its provider, if any did.
type ModelKey = (Option<ModelId>, Option<ProviderId>);

/// The counters of one model. Each is there once there is something to count.
pub(crate) struct ModelMetrics {
    families: ModelFamilies,
    labels: ModelLabels,
    requests: Kept<RequestKind, Counter>,
    duration: OnceLock<HistogramWithExemplars<Exemplar>>,
    first_content: OnceLock<HistogramWithExemplars<Exemplar>>,
    attempts: Kept<(&'static str, &'static str), Counter>,
    tokens: Kept<UsageClass, Counter>,
    cost: OnceLock<Counter>,
    unpriced: OnceLock<Counter>,
    unaccounted: OnceLock<Counter>,
}

/// What tells the requests of a model apart.
#[derive(PartialEq)]
struct RequestKind {
    api: String,
    capability: Capability,
    outcome: &'static str,
    status: u16,
}

// === impl ModelFamilies ===

impl ModelFamilies {
    pub(crate) fn new(times: fn() -> HistogramWithExemplars<Exemplar>) -> Self {
        Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(times),
            first_content: Family::new_with_constructor(times),
            attempts: Family::default(),
            tokens: Family::default(),
            cost: Family::default(),
            unpriced: Family::default(),
            unaccounted: Family::default(),
            known: Arc::default(),
        }
    }

    /// The counters of a model.
    pub(crate) fn of(&self, model: Option<&ModelId>, provider: Option<&ProviderId>) -> Arc<ModelMetrics> {
        let key = (model.cloned(), provider.cloned());
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(known);
        }
        let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let labels =
            ModelLabels { model: text(model.map(ModelId::as_str)), provider: text(provider.map(ProviderId::as_str)) };
        // The families of it, without what is known: that would hold itself.
        let families = Self { known: Arc::default(), ..self.clone() };
        let made = Arc::new(ModelMetrics::new(families, labels));
        Arc::clone(self.known.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(made))
    }
}

// === impl ModelMetrics ===

impl ModelMetrics {
    fn new(families: ModelFamilies, labels: ModelLabels) -> Self {
        Self {
            families,
            labels,
            requests: Kept::default(),
            duration: OnceLock::new(),
            first_content: OnceLock::new(),
            attempts: Kept::default(),
            tokens: Kept::default(),
            cost: OnceLock::new(),
            unpriced: OnceLock::new(),
            unaccounted: OnceLock::new(),
        }
    }

    /// An attempt ended.
    pub(crate) fn count_attempt(&self, attempt: &AttemptRecord) {
        let ModelLabels { model, provider } = &self.labels;
        let error = attempt.error.as_ref().map_or("", |error| error.kind.name());
        let outcome = attempt.outcome.name();
        let attempts = self.attempts.get(
            |kind| *kind == (outcome, error),
            || {
                let labels = AttemptLabels { model: model.clone(), provider: provider.clone(), outcome, error };
                ((outcome, error), self.families.attempts.get_or_create_owned(&labels))
            },
        );
        attempts.inc();
        for (class, amount) in attempt.usage.nonzero() {
            let tokens = self.tokens.get(
                |kept| *kept == class,
                || {
                    let class_name = UsageClass::name(class);
                    let labels = TokenLabels { model: model.clone(), provider: provider.clone(), class: class_name };
                    (class, self.families.tokens.get_or_create_owned(&labels))
                },
            );
            tokens.inc_by(amount);
        }
        if attempt.usage.unaccounted.is_some() {
            self.kept(&self.unaccounted, &self.families.unaccounted).inc();
        }
        match attempt.cost {
            Cost::Known(nanos) => {
                self.kept(&self.cost, &self.families.cost).inc_by(u64::try_from(nanos.0).unwrap_or(0));
            }
            Cost::Unpriced => {
                self.kept(&self.unpriced, &self.families.unpriced).inc();
            }
        }
    }

    /// A request ended; `exemplar` leads to its trace.
    pub(crate) fn count_request(&self, record: &RequestRecord, exemplar: impl Fn() -> Option<Exemplar>) {
        let RequestRecord { capability, outcome, status, .. } = *record;
        let outcome = outcome.name();
        let is_it = |kind: &RequestKind| {
            kind.status == status && kind.capability == capability && kind.outcome == outcome && kind.api == record.api
        };
        let requests = self.requests.get(is_it, || {
            let ModelLabels { model, provider } = self.labels.clone();
            let (api, capability_name) = (record.api.clone(), capability.name());
            let labels = RequestLabels {
                api: api.clone(),
                capability: capability_name,
                model,
                provider,
                outcome,
                status: u32::from(status),
            };
            (RequestKind { api, capability, outcome, status }, self.families.requests.get_or_create_owned(&labels))
        });
        requests.inc();
        let since = |end: baton_model::Timestamp| end.since(record.arrived).as_secs_f64();
        self.kept(&self.duration, &self.families.duration).observe(since(record.finished), exemplar(), None);
        if let Some(first) = record.first_content {
            self.kept(&self.first_content, &self.families.first_content).observe(since(first), exemplar(), None);
        }
    }

    /// A counter that has no other labels.
    fn kept<'k, M: Clone, C: MetricConstructor<M>>(
        &self,
        kept: &'k OnceLock<M>,
        family: &Family<ModelLabels, M, C>,
    ) -> &'k M {
        kept.get_or_init(|| family.get_or_create_owned(&self.labels))
    }
}

/// A few counters that differ in some of their labels. Looked through one by one: a model has a handful.
struct Kept<K, M>(RwLock<Vec<(K, M)>>);

impl<K, M> Default for Kept<K, M> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K, M: Clone> Kept<K, M> {
    /// The one that is meant, or else the one that `find` gives, which finds the same for the same.
    fn get(&self, is_it: impl Fn(&K) -> bool, find: impl FnOnce() -> (K, M)) -> M {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, metric)) = known.iter().find(|(key, _)| is_it(key)) {
            return metric.clone();
        }
        drop(known);
        let (key, metric) = find();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|(key, _)| is_it(key)) {
            known.push((key, metric.clone()));
        }
        metric
    }
}
