//! Replies on their way out, and bodies on their way in.

use super::access::Admitted;
use super::fields::JsonFields;
use crate::Admin;
use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use baton_engine::Hold;
use baton_model::{Code, PublicError, bounds};
use baton_tasks::compute;
pub use baton_web::Refused;
use baton_web::body::{HeldBody, read_body};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;

/// What an endpoint replies.
pub type ApiResult = Result<Response, Refused>;

/// A JSON reply.
///
/// # Errors
/// Never in practice: what is written here are plain structs.
pub fn json(status: StatusCode, body: &impl Serialize) -> ApiResult {
    let text = serde_json::to_string(body).map_err(|error| {
        tracing::error!(%error, "a reply could not be written");
        PublicError::new(Code::Internal, "the reply could not be written")
    })?;
    Ok((status, [(CONTENT_TYPE, "application/json")], text).into_response())
}

/// A JSON reply that is as long as what was asked for: `advice` says what to ask for instead if that is too long.
///
/// # Errors
/// `invalid_request` if it is longer than [`bounds::PAGE`].
pub fn page(body: &impl Serialize, advice: &str) -> ApiResult {
    let response = json(StatusCode::OK, body)?;
    check_page(response.body().size_hint().exact().unwrap_or(0), advice)?;
    Ok(response)
}

/// Whether a list of so many bytes may be sent.
///
/// # Errors
/// As of [`page`].
pub fn check_page(bytes: u64, advice: &str) -> Result<(), PublicError> {
    if bytes <= bounds::PAGE as u64 {
        return Ok(());
    }
    let message = format!("the reply would have {bytes} bytes, more than the maximum of {}: {advice}", bounds::PAGE);
    Err(PublicError::new(Code::InvalidRequest, message))
}

/// The whole body of a request, within the server's limit.
pub struct RawBody {
    /// The body.
    pub bytes: Bytes,
    /// The memory that it is counted with while the endpoint runs.
    _hold: Hold,
}

impl FromRequest<Admin> for RawBody {
    type Rejection = Refused;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Refused> {
        let HeldBody { bytes, hold } = read_whole_body(request, admin, admin.web.max_body_bytes).await?;
        Ok(Self { bytes, _hold: hold })
    }
}

async fn read_whole_body(request: Request, admin: &Admin, limit: usize) -> Result<HeldBody, PublicError> {
    let Some(Admitted(caller)) = request.extensions().get::<Admitted>().cloned() else {
        // An endpoint that takes a body and asks for no role would read it for everybody.
        return Err(PublicError::new(Code::Internal, "the endpoint does not declare who may call it"));
    };
    let (parts, body) = request.into_parts();
    read_body(admin.web.engine.limits(), &caller, &parts.headers, body, limit).await
}

fn too_large(limit: usize) -> PublicError {
    let message = format!("the body is larger than {limit} bytes, the maximum of the management API");
    PublicError::new(Code::PayloadTooLarge, message).detail("limit_bytes", limit.to_string())
}

impl FromRequest<Admin> for JsonFields {
    type Rejection = Refused;

    async fn from_request(request: Request, admin: &Admin) -> Result<Self, Refused> {
        let limit = admin.web.max_body_bytes.min(bounds::CHANGE);
        let HeldBody { bytes, .. } =
            read_whole_body(request, admin, limit).await.map_err(|error| match error.code {
                // The operator has set no such limit: it is what a change may say.
                Code::PayloadTooLarge if limit == bounds::CHANGE => too_large(limit),
                _ => error,
            })?;
        // Parsing a large body takes milliseconds. `compute` moves the other tasks of this thread elsewhere first.
        Ok(compute(bytes.len(), || Self::read(bytes))?)
    }
}
