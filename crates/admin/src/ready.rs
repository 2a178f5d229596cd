//! `GET /health/ready`.

use crate::Admin;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use baton_tasks::supervised;
use http::StatusCode;
use std::sync::Arc;

/// Readiness for load balancers: whether requests can be served and recorded.
#[utoipa::path(get, path = "/health/ready", tag = "service", security(()), responses(
    (status = 200, description = "`ready`; while requests are slowed down, because the database takes records more slowly than they come: `ready, slowed down by SECONDS s`", body = String, content_type = "text/plain"),
    (status = 503, description = "Not ready; the body says why", body = String, content_type = "text/plain"),
))]
pub async fn ready(State(admin): State<Admin>) -> Response {
    if admin.web.draining.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining").into_response();
    }
    let (pulse, store) = (Arc::clone(&admin.pulse), admin.store.clone());
    // In a task of its own: a caller that leaves must not take the reply away from those who wait for the same.
    let asked = tokio::spawn(supervised("readiness", async move { pulse.find_problem(|| store.ping()).await }));
    // A question that panicked is no good sign.
    let trouble = asked.await.ok().flatten().unwrap_or_else(|| Some("see the log".to_owned()));
    if let Some(trouble) = trouble {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the database is unavailable: {trouble}")).into_response();
    }
    if let Some(trouble) = admin.web.engine.recording_problem() {
        return (StatusCode::SERVICE_UNAVAILABLE, trouble).into_response();
    }
    let slowdown = admin.web.engine.slowdown();
    if slowdown.is_zero() {
        return "ready".into_response();
    }
    // Still 200: a balancer that took every slow node away would leave the others with more than they can record.
    format!("ready, slowed down by {:.3} s", slowdown.as_secs_f64()).into_response()
}
