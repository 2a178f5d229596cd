//! `GET /api/keys`.

use crate::Admin;
use crate::wire::access::Anyone;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_model::ApiKey;
use baton_store::keys::KeyFilter;
use http::Uri;

/// Lists the keys, newest first, including revoked ones. A caller restricted to a project sees only the keys of that
/// project; one with the role `caller` its own: that of its credentials, and those of its user.
#[utoipa::path(get, path = "/api/keys", tag = "keys", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of keys", body = Page<ApiKey>)))]
pub async fn list(State(admin): State<Admin>, Anyone(caller): Anyone, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let Paging { page, size } = Paging::take(&mut params);
    params.finish()?;
    let keys = admin.store.keys().list(&KeyFilter::visible_to(&caller), page, size).await?;
    Page::<ApiKey> { items: keys.items, total: keys.total, page, page_size: size }.to_response()
}
