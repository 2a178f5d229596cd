//! `POST /api/budgets`.

use super::input::{self, BudgetBody};
use super::view::BudgetStatus;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::keep;
use crate::wire::access::Acting;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_model::entity::Budget;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Creates a budget. It is in force at once, and counts what was spent in its period already.
#[utoipa::path(post, path = "/api/budgets", tag = "budgets", request_body = BudgetBody, responses(
    (status = 201, description = "Created", body = BudgetStatus),
    (status = 409, description = "The id is taken", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Acting { caller, by }: Acting, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    let mut budget = Budget::new(input::new_id(&mut fields, &mut faults));
    let changes = input::read(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    changes.apply(&mut budget);
    keep::check(&caller, &budget.scope)?;
    let created = admin.policies.create(budget, &by).await?;
    let mut response = json(StatusCode::CREATED, &BudgetStatus::read(&admin, &created).await)?;
    let location = format!("/api/budgets/{}", utf8_percent_encode(&created.policy.budget_id, NON_ALPHANUMERIC));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
