//! `PUT /api/prices/{price_id}`.

use super::input::{self, PriceBody};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::changes::pass_over_shown;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::entity::PriceOverride;
use http::StatusCode;

/// Changes the given fields.
#[utoipa::path(put, path = "/api/prices/{price_id}", tag = "prices", params(("price_id" = String, Path)),
    request_body = PriceBody, responses(
        (status = 200, description = "Changed", body = PriceOverride),
        (status = 400, description = "The body has no field to change", body = ErrorBody),
        (status = 404, description = "The price does not exist", body = ErrorBody),
        (status = 409, description = "Someone else has changed it at the same time", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    pass_over_shown::<PriceOverride>(&mut fields);
    if fields.text("price_id", &mut faults).is_some_and(|given| given != id) {
        faults.add("price_id", "can't be changed");
    }
    let changes = input::read(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    changes.require(&["price_id"])?;
    let after = admin.models.prices().alter(&id, &by, |price| changes.apply(price)).await?;
    admin.models.reload().await?;
    json(StatusCode::OK, &after)
}
