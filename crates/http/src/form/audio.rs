//! Transcription forms.

use super::multipart::unreadable;
use baton_engine::{Content, ModelSelector};
use baton_model::operation::{Operation, TranscriptionRequest};
use baton_model::record::Attribution;
use baton_model::{Capability, Code, PublicError};
use baton_provider_api::ReplyForm;
use baton_web::ClientApi;
use baton_web::parse::ParsedRequest;
use multer::Multipart;

/// Reads a form with `file`, `model` and the fields of OpenAI's audio API; Baton's own API also takes its own fields.
///
/// # Errors
/// `invalid_request` naming the field.
pub(super) async fn read(
    api: ClientApi,
    capability: Capability,
    mut form: Multipart<'static>,
) -> Result<ParsedRequest, PublicError> {
    let translate = capability == Capability::AudioTranslation;
    let mut request = TranscriptionRequest { translate, ..TranscriptionRequest::default() };
    let mut fields = AudioFields::default();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            // Providers tell the audio format by the name's ending, so there has to be a name.
            request.filename = field.file_name().unwrap_or("audio").to_owned();
            request.content_type = field.content_type().map(ToString::to_string);
            request.file = field.bytes().await.map_err(unreadable)?;
            continue;
        }
        let value = field.text().await.map_err(unreadable)?;
        fields.take(api, name, value, &mut request);
    }
    // Providers answer an empty file with errors that don't name the field.
    if request.file.is_empty() {
        return Err(PublicError::new(Code::InvalidRequest, "file: is required: an audio file").at("file"));
    }
    Ok(fields.into_request(request))
}

/// Fields that Baton reads itself.
#[derive(Default)]
pub(super) struct AudioFields {
    provider: Option<String>,
    attribution: Attribution,
}

impl AudioFields {
    /// Takes one field; what Baton does not read goes to the provider as it is.
    pub(super) fn take(&mut self, api: ClientApi, name: String, value: String, request: &mut TranscriptionRequest) {
        match (api, name.as_str()) {
            (_, "model") | (ClientApi::Native, "model_id") => request.model = value,
            (_, "response_format") => request.response_format = Some(value),
            (_, "stream") => request.stream = value == "true",
            (ClientApi::Native, "provider") => self.provider = Some(value),
            (ClientApi::Native, "user_id") => self.attribution.user = Some(value),
            (ClientApi::Native, "project_id") => self.attribution.project = Some(value),
            (ClientApi::Native, "task_id") => self.attribution.task = Some(value),
            _ => request.fields.push((name, value)),
        }
    }

    /// The request as the pipeline takes it.
    pub(super) fn into_request(self, request: TranscriptionRequest) -> ParsedRequest {
        let selector = match (request.model.is_empty(), self.provider) {
            (false, _) => ModelSelector::Model(request.model.clone()),
            (true, Some(provider)) => ModelSelector::Provider(provider),
            (true, None) => ModelSelector::Default,
        };
        ParsedRequest {
            selector,
            form: if request.stream { ReplyForm::Stream } else { ReplyForm::Whole },
            include_usage: false,
            base64: false,
            max_output_tokens: None,
            deterministic: false,
            fallbacks: None,
            attribution: self.attribution,
            content: Content::operation(Operation::Transcription(request)),
        }
    }
}
