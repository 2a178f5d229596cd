//! Transcription of audio given by URL: the native API takes the URL, as JSON.

use super::audio::AudioFields;
use baton_fetch::{FetchClient, FetchError, FetchRequest};
use baton_model::bounds::{Maximum, URL};
use baton_model::operation::TranscriptionRequest;
use baton_model::{Capability, Code, PublicError};
use baton_web::parse::ParsedRequest;
use baton_web::parse::json_problem;
use baton_web::{ClientApi, bounds};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

/// The media types of audio; many servers have no better one than bytes.
const TYPES: [&str; 4] = ["audio/*", "video/*", "application/ogg", "application/octet-stream"];

/// Reads a JSON object with `file_url` and the fields of a form, and fetches the file.
///
/// # Errors
/// `invalid_request` naming the field: also where the address is not permitted, or what is there is not audio;
/// `payload_too_large`.
pub(super) async fn read(
    capability: Capability,
    client: &FetchClient,
    body: &Bytes,
) -> Result<ParsedRequest, PublicError> {
    let invalid = |message: String| PublicError::new(Code::InvalidRequest, message);
    let object: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| invalid(format!("the body {}", json_problem(&error))))?;
    let translate = capability == Capability::AudioTranslation;
    let mut request = TranscriptionRequest { translate, ..TranscriptionRequest::default() };
    let (mut fields, mut address) = (AudioFields::default(), None);
    for (name, value) in object {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            // Numbers and flags become what they would be in a form, where everything is text.
            other => other.to_string(),
        };
        match name.as_str() {
            "file_url" => address = Some(value),
            _ => fields.take(ClientApi::Native, name, value, &mut request),
        }
    }
    let address = address.filter(|address| !address.is_empty()).ok_or_else(|| {
        invalid("file_url: is required: the URL of an audio file; or send a form with `file`".into()).at("file_url")
    })?;
    bounds::text("file_url", &address, Maximum::Bytes(URL))?;
    // Fetched by the guarded client: the URL comes from a caller, and must not reach internal addresses.
    fetch(client, &address, &mut request).await?;
    Ok(fields.into_request(request))
}

async fn fetch(client: &FetchClient, address: &str, request: &mut TranscriptionRequest) -> Result<(), PublicError> {
    let reply =
        client.send(FetchRequest::get(address).expect_types(&TYPES)).await.map_err(|error| fetch_error(&error))?;
    if !reply.status.is_success() {
        let message = format!("file_url: the file can't be fetched: the server replied {}", reply.status.as_u16());
        return Err(PublicError::new(Code::InvalidRequest, message).at("file_url"));
    }
    if reply.body.is_empty() {
        return Err(PublicError::new(Code::InvalidRequest, "file_url: the file is empty").at("file_url"));
    }
    // Providers tell the kind of audio by the name's ending.
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    request.filename = if name.is_empty() { "audio".to_owned() } else { name.to_owned() };
    request.content_type = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    request.file = reply.body;
    Ok(())
}

fn fetch_error(error: &FetchError) -> PublicError {
    let code = match error {
        FetchError::TooLarge { .. } => Code::PayloadTooLarge,
        FetchError::Setup(_) => Code::Internal,
        _ => Code::InvalidRequest,
    };
    // The operator may know why; the caller must not learn from it what stands in this network.
    tracing::info!(%error, "a file named by a caller could not be fetched");
    PublicError::new(code, format!("file_url: {}", error.public())).at("file_url")
}
