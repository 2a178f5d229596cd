//! `GET /api/limits/{limit_id}/counters`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::policies::counters::{CounterView, Unit, read_page};
use crate::policies::visible;
use crate::wire::access::Viewer;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use baton_engine::PolicyKind;
use baton_model::entity::RateLimit;
use http::Uri;

/// Lists what the counters of a limit say: one, or those of each value that was asked for lately.
#[utoipa::path(get, path = "/api/limits/{limit_id}/counters", tag = "limits", params(
    ("limit_id" = String, Path),
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses(
    (status = 200, description = "A page of counters", body = Page<CounterView>),
    (status = 404, description = "The limit does not exist", body = ErrorBody),
))]
pub async fn counters(
    State(admin): State<Admin>,
    Viewer(caller): Viewer,
    Path(id): Path<String>,
    uri: Uri,
) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    params.finish()?;
    let listed = visible::get::<RateLimit>(&admin, &caller, &id)?;
    let unit = if listed.policy.cost.is_some() { Unit::Dollars } else { Unit::Number };
    read_page(&admin, (PolicyKind::Limit, &id), unit, paging).await?.to_response()
}
