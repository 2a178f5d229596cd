//! What every request gets before its handler, and every response after it: as a layer around each group of paths, and
//! as a function for the paths that are served without layers.

use crate::failure::ErrorResponse;
use crate::headers::{self, names};
use crate::{ClientApi, Web, identify};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use baton_engine::Trace;
use baton_model::{Code, PublicError, RequestId, Timestamp};
use http::{HeaderMap, StatusCode};

/// What the layer needs: the group's API may depend on the head, because two vendors share some paths.
#[derive(Clone)]
pub struct Responding {
    /// What every API needs.
    pub web: Web,
    /// Whose clients a request with these headers is of.
    pub api: fn(&HeaderMap) -> ClientApi,
}

/// A request's id, its trace and the time at which its head was read; in its extensions.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The request's id.
    pub id: RequestId,
    /// The trace that it belongs to.
    pub trace: Trace,
    /// When its head was read.
    pub at: Timestamp,
}

/// An error of a handler. [`respond`] renders it, because it knows the request's id and the shape of the API.
#[derive(Debug)]
pub struct Refused(PublicError);

/// An error on its way to [`respond`].
#[derive(Clone)]
struct Unrendered(PublicError);

impl Refused {
    /// The error, for a handler that writes it itself.
    pub fn into_error(self) -> PublicError {
        self.0
    }
}

impl<E: Into<PublicError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        // Rendered by the layer: a handler knows neither the id nor, on shared paths, the shape.
        response.extensions_mut().insert(Unrendered(self.0));
        response
    }
}

/// The layer: [`run`] around a handler.
pub async fn respond(State(responding): State<Responding>, request: Request, next: Next) -> Response {
    let api = (responding.api)(request.headers());
    run(&responding.web, api, request, |request| next.run(request)).await
}

/// Gives a request its id and trace, renders the error of its handler, and says both in the response.
pub async fn run<F: Future<Output = Response>>(
    web: &Web,
    api: ClientApi,
    mut request: Request,
    handler: impl FnOnce(Request) -> F,
) -> Response {
    let id = identify::request_id();
    // Begun before the handler, so that a request that is refused has its trace too.
    let trace = trace(web, request.headers());
    let context = headers::value(&trace.context().to_string());
    let mut response = if request.uri().path().contains("%00") {
        // Nothing that is stored holds this character, and PostgreSQL takes none: no handler has to know.
        Refused(PublicError::new(Code::InvalidRequest, "the path must not contain the character U+0000"))
            .into_response()
    } else {
        let at = web.engine.clock().now();
        // The id stands there by itself too, for what knows nothing of traces: the audit log.
        request.extensions_mut().insert(id.clone());
        request.extensions_mut().insert(Arrived { id: id.clone(), trace, at });
        handler(request).await
    };
    match response.extensions_mut().remove() {
        Some(Unrendered(error)) => {
            let (code, message) = (error.code.name(), error.loggable());
            tracing::debug!(request.id = %id, api = api.name(), error.code = code, error.message = message, "refused");
            response = ErrorResponse { api, error, id }.into_response();
        }
        // After the handler, which may have passed on what a provider calls so.
        None => headers::name_request(response.headers_mut(), api, &id),
    }
    response.headers_mut().insert(names::TRACEPARENT, context);
    response
}

/// The trace of a request.
pub(crate) fn trace(web: &Web, headers: &HeaderMap) -> Trace {
    let parent = headers::text(headers, names::TRACEPARENT);
    // It means nothing without the other.
    let state = parent.and_then(|_| headers::text(headers, names::TRACESTATE));
    web.engine.trace(parent, state)
}
