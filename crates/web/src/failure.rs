//! An error on its way out: one place for its status, shape and headers.

use crate::ClientApi;
use crate::headers::{self, names};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use baton_model::fault::{Tried, UpstreamBody};
use baton_model::{Code, PublicError, RequestId};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

/// An error, and the API in whose shape it is written.
#[derive(Debug)]
pub struct ErrorResponse {
    /// The API.
    pub api: ClientApi,
    /// The error.
    pub error: PublicError,
    /// The request's id.
    pub id: RequestId,
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let Self { api, error, id } = self;
        // The one place that logs the cause: every error passes here, and only here the request's id is known.
        if let Some(cause) = &error.cause {
            let message = error.loggable().unwrap_or(error.code.name());
            tracing::error!(request.id = %id, error = cause.chain(), "a request failed: {message}");
        }
        let UpstreamBody { status, content_type, headers: theirs, body, .. } = api.error(&error, id.as_str());
        let mut response = Response::new(Body::from(body));
        response.headers_mut().reserve(headers::USUAL);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        // Before Baton's own headers, which replace those of the same name.
        headers::forward(headers, &theirs);
        headers.insert(CONTENT_TYPE, headers::value(&content_type));
        headers::name_request(headers, api, &id);
        // The status and words may be a provider's: this says what it is to Baton.
        headers.insert(names::ERROR, HeaderValue::from_static(error.code.name()));
        if let Some(tried) = &error.tried {
            describe_attempts(headers, tried);
        }
        // Baton has tried again where that could help: an SDK that does so too would only multiply the load. It may
        // where a time is named and waiting is the cure; a spent account is not cured by it.
        let waiting_helps = matches!(error.code, Code::RateLimitExceeded | Code::Overloaded);
        let again = waiting_helps && error.retry_after.is_some();
        headers.insert(names::SHOULD_RETRY, HeaderValue::from_static(if again { "true" } else { "false" }));
        if let Some(after) = error.retry_after {
            headers.insert(RETRY_AFTER, headers::value(&after.as_secs_f64().ceil().max(1.0).to_string()));
            // The SDKs of OpenAI and Anthropic read this one first, and so don't wait longer than is asked.
            headers.insert("retry-after-ms", headers::value(&after.as_millis().max(1).to_string()));
        }
        if status == 401 {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Says what was tried, as a reply would.
fn describe_attempts(headers: &mut HeaderMap, tried: &Tried) {
    if let Some((model, provider)) = &tried.last {
        headers.insert("x-baton-model", headers::value(model.as_str()));
        headers.insert("x-baton-provider", headers::value(provider.as_str()));
        headers.insert("x-baton-attempts", HeaderValue::from(tried.attempts));
    }
    for warning in &tried.warnings {
        headers.append("x-baton-warning", headers::value(warning));
    }
}
