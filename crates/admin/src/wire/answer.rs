//! Replies on their way out, and bodies on their way in.

use super::access::Admitted;
use super::fields::Fields;
use crate::Admin;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use baton_engine::Hold;
use baton_model::{Code, PublicError};
use baton_tasks::compute;
pub use baton_web::Refused;
use baton_web::body::read_body;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;

/// What an endpoint answers.
pub type Answer = Result<Response, Refused>;

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
pub struct Raw {
    /// The body.
    pub bytes: Bytes,
    /// The memory that it is counted with while the endpoint runs.
    _hold: Hold,
}

impl FromRequest<Admin> for Raw {
    type Rejection = Refused;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Refused> {
        let Some(Admitted(caller)) = request.extensions().get::<Admitted>().cloned() else {
            // An endpoint that takes a body and asks for no role would read it for everybody.
            return Err(PublicError::new(Code::Internal, "the endpoint does not say who may call it").into());
        };
        let web = &admin.web;
        let body = read_body(web.engine.limits(), &caller, request.into_body(), web.max_body_bytes).await?;
        Ok(Self { bytes: body.bytes, _hold: body.hold })
    }
}

impl FromRequest<Admin> for Fields {
    type Rejection = Refused;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Refused> {
        let Raw { bytes, .. } = Raw::from_request(request, admin).await?;
        Ok(compute(bytes.len(), || Self::read(bytes))?)
    }
}
