//! Images to change, or to make others like.

use super::multipart::unreadable;
use baton_engine::{Content, ModelSelector};
use baton_model::operation::{FormPart, ImageFormRequest, Operation};
use baton_model::record::Attribution;
use baton_model::{Capability, Code, PublicError};
use baton_provider_api::ReplyForm;
use baton_web::parse::ParsedRequest;
use multer::Multipart;

/// Reads a form with `image` or several `image[]`, `model`, and whatever else the provider knows.
///
/// # Errors
/// `invalid_request` naming the field.
pub(super) async fn read(capability: Capability, mut form: Multipart<'static>) -> Result<ParsedRequest, PublicError> {
    let variation = capability == Capability::ImageVariation;
    let mut request = ImageFormRequest { variation, ..ImageFormRequest::default() };
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "model" {
            request.model = field.text().await.map_err(unreadable)?;
            continue;
        }
        let filename = field.file_name().map(ToOwned::to_owned);
        let content_type = field.content_type().map(ToString::to_string);
        // Kept in order, with names as they came: providers tell an image from its mask by them.
        let content = field.bytes().await.map_err(unreadable)?;
        if name == "stream" {
            request.stream = content == "true";
        }
        request.parts.push(FormPart { name, filename, content_type, content });
    }
    if !request.parts.iter().any(|part| is_image(part) && !part.content.is_empty()) {
        return Err(PublicError::new(Code::InvalidRequest, "image: is required").at("image"));
    }
    let named = !request.model.is_empty();
    Ok(ParsedRequest {
        selector: if named { ModelSelector::Model(request.model.clone()) } else { ModelSelector::Default },
        form: if request.stream { ReplyForm::Stream } else { ReplyForm::Whole },
        include_usage: false,
        base64: false,
        max_output_tokens: None,
        deterministic: false,
        fallbacks: None,
        attribution: Attribution::default(),
        content: Content::operation(Operation::ImageForm(request)),
    })
}

/// SDKs differ in how they number several images: `image[]`, or `image[0]`, `image[1]`.
fn is_image(part: &FormPart) -> bool {
    part.name == "image" || part.name.starts_with("image[")
}
