//! `GET /api/providers`.

use super::view::ProviderView;
use crate::Admin;
use crate::wire::access::Overseer;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_model::ProviderId;
use baton_store::RegisteredProvider;
use http::Uri;
use std::collections::BTreeMap;

/// Lists the providers, by name.
#[utoipa::path(get, path = "/api/providers", tag = "providers", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of providers", body = Page<ProviderView>)))]
pub async fn list(State(admin): State<Admin>, _: Overseer, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    params.finish()?;
    let rows = admin.store.providers().list().await?;
    let snapshot = admin.web.engine.registry().snapshot();
    let mut all: BTreeMap<&ProviderId, Option<&RegisteredProvider>> =
        snapshot.providers.keys().map(|name| (name, None)).collect();
    // One of the configuration hides a registered one of the same name.
    let hidden = |row: &RegisteredProvider| admin.providers.is_configured(&row.name);
    all.extend(rows.iter().filter(|row| !hidden(row)).map(|row| (&row.name, Some(row))));
    let views = all
        .into_iter()
        .map(|(name, row)| ProviderView::new(&admin.web.engine, &snapshot, name, row, admin.providers.fault(name)));
    paging.cut_page(views).to_response()
}
