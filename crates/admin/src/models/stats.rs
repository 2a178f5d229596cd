//! `GET /api/models/{model_id}/stats`.

use super::address::find;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::usage::view::{LatencyView, known_cost, tokens};
use crate::wire::access::Viewer;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use crate::wire::time;
use baton_model::{ModelId, Timestamp};
use http::{StatusCode, Uri};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The statistics of a model.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsView {
    /// The model.
    model_id: String,
    /// Since when; null: ever.
    from: Option<String>,
    /// Requests that it served, or was the last model tried for.
    requests: u64,
    /// Requests that failed.
    errors: u64,
    /// What it consumed, by class (`input`, `output`, `cache_read` …); attempts for requests that another model served
    /// in the end included.
    #[schema(value_type = Object)]
    tokens: IndexMap<&'static str, u64>,
    /// What that cost, in exact decimal dollars; null if none of it could be priced.
    #[schema(value_type = Option<f64>)]
    cost: Option<Box<RawValue>>,
    /// Requests with an attempt of it that could not be priced.
    unpriced: u64,
    /// How long completed requests took; null if there are none.
    latency_ms: Option<LatencyView>,
}

/// Shows the statistics of a model: requests, errors, consumption, cost, latency; who is confined to a project sees those
/// of that project.
#[utoipa::path(get, path = "/api/models/{model_id}/stats", tag = "models",
    params(
        ("model_id" = String, Path),
        ("from" = Option<String>, Query, description = "Since when: RFC 3339, or a date; by default ever"),
    ),
    responses(
        (status = 200, description = "The statistics of the model", body = StatsView),
        (status = 404, description = "There is no such model", body = ErrorBody),
    )
)]
pub async fn stats(admin: &Admin, Viewer(caller): &Viewer, id: &ModelId, uri: &Uri) -> ApiResult {
    let mut params = QueryParams::read(uri)?;
    let from = params.parse("from", time::EXPECTED, time::read);
    params.finish()?;
    // Only to refuse a model that the caller does not see. The totals would tell that it exists.
    find(&admin.web.engine.registry().snapshot(), caller, id)?;
    let ledger = admin.store.ledger();
    let stats = ledger.model_stats(id, from.unwrap_or(Timestamp(0)), caller.confined_to()).await?;
    let view = StatsView {
        model_id: id.to_string(),
        from: from.map(time::write),
        requests: stats.requests,
        errors: stats.errors,
        tokens: tokens(&stats.tokens),
        cost: known_cost(stats.cost, stats.unpriced),
        unpriced: stats.unpriced,
        latency_ms: stats.latency.map(LatencyView::from),
    };
    json(StatusCode::OK, &view)
}
