//! `GET /api/users`.

use super::view::{self, UserView};
use crate::Admin;
use crate::wire::access::Viewer;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use http::Uri;

/// Lists the users, by id: those that are registered, members of projects, and those that requests of this month name, with
/// what they used. A caller restricted to a project sees the users of that project.
#[utoipa::path(get, path = "/api/users", tag = "users", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
    ("search" = Option<String>, Query, description = "Only users whose id or name holds this, in any case"),
), responses((status = 200, description = "A page of users", body = Page<UserView>)))]
pub async fn list(State(admin): State<Admin>, Viewer(caller): Viewer, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    let search = params.take("search").map(|text| text.to_lowercase());
    params.finish()?;
    let mut users = view::find(&admin, &caller, None).await?;
    if let Some(text) = search {
        users.retain(|user| [&user.id, &user.name].iter().any(|field| field.to_lowercase().contains(&text)));
    }
    paging.cut_page(users.into_iter()).to_response()
}
