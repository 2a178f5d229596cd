//! `GET /api/webhooks/{id}/deliveries`.

use super::view::DeliveriesView;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_store::webhooks::DeliveryState;
use http::{StatusCode, Uri};

/// Lists the deliveries to a webhook: delivered, pending and dead, newest first, a page at a time. Deliveries are kept
/// as long as their events (`events.keep`).
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", tag = "webhooks", params(
    ("id" = String, Path),
    ("state" = Option<String>, Query, description = "`pending`, `delivered` or `dead`"),
    ("limit" = Option<u64>, Query, description = "1 to 100; by default 20"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the previous page"),
), responses(
    (status = 200, description = "A page of deliveries", body = DeliveriesView),
    (status = 404, description = "The webhook does not exist", body = ErrorBody),
    (status = 422, description = "A parameter is invalid", body = ErrorBody),
))]
pub async fn deliveries(State(admin): State<Admin>, _: Administrator, Path(id): Path<String>, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let state = params.parse("state", "pending, delivered or dead", DeliveryState::lookup);
    let limit = params.number("limit", 1..=100, 20);
    let cursor = params.id_cursor();
    params.finish()?;
    let webhooks = admin.store.webhooks();
    // So that an unknown webhook is a 404 and not an empty list.
    webhooks.get(&id).await?;
    let page = webhooks.deliveries(Some(&id), state, cursor.as_deref(), limit).await?;
    json(StatusCode::OK, &DeliveriesView { items: page.items, next_cursor: page.next })
}
