//! `GET /api/cache`.

use crate::Admin;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The size of the response cache. The latest changes may not be counted yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct CacheView {
    /// Replies.
    entries: u64,
    /// Bytes, keys included.
    bytes: u64,
}

/// Shows the size of the response cache.
#[utoipa::path(get, path = "/api/cache", tag = "cache", responses((status = 200, description = "Its size", body = CacheView)))]
pub async fn size(State(admin): State<Admin>, _: Viewer) -> ApiResult {
    let size = admin.web.engine.cache().size().await;
    json(StatusCode::OK, &CacheView { entries: size.entries, bytes: size.bytes })
}
