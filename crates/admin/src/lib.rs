//! The management API.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use baton_engine::Directory;
use baton_http::Doors;
use baton_store::Store;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

/// What the management API needs.
#[derive(Clone)]
pub struct Admin {
    pub(crate) doors: Doors,
    #[expect(dead_code, reason = "the model endpoints come next")]
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: Store,
}

impl Admin {
    /// Over these parts.
    pub fn new(doors: Doors, directory: Arc<Directory>, store: Store) -> Self {
        Self { doors, directory, store }
    }
}

#[derive(OpenApi)]
#[openapi(info(title = "Baton"))]
struct Api;

/// The description of the whole API.
pub fn description() -> Description {
    Api::openapi()
}

/// Every path of the management API, and its description.
pub fn router(admin: Admin) -> (Router, Description) {
    let router = Router::new().route("/health/ready", get(ready)).with_state(admin);
    (router, Api::openapi())
}

/// Whether requests can be served and recorded.
async fn ready(State(admin): State<Admin>) -> Response {
    if let Err(error) = admin.store.ping().await {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the database does not answer: {error}")).into_response();
    }
    if !admin.doors.engine.has_room() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the ledger's journal is full").into_response();
    }
    "ready".into_response()
}
