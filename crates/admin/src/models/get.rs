//! `GET /api/models/{model_id}`.

use super::address::{find, hide_fallbacks};
use super::view::etag;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::response::{ApiResult, json};
use baton_model::{Caller, Model, ModelId};
use http::StatusCode;
use http::header::ETAG;

/// Shows a model. Its id may contain `/` and `:`, raw or percent-encoded.
#[utoipa::path(get, path = "/api/models/{model_id}", tag = "models", params(("model_id" = String, Path)), responses(
    (status = 200, description = "The model; `ETag` is its version", body = Model),
    (status = 404, description = "The model does not exist, or the caller may not use it", body = ErrorBody),
))]
pub fn get(admin: &Admin, caller: &Caller, id: &ModelId) -> ApiResult {
    let snapshot = admin.web.engine.registry().snapshot();
    let model = find(&snapshot, caller, id)?;
    let mut response = json(StatusCode::OK, &*hide_fallbacks(&snapshot, caller, model))?;
    response.headers_mut().insert(ETAG, etag(model));
    Ok(response)
}
