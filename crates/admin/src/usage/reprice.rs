//! `POST /api/usage/reprice`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use crate::wire::time;
use axum::extract::State;
use baton_control::prices::{Repriced, RepricedModel, reprice};
use baton_model::{Cost, ModelId, Timestamp};
use baton_store::ledger::RepriceQuery;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

/// What was priced anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepriceView {
    /// Start of the range.
    from: String,
    /// End of the range, exclusive.
    to: String,
    /// Whether it was only looked at.
    dry_run: bool,
    /// The number of attempts that were looked at.
    attempts: u64,
    /// The number of attempts whose cost is another one now.
    corrected: u64,
    /// The number of models that these were at.
    total: u64,
    /// By model.
    items: Vec<RepricedView>,
}

/// What was priced anew of one model, in exact decimal dollars.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepricedView {
    /// The model.
    model: String,
    /// The number of attempts whose cost is another one now.
    corrected: u64,
    /// What these cost before, as far as it was known.
    #[schema(value_type = f64)]
    before: Cost,
    /// What they cost now, as far as it is known.
    #[schema(value_type = f64)]
    after: Cost,
    /// Of these, those that had no cost before.
    unpriced_before: u64,
    /// Those that have none now.
    unpriced_after: u64,
}

/// Prices recorded requests anew, by the prices that were in force when they ran. Records stay as they are: what comes out
/// otherwise is written beside them, and totals include it. Done twice, the second time changes nothing.
#[utoipa::path(post, path = "/api/usage/reprice", tag = "usage", params(
    ("from" = Option<String>, Query, description = "Start of the range: RFC 3339, or a date; by default the beginning"),
    ("to" = Option<String>, Query, description = "End of the range, exclusive: RFC 3339, or a date, which is included; by default now"),
    ("model" = Option<String>, Query, description = "Only attempts at this model"),
    ("dry_run" = Option<bool>, Query, description = "Whether only to say what would change"),
), responses(
    (status = 200, description = "What has changed", body = RepriceView),
    (status = 422, description = "A parameter is invalid", body = ErrorBody),
))]
pub async fn reprice_usage(State(admin): State<Admin>, Administrator(by): Administrator, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let from = params.parse("from", time::EXPECTED, time::read).unwrap_or(Timestamp(0));
    let now = admin.web.engine.clock().now();
    let to = params.parse("to", time::EXPECTED, time::read_end).unwrap_or(Timestamp(now.0.saturating_add(1)));
    let model = params.take("model").map(ModelId::from);
    let dry_run = params.flag("dry_run");
    if from >= to {
        params.faults.add("from", "must be before `to`");
    }
    params.finish()?;
    let query = RepriceQuery { from, to, model };
    let Repriced { attempts, corrected, models } =
        reprice(&admin.store, &admin.web.engine, &query, dry_run, &by).await?;
    let view = |(model, repriced): (ModelId, RepricedModel)| RepricedView {
        model: model.to_string(),
        corrected: repriced.corrected,
        before: Cost::Known(repriced.before),
        after: Cost::Known(repriced.after),
        unpriced_before: repriced.unpriced_before,
        unpriced_after: repriced.unpriced_after,
    };
    let items: Vec<RepricedView> = models.into_iter().map(view).collect();
    let (from, to) = (time::write(from), time::write(to));
    json(StatusCode::OK, &RepriceView { from, to, dry_run, attempts, corrected, total: items.len() as u64, items })
}
