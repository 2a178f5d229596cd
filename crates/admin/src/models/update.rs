//! `PUT /api/models/{model_id}`.

use super::input::{self, ModelBody};
use super::view::etag;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::changes::pass_over_shown;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use baton_model::{Actor, Model, ModelId, Timestamp};
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, StatusCode};

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
    pass_over_shown::<Model>(&mut fields);
    let changes = input::read(&mut fields, Some(id), &snapshot, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    changes.require(&["model_id"])?;
    // Not compared with this node's snapshot, which may be behind: the store compares it with the row.
    let accepted = read_if_match(headers);
    let model = admin.models.update(id, accepted.as_deref(), by, |model| changes.apply(model)).await?;
    let mut response = json(StatusCode::OK, &*model)?;
    response.headers_mut().insert(ETAG, etag(&model));
    Ok(response)
}

/// The versions that the client accepts, as `If-Match` says (RFC 9110, section 13.1.1); `None`: any.
fn read_if_match(headers: &HeaderMap) -> Option<Vec<Timestamp>> {
    let given = headers.get_all(IF_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tags: Vec<&str> = given.flat_map(|value| value.split(',')).map(str::trim).collect();
    if tags.is_empty() || tags.contains(&"*") {
        return None;
    }
    // The strong comparison of RFC 9110 (13.1.1): `W/"…"` never matches, even with the same digits.
    let versions = tags.iter().filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    Some(versions.map(Timestamp).collect())
}
