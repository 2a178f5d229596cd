//! Requests that come as multipart forms: sound, and pictures made from pictures.

mod audio;
mod fetched;
mod image;

use crate::HttpState;
use baton_model::{Capability, Code, PublicError};
use baton_web::ClientApi;
use baton_web::parse::ParsedRequest;
use bytes::Bytes;
use futures::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;
use std::convert::Infallible;

/// Reads the form of such a request; `None` where it comes as JSON. Edits of pictures come as either.
///
/// # Errors
/// `invalid_request` naming the field.
pub async fn read(
    api: ClientApi,
    capability: Capability,
    state: &HttpState,
    headers: &HeaderMap,
    bytes: &Bytes,
) -> Result<Option<ParsedRequest>, PublicError> {
    let json = essence(headers).eq_ignore_ascii_case("application/json");
    match capability {
        Capability::AudioTranscription | Capability::AudioTranslation if json && api == ClientApi::Native => {
            fetched::read(capability, &state.fetch, bytes).await.map(Some)
        }
        Capability::AudioTranscription | Capability::AudioTranslation => {
            audio::read(api, capability, open(headers, bytes)?).await.map(Some)
        }
        Capability::ImageEdit if json => Ok(None),
        Capability::ImageEdit | Capability::ImageVariation => {
            image::read(capability, open(headers, bytes)?).await.map(Some)
        }
        _ => Ok(None),
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The media type without its parameters.
fn essence(headers: &HeaderMap) -> &str {
    content_type(headers).split(';').next().unwrap_or_default().trim()
}

fn open(headers: &HeaderMap, bytes: &Bytes) -> Result<Multipart<'static>, PublicError> {
    let content_type = content_type(headers);
    let boundary = multer::parse_boundary(content_type).map_err(|_| {
        PublicError::new(
            Code::InvalidRequest,
            format!("content-type: expected multipart/form-data with a boundary, got `{content_type}`"),
        )
        .at("content-type")
    })?;
    Ok(Multipart::new(stream::iter([Ok::<_, Infallible>(bytes.clone())]), boundary))
}

fn broken(error: multer::Error) -> PublicError {
    PublicError::new(Code::InvalidRequest, format!("the form can't be read: {error}"))
}
