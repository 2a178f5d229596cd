//! `GET /api/limits`.

use super::view::LimitStatus;
use crate::Admin;
use crate::policies::visible;
use crate::wire::access::Viewer;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_control::policies::PolicyOrigin;
use baton_model::entity::RateLimit;
use http::Uri;

/// Lists the limits by id, those of the configuration and those that projects have of their own too. A caller restricted
/// to a project sees only limits of that project alone.
#[utoipa::path(get, path = "/api/limits", tag = "limits", params(
    ("origin" = Option<String>, Query, description = "Only `file`, `api`, `project` or `user`"),
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of limits", body = Page<LimitStatus>)))]
pub async fn list(State(admin): State<Admin>, Viewer(caller): Viewer, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    let origin = params.parse("origin", "file, api, project or user", PolicyOrigin::lookup);
    params.finish()?;
    let mut limits = visible::list::<RateLimit>(&admin, &caller);
    limits.retain(|listed| origin.is_none_or(|origin| origin == listed.origin));
    let page: Page<LimitStatus> = paging.cut_page(limits.iter().map(|listed| LimitStatus::new(listed)));
    page.to_response()
}
