//! Reading bodies whole, within a bound.

use axum::body::Body;
use baton_model::{Caller, Code, PublicError};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Reads the body of a request.
///
/// It takes the caller to prove that the credentials in the head were checked first: a body costs memory, and who has no
/// key may cost none.
///
/// # Errors
/// `payload_too_large` with the limit; or that the client broke off.
pub async fn read_body(_authenticated: &Caller, body: Body, limit: usize) -> Result<Bytes, PublicError> {
    collect(body, limit).await
}

/// Reads the body of a reply that Baton itself has made.
///
/// # Errors
/// As of [`read_body`].
pub async fn read_own_reply(body: Body, limit: usize) -> Result<Bytes, PublicError> {
    collect(body, limit).await
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, PublicError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(PublicError::new(
            Code::PayloadTooLarge,
            format!("the body is larger than {limit} bytes, the limit of this server (`server.max_body_bytes`)"),
        )
        .detail("limit_bytes", limit.to_string())),
        Err(error) => {
            Err(PublicError::new(Code::InvalidRequest, format!("the body could not be read to its end: {error}")))
        }
    }
}
