//! `DELETE /api/providers/{name}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use baton_model::ProviderId;
use http::{StatusCode, Uri};

/// Removes a provider and its discovered models.
#[utoipa::path(delete, path = "/api/providers/{name}", tag = "providers",
    params(
        ("name" = String, Path),
        ("force" = Option<bool>, Query, description = "Also remove it if models use it; they are removed too"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The provider does not exist", body = ErrorBody),
        (status = 409, description = "Models use it, or it is defined in the configuration file", body = ErrorBody),
    )
)]
pub async fn remove(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(name): Path<String>,
    uri: Uri,
) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let force = params.flag("force");
    params.finish()?;
    admin.providers.remove(&by, &ProviderId::from(name), force).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
