//! `GET /api/providers/{name}`.

use super::view::ProviderView;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Overseer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::ProviderId;
use baton_store::RegisteredProvider;
use http::StatusCode;

/// Shows a provider, without its key.
#[utoipa::path(get, path = "/api/providers/{name}", tag = "providers", params(("name" = String, Path)), responses(
    (status = 200, description = "The provider", body = ProviderView),
    (status = 404, description = "The provider does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, _: Overseer, Path(name): Path<String>) -> ApiResult {
    let name = ProviderId::from(name);
    if admin.providers.is_configured(&name) {
        return json(StatusCode::OK, &view(&admin, &name, None));
    }
    let row = admin.providers.find_stored(&name).await?;
    json(StatusCode::OK, &view(&admin, &name, Some(&row)))
}

/// A provider as it is on this node.
pub(super) fn view(admin: &Admin, name: &ProviderId, row: Option<&RegisteredProvider>) -> ProviderView {
    let snapshot = admin.web.engine.registry().snapshot();
    ProviderView::new(&admin.web.engine, &snapshot, name, row, admin.providers.fault(name))
}
