//! `GET /api/projects`.

use crate::Admin;
use crate::wire::access::Viewer;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_model::Project;
use http::Uri;

/// Lists the projects, newest first. A caller restricted to a project sees only that one.
#[utoipa::path(get, path = "/api/projects", tag = "projects", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of projects", body = Page<Project>)))]
pub async fn list(State(admin): State<Admin>, Viewer(caller): Viewer, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let Paging { page, size } = Paging::take(&mut params);
    params.finish()?;
    let projects = admin.store.projects().list(caller.confined_to(), page, size).await?;
    Page::<Project> { items: projects.items, total: projects.total, page, page_size: size }.to_response()
}
