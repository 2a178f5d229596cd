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
    /// Start of the range; null: everything.
    from: Option<String>,
    /// The number of requests that it served, or that it was tried for last.
    requests: u64,
    /// Requests that failed.
    errors: u64,
    /// Its usage, by class (`input`, `output`, `cache_read` …), including attempts for requests that another model
    /// served in the end.
    #[schema(value_type = Object)]
    tokens: IndexMap<&'static str, u64>,
    /// The cost, in exact decimal dollars; null: nothing could be priced.
    #[schema(value_type = Option<f64>)]
    cost: Option<Box<RawValue>>,
    /// The number of requests with an attempt of it that could not be priced.
    unpriced: u64,
    /// The latency of completed requests; null: there are none.
    latency_ms: Option<LatencyView>,
}

/// Shows the statistics of a model: requests, errors, usage, cost and latency. A caller restricted to a project sees
/// only its requests.
#[utoipa::path(get, path = "/api/models/{model_id}/stats", tag = "models",
    params(
        ("model_id" = String, Path),
        ("from" = Option<String>, Query, description = "Start of the range: RFC 3339, or a date; by default everything"),
    ),
    responses(
        (status = 200, description = "The statistics of the model", body = StatsView),
        (status = 404, description = "The model does not exist", body = ErrorBody),
    )
)]
pub async fn stats(admin: &Admin, Viewer(caller): &Viewer, id: &ModelId, uri: &Uri) -> ApiResult {
    let mut params = QueryParams::read(uri)?;
    let from = params.parse("from", time::EXPECTED, time::read);
    params.finish()?;
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
