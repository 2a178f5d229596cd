//! `GET /api/keys`.

use crate::Admin;
use crate::wire::access::Viewer;
use crate::wire::answer::{Answer, json};
use crate::wire::page::{Page, Paging};
use crate::wire::params::Params;
use axum::extract::State;
use baton_model::ApiKey;
use http::{StatusCode, Uri};

/// Lists the keys, newest first, revoked ones included.
#[utoipa::path(get, path = "/api/keys", tag = "keys", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of keys", body = Page<ApiKey>)))]
pub async fn list(State(admin): State<Admin>, _: Viewer, uri: Uri) -> Answer {
    let mut params = Params::read(&uri)?;
    let Paging { page, size } = Paging::take(&mut params);
    params.finish()?;
    let keys = admin.store.keys().list(page, size).await?;
    json(StatusCode::OK, &Page::<ApiKey> { items: keys.items, total: keys.total, page, page_size: size })
}
