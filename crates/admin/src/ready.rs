//! `GET /health/ready`.

use crate::Admin;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use std::time::Duration;

/// How long the database may take to answer: a little less than the second that Kubernetes' probes wait.
const PATIENCE: Duration = Duration::from_millis(800);

/// Readiness, for load balancers: whether requests can be served and recorded.
#[utoipa::path(get, path = "/health/ready", tag = "service", security(()), responses(
    (status = 200, description = "Ready", body = String, content_type = "text/plain"),
    (status = 503, description = "Not ready, with the reason", body = String, content_type = "text/plain"),
))]
pub async fn ready(State(admin): State<Admin>) -> Response {
    if admin.web.draining.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining").into_response();
    }
    let reason = match tokio::time::timeout(PATIENCE, admin.store.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            // Probes need no key, so they are not told what the database said.
            tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
            Some("see the log".to_owned())
        }
        Err(_) => {
            Some(format!("nothing within {} ms: it is away, busy, or has no connection left", PATIENCE.as_millis()))
        }
    };
    if let Some(reason) = reason {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the database does not answer: {reason}")).into_response();
    }
    if let Some(trouble) = admin.web.engine.trouble() {
        return (StatusCode::SERVICE_UNAVAILABLE, trouble).into_response();
    }
    "ready".into_response()
}
