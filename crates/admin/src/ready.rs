//! `GET /health/ready`.

use crate::Admin;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// Tells whether requests can be served and recorded, for load balancers.
#[utoipa::path(get, path = "/health/ready", tag = "service", security(()), responses(
    (status = 200, description = "They can", body = String, content_type = "text/plain"),
    (status = 503, description = "They can't: the reason", body = String, content_type = "text/plain"),
))]
pub async fn ready(State(admin): State<Admin>) -> Response {
    if admin.doors.draining.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining").into_response();
    }
    if let Err(error) = admin.store.ping().await {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the database does not answer: {error}")).into_response();
    }
    if let Some(trouble) = admin.doors.engine.trouble() {
        return (StatusCode::SERVICE_UNAVAILABLE, trouble).into_response();
    }
    "ready".into_response()
}
