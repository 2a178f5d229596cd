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
    let boundary = read_boundary(content_type(headers))?;
    // The body is in memory already, in its bounds; the parser takes only streams.
    Ok(Multipart::new(stream::iter([Ok::<_, Infallible>(bytes.clone())]), boundary))
}

/// The boundary that a form's media type names.
///
/// # Errors
/// If it is no form's media type, or names none.
pub(crate) fn read_boundary(content_type: &str) -> Result<String, PublicError> {
    multer::parse_boundary(content_type).map_err(|_| {
        let message = format!("content-type: must be multipart/form-data with a boundary, got `{content_type}`");
        PublicError::new(Code::InvalidRequest, message).at("content-type")
    })
}

/// A form that can't be read. The library's own sentences name its internals.
pub(crate) fn unreadable(error: multer::Error) -> PublicError {
    let problem = match error {
        multer::Error::IncompleteFieldData { field_name: Some(name) } => {
            format!("the form ends within the field `{name}`: its closing boundary is missing")
        }
        multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream => {
            "the form is incomplete: its closing boundary is missing".to_owned()
        }
        multer::Error::IncompleteHeaders
        | multer::Error::ReadHeaderFailed(_)
        | multer::Error::DecodeHeaderName { .. }
        | multer::Error::DecodeHeaderValue { .. } => "the header of a part of the form is malformed".to_owned(),
        _ => "the form is malformed".to_owned(),
    };
    PublicError::new(Code::InvalidRequest, problem)
}
