//! `GET /api/me`: what every caller may know of itself.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_engine::policy::{CounterReading, Policy};
use baton_model::entity::{BudgetPeriod, Measure};
use baton_model::record::Attribution;
use baton_model::schema::time;
use baton_model::{Caller, Nanos, Timestamp};
use baton_store::ledger::{UsageQuery, UsageRow};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who a caller is, what it may use, and what it has left.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// The id of its key; null for a token without one.
    key_id: Option<String>,
    /// `admin`, `operator`, `viewer` or `caller`.
    #[schema(example = "caller")]
    role: &'static str,
    /// The project that its requests are attributed to.
    #[schema(value_type = Option<String>)]
    project_id: Option<Arc<str>>,
    /// The user that its requests are attributed to.
    #[schema(value_type = Option<String>)]
    user_id: Option<Arc<str>>,
    /// The registered models that it may use, as its credentials and its project say; null: all.
    models: Option<Vec<String>>,
    /// The budgets and limits that apply to it, whatever model it uses, but for those that are wider than its project.
    policies: Vec<StandingView>,
    /// What it used today, in UTC.
    today: UsageRow,
    /// What it used this month, in UTC.
    month: UsageRow,
}

/// How a budget or limit stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingView {
    /// Its id.
    #[schema(example = "search-monthly")]
    policy: String,
    /// `budget` or `limit`.
    kind: &'static str,
    /// What it counts: `requests`, `input_tokens`, `output_tokens`, `tokens`, `cost` or `concurrency`.
    measure: &'static str,
    /// `hard` or `soft`.
    mode: &'static str,
    /// Which of its requests it is for: a value for each field of its scope.
    // Not the scope itself, which may name other projects and keys.
    #[schema(value_type = Object, example = json!({"project": "search"}))]
    scope: BTreeMap<&'static str, Arc<str>>,
    /// The most: dollars, tokens or requests.
    #[schema(value_type = f64)]
    amount: Box<RawValue>,
    /// What is spent in the present period or window.
    #[schema(value_type = f64)]
    spent: Box<RawValue>,
    /// What requests under way have reserved.
    #[schema(value_type = f64)]
    reserved: Box<RawValue>,
    /// What is left.
    #[schema(value_type = f64)]
    remaining: Box<RawValue>,
    /// When the period ends; null: never, or at every moment.
    resets_at: Option<String>,
}

/// Who the credentials belong to: its project, role and models, the budgets and limits that apply to it with what is left of each,
/// and what it used today and this month. For any credentials.
#[utoipa::path(get, path = "/api/me", tag = "me", responses(
    (status = 200, description = "Who it is", body = MeView),
    (status = 401, description = "No credentials, or wrong ones", body = ErrorBody),
))]
pub async fn me(State(admin): State<Admin>, Anyone(caller): Anyone) -> ApiResult {
    let engine = &admin.web.engine;
    let of = Attribution {
        key: caller.key.clone(),
        project: caller.project.as_deref().map(str::to_owned),
        user: caller.user.as_deref().map(str::to_owned),
        ..Attribution::default()
    };
    let standing = engine.policies().standing(&caller, &of).await?;
    let policies = standing.iter().flat_map(|(policy, readings)| readings.iter().map(|reading| view(policy, reading)));
    let policies = policies.collect::<Result<Vec<_>, _>>().unwrap_or_default();
    let now = engine.clock().now();
    let [today, month] = [BudgetPeriod::Day, BudgetPeriod::Month].map(|period| usage(&admin, &caller, period, now));
    let (today, month) = futures::try_join!(today, month)?;
    let view = MeView {
        key_id: caller.key.as_ref().map(ToString::to_string),
        role: caller.role.name(),
        project_id: caller.project.clone(),
        user_id: caller.user.clone(),
        models: (!caller.may_use_all()).then(|| {
            let snapshot = engine.registry().snapshot();
            let usable = snapshot.models.values().filter(|model| caller.may_use(model));
            usable.map(|model| model.id.to_string()).collect()
        }),
        policies,
        today,
        month,
    };
    json(StatusCode::OK, &view)
}

/// What the caller used in the present period: of its key, else of its user, else of its project.
async fn usage(
    admin: &Admin,
    caller: &Caller,
    period: BudgetPeriod,
    now: Timestamp,
) -> Result<UsageRow, baton_store::StoreError> {
    let (key, user, project) = (caller.key.clone(), caller.user.as_deref(), caller.project.as_deref());
    let query = UsageQuery {
        from: baton_engine::policy::begin_of(period, now),
        to: Timestamp(now.0.saturating_add(1)),
        group_by: Vec::new(),
        user: user.filter(|_| key.is_none()).map(str::to_owned),
        project: project.filter(|_| key.is_none() && user.is_none()).map(str::to_owned),
        key,
    };
    Ok(admin.store.ledger().usage(&query).await?.into_iter().next().unwrap_or_default())
}

fn view(policy: &Policy, reading: &CounterReading) -> Result<StandingView, serde_json::Error> {
    // Money in exact decimal dollars, everything else as it is counted.
    let number = |amount: u64| {
        RawValue::from_string(match policy.measure {
            Measure::Cost => Nanos(i64::try_from(amount).unwrap_or(i64::MAX)).to_string(),
            _ => amount.to_string(),
        })
    };
    Ok(StandingView {
        policy: policy.id.clone(),
        kind: policy.kind.name(),
        measure: policy.measure.name(),
        mode: policy.mode.name(),
        scope: reading.values.iter().cloned().collect(),
        amount: number(reading.limit)?,
        spent: number(reading.spent)?,
        reserved: number(reading.reserved)?,
        remaining: number(reading.remaining())?,
        resets_at: reading.resets_at.map(time::write),
    })
}
