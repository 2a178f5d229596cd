//! Images made from images: `POST /v1/images/edits` and `/v1/images/variations`.
//!
//! Reference: OpenAI API reference, images (create image edit, create image variation). Requests are forms, which the
//! HTTP layer takes apart; edits may also be JSON, with images as `{image_url}` or `{file_id}` in `images` and
//! `mask`. Replies and streams are those of [generations](super::image), but for the names of the events.

use super::image;
use super::multipart::MultipartForm;
use crate::json::{self, JsonFault, Node};
use crate::openai_media as media;
use crate::rename_model::rename_model;
use crate::{Codec, Dropped, EncodedBody, ReadError, ReplyContext, RewrittenRequest, StreamReader, StreamWriter};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::chat::MediaSource;
use baton_model::event::ReplyEvent;
use baton_model::operation::{FormPart, ImageFormRequest};
use baton_model::{Body, Detail, Operation, Target};

/// The codec of both endpoints.
#[derive(Debug)]
pub struct ImageFormCodec {
    /// Whether others like the image are asked for.
    pub variation: bool,
}

impl Codec for ImageFormCodec {
    /// Reads the JSON form of edits.
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        if self.variation {
            return Err(ReadError::new("", "the body must be a form: variations have no JSON form"));
        }
        json::read(body, read).map(Operation::ImageForm)
    }

    fn write_request(&self, operation: &Operation, target: &Target) -> Result<EncodedBody, ReadError> {
        match operation {
            Operation::ImageForm(request) => Ok(write(request, target)),
            _ => Err(ReadError::wrong_operation("image form")),
        }
    }

    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        json::read(body, image::read_reply)
    }

    fn write_reply(&self, events: &[ReplyEvent], context: &ReplyContext) -> Option<EncodedBody> {
        Some(EncodedBody::json(image::write_reply(events, context)))
    }

    fn stream_reader(&self, _detail: Detail) -> Option<Box<dyn StreamReader>> {
        Some(image::stream_reader())
    }

    fn stream_writer(&self, context: ReplyContext) -> Option<Box<dyn StreamWriter>> {
        Some(image::stream_writer("image_edit", context.created))
    }
}

fn read(root: &Node<'_>) -> Result<ImageFormRequest, JsonFault> {
    // Only looked at here: it becomes a part of the form like the others.
    root.require("prompt")?.string()?;
    let mut request = ImageFormRequest {
        model: root.get("model").map(Node::string).transpose()?.unwrap_or_default(),
        stream: root.get("stream").map(Node::bool).transpose()?.unwrap_or(false),
        ..ImageFormRequest::default()
    };
    for (name, value) in root.members()? {
        match name.as_ref() {
            _ if value.is_null() => {}
            "model" => {}
            "images" => {
                for image in value.items()? {
                    request.parts.push(read_image("image[]", image)?);
                }
            }
            "mask" => request.parts.push(read_image("mask", value)?),
            _ => {
                // In a form everything is text.
                let content = value.string_or_none().unwrap_or_else(|| value.text().to_owned());
                request.parts.push(FormPart { name: name.to_string(), content: content.into(), ..FormPart::default() });
            }
        }
    }
    Ok(request)
}

/// A form holds the bytes of its images, so one that is elsewhere can't be told by it.
fn read_image(name: &str, node: &Node<'_>) -> Result<FormPart, JsonFault> {
    let url = node.require("image_url")?;
    let Some(MediaSource::Base64 { media_type, data }) = media::data_url(&url.string()?) else {
        return Err(url.expected_fault("a `data:` address with base64"));
    };
    let content = STANDARD.decode(data).map_err(|_| url.expected_fault("a `data:` address with base64"))?;
    let ending = media_type.rsplit('/').next().unwrap_or_default();
    Ok(FormPart {
        name: name.to_owned(),
        filename: Some(format!("image.{ending}")),
        content_type: Some(media_type.clone()),
        content: content.into(),
    })
}

fn write(request: &ImageFormRequest, target: &Target) -> EncodedBody {
    let mut dropped = Vec::new();
    let mut form = MultipartForm::new();
    form.field("model", target.upstream());
    for part in &request.parts {
        // A part that the model refuses would fail the whole form.
        if target.model.quirks.refuses(&part.name) {
            dropped.push(Dropped::new(&part.name, "refused by the model"));
            continue;
        }
        form.part(&part.name, part.filename.as_deref(), part.content_type.as_deref(), &part.content);
    }
    let (body, content_type) = form.finish();
    EncodedBody { body: body.into(), content_type, dropped, ..EncodedBody::default() }
}
