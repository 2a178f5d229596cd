//! Answers on their way out: errors in Baton's own shape, and the request's id on everything.

use super::access::Admitted;
use super::fields::Fields;
use crate::Admin;
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use baton_http::body::read_body;
use baton_http::door::Door;
use baton_http::{Failure, identify};
use baton_model::{Code, PublicError};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// What an endpoint answers.
pub type Answer = Result<Response, Refused>;

/// An error of an endpoint. [`finish`] writes it, because it knows the request's id.
#[derive(Debug)]
pub struct Refused(PublicError);

impl<E: Into<PublicError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// An error on its way to [`finish`].
#[derive(Clone)]
struct Unwritten(PublicError);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Unwritten(self.0));
        response
    }
}

/// Gives a request its id, writes its error if there is one, and says the id in the answer.
pub async fn finish(mut request: Request, next: Next) -> Response {
    let id = identify::request_id();
    // As in `Params`: nothing that is kept holds one, and PostgreSQL takes none.
    if request.uri().path().contains("%00") {
        let error = PublicError::new(Code::InvalidRequest, "the path holds the character U+0000");
        return Failure { door: Door::Native, error, id }.into_response();
    }
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Some(Unwritten(error)) = response.extensions_mut().remove() {
        tracing::debug!(request.id = %id, error.code = error.code.name(), error.message = error.message, "refused");
        return Failure { door: Door::Native, error, id }.into_response();
    }
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// A JSON answer.
///
/// # Errors
/// Never in practice: what is written here are plain structs.
pub fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let text = serde_json::to_string(body).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        PublicError::new(Code::Internal, "the answer could not be written")
    })?;
    Ok((status, [(CONTENT_TYPE, "application/json")], text).into_response())
}

/// The whole body of a request, within the server's limit.
pub struct Raw(pub Bytes);

impl FromRequest<Admin> for Raw {
    type Rejection = Refused;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Refused> {
        let Some(Admitted(caller)) = request.extensions().get::<Admitted>().cloned() else {
            // An endpoint that takes a body and asks for no role would read it for everybody.
            return Err(PublicError::new(Code::Internal, "the endpoint does not say who may call it").into());
        };
        Ok(Self(read_body(&caller, request.into_body(), admin.doors.settings.max_body_bytes).await?))
    }
}

impl FromRequest<Admin> for Fields {
    type Rejection = Refused;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Refused> {
        let Raw(bytes) = Raw::from_request(request, admin).await?;
        Ok(Self::read(bytes)?)
    }
}
