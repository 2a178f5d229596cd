//! Telling other nodes that something has changed, so that they look at once.

use super::follow::TOPIC;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use baton_kv::Notices;
use http::Method;
use std::sync::Arc;

/// Around the management API: a call that changed something is announced to other nodes before its reply leaves.
pub async fn announce_changes(State(notices): State<Arc<dyn Notices>>, request: Request, next: Next) -> Response {
    // A request that changed nothing after all costs the other nodes a look at the revision.
    let may_change = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let response = next.run(request).await;
    // After the change is committed: a node that looks earlier would find nothing new.
    if may_change && response.status().is_success() {
        notices.publish(TOPIC, "").await;
    }
    response
}
