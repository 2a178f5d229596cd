//! `POST /api/limits`.

use super::input::{self, LimitBody};
use super::view::LimitStatus;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::keep;
use crate::wire::access::Acting;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_model::entity::RateLimit;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Creates a limit. It is in force at once.
#[utoipa::path(post, path = "/api/limits", tag = "limits", request_body = LimitBody, responses(
    (status = 201, description = "Created", body = LimitStatus),
    (status = 409, description = "The id is taken", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Acting { caller, by }: Acting, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    let mut limit = RateLimit::new(input::new_id(&mut fields, &mut faults));
    let changes = input::read(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    changes.apply(&mut limit);
    keep::check(&caller, &limit.scope)?;
    let created = admin.policies.create(limit, &by).await?;
    let mut response = json(StatusCode::CREATED, &LimitStatus::new(&created))?;
    let location = format!("/api/limits/{}", utf8_percent_encode(&created.policy.limit_id, NON_ALPHANUMERIC));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
