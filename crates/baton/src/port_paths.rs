//! What one port serves, and what is around all of it.

use axum::Router;
use axum::extract::Request;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use baton_http::ModelPaths;
use baton_model::{Code, PublicError};
use baton_web::{ClientApi, ErrorResponse, identify, linger};
use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tower::ServiceExt as _;

/// What one port serves. Cheap to clone.
#[derive(Clone)]
pub struct PortPaths {
    /// Where models are asked, if they are here.
    models: Option<Arc<ModelPaths>>,
    /// Everything.
    router: Router,
}

impl PortPaths {
    /// Those of a router, and the paths at which models are asked without it.
    pub fn new(models: Option<Arc<ModelPaths>>, router: Router) -> Self {
        Self { models, router }
    }

    /// Serves a request, whatever it asks for.
    pub async fn serve(self, request: Request) -> Response {
        let request = linger(request);
        // In a box of its own: a connection keeps room for the future of its requests for as long as it is open, and that of
        // a request to a model is large.
        let serving = Box::pin(async {
            let Self { models, router } = self;
            match models.and_then(|models| Some((models.find(&request)?, models))) {
                Some((path, models)) => models.serve(path, request).await,
                None => match router.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
            }
        });
        // A panic would end the connection, and with HTTP/2 every request on it.
        let mut response = AssertUnwindSafe(serving).catch_unwind().await.unwrap_or_else(|_| bug());
        response.headers_mut().entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
        response
    }

    /// The same as a router, for what serves routers alone.
    pub fn into_router(self) -> Router {
        Router::new().fallback(move |request: Request| self.clone().serve(request))
    }
}

/// Our own bug: the log has the story, the caller the id.
fn bug() -> Response {
    let id = identify::request_id();
    tracing::error!(request.id = %id, "a handler panicked");
    let error = PublicError::new(Code::Internal, "internal error in Baton; see the log for this request id");
    let mut response = ErrorResponse { api: ClientApi::Native, error, id }.into_response();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
