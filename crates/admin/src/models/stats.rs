//! `GET /api/models/{model_id}/stats`.

use super::address::find;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use crate::wire::time;
use baton_model::{ModelId, Timestamp};
use baton_store::ledger::ModelStats;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

/// The statistics of a model.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsView {
    /// The model.
    model_id: String,
    /// Start of the range; null: everything.
    from: Option<String>,
    #[serde(flatten)]
    #[schema(inline)]
    stats: ModelStats,
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
    // Only to refuse a model that the caller does not see. The totals would tell that it exists.
    find(&admin.web.engine.registry().snapshot(), caller, id)?;
    let ledger = admin.store.ledger();
    let stats = ledger.model_stats(id, from.unwrap_or(Timestamp(0)), caller.confined_to()).await?;
    json(StatusCode::OK, &StatsView { model_id: id.to_string(), from: from.map(time::write), stats })
}
