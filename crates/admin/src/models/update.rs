//! `PUT /api/models/{model_id}`.

use super::input::{ModelBody, ModelChanges};
use super::view::etag;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use baton_model::{Actor, Code, Model, ModelId, PublicError, Timestamp};
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, StatusCode};

/// Fields of a reply that can't be set: ignored, so that a model can be sent back with a changed field.
const READ_ONLY: [&str; 3] = ["source", "created_at", "updated_at"];

/// Changes the given fields; null resets an optional field. With `If-Match`, only if the model still has that version.
#[utoipa::path(put, path = "/api/models/{model_id}", tag = "models",
    params(
        ("model_id" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change"),
    ),
    request_body = ModelBody,
    responses(
        (status = 200, description = "Changed", body = Model),
        (status = 400, description = "The body has no field to change", body = ErrorBody),
        (status = 404, description = "The model does not exist", body = ErrorBody),
        (status = 409, description = "It is defined in the configuration file", body = ErrorBody),
        (status = 412, description = "The model has been changed since that version", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(admin: &Admin, by: &Actor, id: &ModelId, headers: &HeaderMap, mut fields: JsonFields) -> ApiResult {
    let snapshot = admin.web.engine.registry().snapshot();
    let mut faults = Faults::default();
    if fields.text("model_id", &mut faults).is_some_and(|given| given != id.as_str()) {
        faults.add("model_id", "can't be changed; register another model and remove this one");
    }
    for name in READ_ONLY {
        fields.raw(name);
    }
    let changes = ModelChanges::read(&mut fields, Some(id), &snapshot, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    if changes.is_empty() {
        return Err(PublicError::new(Code::InvalidRequest, "the body must contain at least one field to change").into());
    }
    let seen = match snapshot.models.get(id) {
        Some(model) => read_if_match(headers, model)?,
        None => None,
    };
    let model = admin.models.update(id, seen, by, |model| changes.apply(model)).await?;
    let mut response = json(StatusCode::OK, &*model)?;
    response.headers_mut().insert(ETAG, etag(&model));
    Ok(response)
}

/// The version that the client has seen, as `If-Match` says (RFC 9110, section 13.1.1); `None`: any.
fn read_if_match(headers: &HeaderMap, model: &Model) -> Result<Option<Timestamp>, PublicError> {
    let given = headers.get_all(IF_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tags: Vec<&str> = given.flat_map(|value| value.split(',')).map(str::trim).collect();
    let current = format!("\"{}\"", model.updated_at.0);
    if tags.is_empty() || tags.contains(&"*") {
        return Ok(None);
    }
    if tags.contains(&current.as_str()) {
        return Ok(Some(model.updated_at));
    }
    Err(PublicError::new(
        Code::PreconditionFailed,
        format!("the model `{}` has been changed since that version; get it again and repeat the change", model.id),
    )
    .at("if-match"))
}
