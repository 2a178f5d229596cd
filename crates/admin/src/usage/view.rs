//! A row of totals as JSON.

use crate::wire::money::dollars;
use baton_model::{Nanos, UsageClass};
use baton_store::ledger::{GroupBy, Latency, UsageRow};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Totals of a time range.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageView {
    /// Start of the range.
    pub from: String,
    /// End of the range, exclusive.
    pub to: String,
    /// What makes a row.
    #[schema(example = json!(["model"]))]
    pub group_by: Vec<&'static str>,
    /// The number of rows.
    pub total: u64,
    /// The rows, ordered by their groups.
    pub items: Vec<RowView>,
}

/// The totals of one group, and the fields that it is grouped by (`model`, `day` …), null for requests without one.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowView {
    /// The grouped fields.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    group: IndexMap<&'static str, Option<String>>,
    /// Requests.
    requests: u64,
    /// Requests that failed.
    errors: u64,
    /// The number of requests served from the response cache.
    cache_hits: u64,
    /// The usage, by class (`input`, `cache_read`, `output`, `reasoning` …).
    #[schema(value_type = Object, example = json!({"input": 1200, "output": 340}))]
    tokens: IndexMap<&'static str, u64>,
    /// The cost, in exact decimal dollars, as far as known; null: nothing could be priced.
    #[schema(value_type = Option<f64>)]
    cost: Option<Box<RawValue>>,
    /// The number of requests with an attempt that could not be priced.
    unpriced: u64,
    /// The number of requests with an attempt whose usage is estimated.
    estimated: u64,
    /// The latency of completed requests; null: there are none.
    latency_ms: Option<LatencyView>,
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct LatencyView {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
}

impl From<Latency> for LatencyView {
    fn from(Latency { p50, p95, p99 }: Latency) -> Self {
        let [p50, p95, p99] = [p50, p95, p99].map(|micros| micros as f64 / 1000.0);
        Self { p50, p95, p99 }
    }
}

impl RowView {
    /// A row of these groupings.
    pub fn new(row: UsageRow, group_by: &[GroupBy]) -> Self {
        Self {
            group: group_by.iter().map(|by| by.name()).zip(row.group).collect(),
            requests: row.requests,
            errors: row.errors,
            cache_hits: row.cache_hits,
            tokens: tokens(&row.tokens),
            cost: known_cost(row.cost, row.unpriced),
            unpriced: row.unpriced,
            estimated: row.estimated,
            latency_ms: row.latency.map(LatencyView::from),
        }
    }
}

/// The usage, by class. The five that every reader looks for are there even if they are zero.
pub fn tokens(tokens: &[(UsageClass, u64)]) -> IndexMap<&'static str, u64> {
    use UsageClass::{CacheRead, CacheWrite, Input, Output, Reasoning};
    let mut all: IndexMap<_, _> =
        [Input, CacheRead, CacheWrite, Output, Reasoning].map(|class| (class.name(), 0)).into_iter().collect();
    all.extend(tokens.iter().map(|(class, amount)| (class.name(), *amount)));
    all
}

/// A sum as far as it is known: nothing known at all is no zero.
pub fn known_cost(cost: Nanos, unpriced: u64) -> Option<Box<RawValue>> {
    (unpriced == 0 || cost != Nanos::ZERO).then(|| dollars(cost))
}
