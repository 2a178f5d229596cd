//! `POST /api/budgets/{budget_id}/raise`.

use super::view::BudgetStatus;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::keep;
use crate::wire::access::Acting;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use crate::wire::response::{ApiResult, json};
use crate::wire::{money, time};
use axum::extract::{Path, State};
use baton_model::Timestamp;
use baton_model::entity::{Budget, BudgetRaise};
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// By how much a budget is raised, and until when.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct RaiseBody {
    /// Dollars on top of the budget's amount: an exact decimal.
    #[schema(value_type = f64, required, example = 100)]
    amount: Option<Box<RawValue>>,
    /// Until when, exclusive: a time, or a date.
    #[schema(value_type = String, required, example = "2026-12-01T00:00:00Z")]
    until: Option<String>,
}

/// Raises a budget for a while, at once: in place of what it was raised by before.
#[utoipa::path(post, path = "/api/budgets/{budget_id}/raise", tag = "budgets", params(("budget_id" = String, Path)),
    request_body = RaiseBody, responses(
        (status = 200, description = "Raised", body = BudgetStatus),
        (status = 404, description = "The budget does not exist", body = ErrorBody),
        (status = 409, description = "It stands in the configuration or on a project, or someone else has changed it at the same time", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn raise(
    State(admin): State<Admin>,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    let raise = read(&mut fields, &mut faults);
    // A command of the bus has it in its data, from which the path was made.
    if fields.text("budget_id", &mut faults).is_some_and(|given| given != id) {
        faults.add("budget_id", "must be the budget named in the path");
    }
    fields.finish(&mut faults);
    faults.check()?;
    keep::find::<Budget>(&admin, &caller, &id)?;
    let raised = admin.policies.raise(&id, raise, &by).await?;
    json(StatusCode::OK, &BudgetStatus::read(&admin, &raised).await)
}

/// Reads both fields, and notes what is missing or wrong; it stands in the raise as nothing then.
fn read(fields: &mut JsonFields, faults: &mut Faults) -> BudgetRaise {
    fields.require("amount", "dollars on top of the budget's amount", faults);
    fields.require("until", "when the raise ends, such as 2026-12-01T00:00:00Z", faults);
    let RaiseBody { amount, until } = fields.read_body(faults).unwrap_or_default();
    let amount = amount.and_then(|text| {
        let read = money::read(text.get(), 0);
        if read.is_none() {
            let got = brief(text.get());
            faults.add("amount", format!("must be dollars of at most nine decimal places, such as 12.5, got {got}"));
        }
        read
    });
    let until = until.and_then(|text| {
        let read = time::read(&text);
        if read.is_none() {
            faults.add("until", format!("must be {}, got `{}`", time::EXPECTED, brief(&text)));
        }
        read
    });
    BudgetRaise { amount: amount.unwrap_or_default(), until: until.unwrap_or(Timestamp(0)) }
}
