//! The multipart form in a request's body.

use baton_model::{Code, PublicError};
use bytes::Bytes;
use futures::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;
use std::convert::Infallible;

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The media type without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    content_type(headers).split(';').next().unwrap_or_default().trim()
}

/// The form in a request's body.
///
/// # Errors
/// If the media type names no boundary.
pub(super) fn open_form(headers: &HeaderMap, bytes: &Bytes) -> Result<Multipart<'static>, PublicError> {
    let content_type = content_type(headers);
    let boundary = multer::parse_boundary(content_type).map_err(|_| {
        PublicError::new(
            Code::InvalidRequest,
            format!("content-type: expected multipart/form-data with a boundary, got `{content_type}`"),
        )
        .at("content-type")
    })?;
    // The body is in memory already, in its bounds; the parser takes only streams.
    Ok(Multipart::new(stream::iter([Ok::<_, Infallible>(bytes.clone())]), boundary))
}

/// A form that can't be read.
pub(super) fn unreadable(error: multer::Error) -> PublicError {
    PublicError::new(Code::InvalidRequest, format!("the form can't be read: {error}"))
}
