//! `DELETE /api/models/{model_id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::response::IntoResponse;
use baton_model::{Actor, ModelId};
use http::{StatusCode, Uri};

/// Removes a model.
#[utoipa::path(delete, path = "/api/models/{model_id}", tag = "models",
    params(
        ("model_id" = String, Path),
        ("force" = Option<bool>, Query, description = "Also remove it if it is a fallback of other models"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The model does not exist", body = ErrorBody),
        (status = 409, description = "It is a fallback of other models, or defined in the configuration file", body = ErrorBody),
    )
)]
pub async fn remove(admin: &Admin, by: &Actor, id: &ModelId, uri: &Uri) -> ApiResult {
    let mut params = QueryParams::read(uri)?;
    let force = params.flag("force");
    params.finish()?;
    admin.models.remove(id, force, by).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
