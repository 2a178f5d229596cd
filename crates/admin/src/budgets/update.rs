//! `PUT /api/budgets/{budget_id}`.

use super::input::{self, BudgetChange, FIXED};
use super::view::{BudgetStatus, SHOWN};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::keep;
use crate::wire::access::Acting;
use crate::wire::changes::pass_over_shown;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::entity::Budget;
use http::StatusCode;

/// Changes the given fields. What was spent stays spent.
#[utoipa::path(put, path = "/api/budgets/{budget_id}", tag = "budgets", params(("budget_id" = String, Path)),
    request_body = BudgetChange, responses(
        (status = 200, description = "Changed", body = BudgetStatus),
        (status = 400, description = "The body has no field to change", body = ErrorBody),
        (status = 404, description = "The budget does not exist", body = ErrorBody),
        (status = 409, description = "It stands in the configuration or on a project, or someone else has changed it at the same time", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(
    State(admin): State<Admin>,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    pass_over_shown::<Budget>(&mut fields);
    for name in SHOWN {
        fields.raw(name);
    }
    if fields.text("budget_id", &mut faults).is_some_and(|given| given != id) {
        faults.add("budget_id", "can't be changed");
    }
    let changes = input::read(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    changes.require(&FIXED)?;
    let mut changed = keep::find::<Budget>(&admin, &caller, &id)?.policy.clone();
    changes.apply(&mut changed);
    keep::check(&caller, &changed.scope)?;
    let changed = admin.policies.update::<Budget>(&id, &by, |budget| changes.apply(budget)).await?;
    json(StatusCode::OK, &BudgetStatus::read(&admin, &changed).await)
}
