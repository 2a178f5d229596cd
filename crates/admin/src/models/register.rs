//! `POST /api/models`.

use super::input::{self, ModelBody};
use super::view::{etag, location};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Operator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_model::{Code, Model, PublicError};
use http::StatusCode;
use http::header::{ETAG, LOCATION};

/// Registers a model.
#[utoipa::path(post, path = "/api/models", tag = "models", request_body = ModelBody, responses(
    (status = 201, description = "Registered; `Location` is its path, `ETag` its version", body = Model),
    (status = 400, description = "The body is not a JSON object", body = ErrorBody),
    (status = 409, description = "`model_id` is taken", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn register(State(admin): State<Admin>, Operator(by): Operator, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    let id = input::model_id(&mut fields, &mut faults);
    let snapshot = admin.web.engine.registry().snapshot();
    if fields.raw("provider").is_none_or(|text| text == "null") {
        faults.add("provider", "is required: the name of a registered provider");
    }
    let changes = input::read(&mut fields, id.as_ref(), &snapshot, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    // It is there now: what is missing was noted as a fault.
    let id = id.ok_or_else(|| PublicError::new(Code::ValidationError, "model_id is required"))?;
    let now = admin.web.engine.clock().now();
    // The provider is among the changes.
    let mut model = Model { created_at: now, updated_at: now, ..Model::new(id, "") };
    changes.apply(&mut model);
    let model = admin.models.register(model, &by).await?;
    let mut response = json(StatusCode::CREATED, &*model)?;
    response.headers_mut().insert(LOCATION, location(&model.id));
    response.headers_mut().insert(ETAG, etag(&model));
    Ok(response)
}
