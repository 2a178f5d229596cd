//! `GET /api/requests`.

use super::view::RequestsView;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::models::input::known_capabilities;
use crate::wire::access::Viewer;
use crate::wire::page::take_fitting;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use crate::wire::time;
use axum::extract::State;
use baton_model::record::{CacheUse, Outcome};
use baton_model::{Capability, KeyId, ModelId, ProviderId};
use baton_store::ledger::{RequestCursor, RequestFilter};
use http::{StatusCode, Uri};
use serde_json::value::to_raw_value;

/// Lists requests, newest first, in pages of at most `limit` entries and at most 8 MiB. A caller restricted to a
/// project sees only the requests of that project.
#[utoipa::path(get, path = "/api/requests", tag = "requests", params(
    ("model" = Option<String>, Query, description = "Served by this model, or requested under its name"),
    ("provider" = Option<String>, Query, description = "Served by this provider"),
    ("key" = Option<String>, Query, description = "Made with the key of this id"),
    ("project" = Option<String>, Query, description = "Attributed to this project"),
    ("user" = Option<String>, Query, description = "Attributed to this user"),
    ("outcome" = Option<String>, Query, description = "`completed`, `failed`, `cancelled` or `interrupted`"),
    ("status" = Option<u16>, Query, description = "The HTTP status that the client saw"),
    ("capability" = Option<String>, Query, description = "For this capability, such as `CHAT`"),
    ("cache" = Option<String>, Query, description = "`hit`, `miss` or `bypass`"),
    ("from" = Option<String>, Query, description = "Arrived at or after this time: RFC 3339, or a date"),
    ("to" = Option<String>, Query, description = "Arrived before this time: RFC 3339, or a date, which is included"),
    ("id" = Option<String>, Query, description = "Only requests whose id starts with it"),
    ("limit" = Option<u64>, Query, description = "1 to 100; by default 20"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the previous page"),
), responses(
    (status = 200, description = "A page of requests", body = RequestsView),
    (status = 422, description = "A parameter is invalid", body = ErrorBody),
))]
pub async fn list(State(admin): State<Admin>, Viewer(caller): Viewer, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let mut filter = filter(&mut params);
    let limit = params.number("limit", 1..=100, 20);
    let cursor = params.parse("cursor", "a `next_cursor`", RequestCursor::parse);
    params.finish()?;
    if let Some(own) = caller.confined_to() {
        // Another's project is one in which there are none.
        let other = filter.project.is_some_and(|asked| asked != own);
        // An empty list and not a 403, which would tell that the other project exists.
        filter.project = Some(if other { String::new() } else { own.to_owned() });
    }
    let page = admin.store.ledger().list(&filter, cursor.as_ref(), limit).await?;
    let (items, cut) = take_fitting(page.items.iter().filter_map(|record| to_raw_value(record).ok()));
    let next = match page.items.get(items.len().saturating_sub(1)).filter(|_| cut) {
        Some(last) => Some(RequestCursor::after(last)),
        None => page.next,
    };
    json(StatusCode::OK, &RequestsView { items, next_cursor: next.map(|cursor| cursor.to_string()) })
}

fn filter(params: &mut QueryParams) -> RequestFilter {
    RequestFilter {
        model: params.take("model").map(ModelId::from),
        provider: params.take("provider").map(ProviderId::from),
        key: params.take("key").map(KeyId::from),
        project: params.take("project"),
        user: params.take("user"),
        outcome: params.parse("outcome", "completed, failed, cancelled or interrupted", Outcome::lookup),
        status: params.parse("status", "an HTTP status", |text| text.parse().ok()),
        capability: params.parse("capability", &known_capabilities(), Capability::lookup),
        cache: params.parse("cache", "hit, miss or bypass", CacheUse::lookup),
        from: params.parse("from", time::EXPECTED, time::read),
        to: params.parse("to", time::EXPECTED, time::read_end),
        id: params.take("id"),
    }
}
