//! `POST /api/budgets/{budget_id}/verify`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::counters::Unit;
use crate::wire::access::Administrator;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_engine::PolicyKind;
use baton_model::entity::Budget;
use http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Whether the counters of a budget say what the ledger says.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationView {
    /// Whether all of them do.
    consistent: bool,
    /// The number of counters.
    total: u64,
    /// Each of them.
    items: Vec<VerifiedCounter>,
}

/// What a counter says, and what the ledger does.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifiedCounter {
    /// The value that it is for, of each field of the scope.
    #[schema(value_type = Object, example = json!({"user": "ann"}))]
    values: BTreeMap<&'static str, String>,
    /// Dollars that were spent, by the counter.
    #[schema(value_type = f64, example = 12.5)]
    spent: Box<RawValue>,
    /// Dollars that were spent, by the ledger.
    #[schema(value_type = f64, example = 12.5)]
    ledger: Box<RawValue>,
    /// Whether both are the same.
    consistent: bool,
    /// Whether the counter is read from the ledger anew when it is asked for next.
    repaired: bool,
}

/// Compares what the counters of a budget say with the ledger, which is summed up anew. While requests are under way they may differ by
/// those that end in between.
#[utoipa::path(post, path = "/api/budgets/{budget_id}/verify", tag = "budgets", params(
    ("budget_id" = String, Path),
    ("repair" = Option<bool>, Query, description = "Whether counters that differ are read from the ledger anew; by default false"),
), responses(
    (status = 200, description = "What was found", body = VerificationView),
    (status = 404, description = "The budget does not exist", body = ErrorBody),
))]
pub async fn verify(
    State(admin): State<Admin>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
    uri: Uri,
) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let repair = params.parse("repair", "true or false", |text| text.parse::<bool>().ok()).unwrap_or(false);
    params.finish()?;
    admin.policies.get::<Budget>(&id)?;
    let verified = admin.web.engine.policies().verify(PolicyKind::Budget, &id, repair).await?;
    let items: Vec<VerifiedCounter> = verified
        .into_iter()
        .map(|verified| VerifiedCounter {
            consistent: verified.is_consistent(),
            repaired: repair && !verified.is_consistent(),
            spent: Unit::Dollars.write(verified.spent),
            ledger: Unit::Dollars.write(verified.ledger),
            values: verified.values.into_iter().map(|(field, value)| (field, value.to_string())).collect(),
        })
        .collect();
    let consistent = items.iter().all(|item| item.consistent);
    json(StatusCode::OK, &VerificationView { consistent, total: items.len() as u64, items })
}
