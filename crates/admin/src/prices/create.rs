//! `POST /api/prices`.

use super::input::{self, PriceBody};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_model::entity::PriceOverride;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Sets a price: of a model, of a model at a provider, or a factor on all prices of a provider.
#[utoipa::path(post, path = "/api/prices", tag = "prices", request_body = PriceBody, responses(
    (status = 201, description = "Set", body = PriceOverride),
    (status = 409, description = "The id is taken", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Administrator(by): Administrator, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    let id = input::new_id(&mut fields, &mut faults);
    let changes = input::read(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    let mut price = PriceOverride::new(id);
    changes.apply(&mut price);
    let price = admin.models.prices().set(price, &by).await?;
    admin.models.reload().await?;
    let mut response = json(StatusCode::CREATED, &price)?;
    let location = format!("/api/prices/{}", utf8_percent_encode(&price.price_id, NON_ALPHANUMERIC));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
