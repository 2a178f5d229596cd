//! Bodies that a client has compressed.

use baton_model::{Code, PublicError};
pub use baton_provider_api::transport::encoding::ContentEncoding;
use baton_provider_api::transport::encoding::UnknownEncoding;
use http::HeaderMap;

/// How the body of a request is encoded; `None` if it is not.
///
/// # Errors
/// `unsupported_media_type`, if nothing here decodes it, or it is encoded more than once.
pub fn content_encoding(headers: &HeaderMap) -> Result<Option<ContentEncoding>, PublicError> {
    ContentEncoding::of(headers).map_err(|UnknownEncoding(value)| {
        let message = format!(
            "content-encoding: expected gzip, deflate, br or zstd, once; got `{}`",
            String::from_utf8_lossy(value.as_bytes())
        );
        PublicError::new(Code::UnsupportedMediaType, message)
    })
}
