//! Errors in this format.

use crate::error::ErrorReply;
use baton_model::PublicError;
use baton_model::fault::{ErrorKind, UpstreamError};

/// What a provider's error reply means.
pub fn read(_status: u16, body: &[u8]) -> UpstreamError {
    UpstreamError {
        kind: ErrorKind::Internal,
        message: String::from_utf8_lossy(body).into_owned(),
        code: None,
        param: None,
    }
}

/// An error in this format.
pub fn write(error: &PublicError, _request_id: &str) -> ErrorReply {
    ErrorReply { status: error.code.status(), body: error.message.clone().into_bytes() }
}
