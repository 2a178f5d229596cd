//! `GET /api/webhooks`.

use crate::Admin;
use crate::wire::access::Administrator;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_model::Webhook;
use http::Uri;

/// Lists the webhooks, oldest first.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of webhooks", body = Page<Webhook>)))]
pub async fn list(State(admin): State<Admin>, _: Administrator, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    params.finish()?;
    let webhooks = admin.store.webhooks().list().await?;
    paging.cut_page(webhooks.iter()).to_response()
}
