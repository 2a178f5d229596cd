//! Requests that come as multipart forms: audio, and images made from images.

mod audio;
mod fetched;
mod image;
mod multipart;

use crate::HttpState;
use baton_model::{Capability, PublicError};
use baton_web::ClientApi;
use baton_web::parse::ParsedRequest;
use bytes::Bytes;
use http::HeaderMap;
use multipart::{media_type, open_form};
pub(crate) use multipart::{read_boundary, unreadable};

/// Reads the form of such a request; `None` where it comes as JSON. Edits of images come as either.
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
    let json = media_type(headers).eq_ignore_ascii_case("application/json");
    match capability {
        Capability::AudioTranscription | Capability::AudioTranslation if json && api == ClientApi::Native => {
            fetched::read(capability, &state.fetch, bytes).await.map(Some)
        }
        Capability::AudioTranscription | Capability::AudioTranslation => {
            audio::read(api, capability, open_form(headers, bytes)?).await.map(Some)
        }
        // Edits as JSON are parsed like every other JSON request.
        Capability::ImageEdit if json => Ok(None),
        Capability::ImageEdit | Capability::ImageVariation => {
            image::read(capability, open_form(headers, bytes)?).await.map(Some)
        }
        _ => Ok(None),
    }
}
