//! Images and documents: where their bytes are.
//!
//! Reference: Anthropic API reference, `ImageBlockParam` and `DocumentBlockParam`. An image's source is `base64`, `url`
//! or `file`; a document's may be `text` too. One of `content` holds blocks and stays as it stands.

use crate::json::{JsonFault, Node, Object};
use crate::media_type::guess_image;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_model::Dialect;
use baton_model::chat::{Document, Image, MediaSource, PartKind};
use std::borrow::Cow;

/// Reads an `image` block; `None` if its source is of a kind that nothing else knows.
pub(super) fn read_image(node: &Node<'_>) -> Result<Option<PartKind>, JsonFault> {
    let source = read_source(node.require("source")?)?.filter(|source| !matches!(source, MediaSource::Text(_)));
    Ok(source.map(|source| PartKind::Image(Image { source, detail: None })))
}

/// Reads a `document` block; `None` if its source is of a kind that nothing else knows.
pub(super) fn read_document(node: &Node<'_>) -> Result<Option<PartKind>, JsonFault> {
    let Some(source) = read_source(node.require("source")?)? else { return Ok(None) };
    let citations = node.get("citations").and_then(|citations| citations.get("enabled"));
    Ok(Some(PartKind::Document(Document {
        source,
        title: node.get("title").map(Node::string).transpose()?,
        context: node.get("context").map(Node::string).transpose()?,
        citations: citations.map(Node::bool).transpose()?,
    })))
}

fn read_source(node: &Node<'_>) -> Result<Option<MediaSource>, JsonFault> {
    let text = |name: &str| node.require(name)?.string();
    Ok(match text("type")?.as_str() {
        "base64" => Some(MediaSource::Base64 { media_type: text("media_type")?, data: text("data")? }),
        "url" => Some(MediaSource::Url(text("url")?)),
        "text" => Some(MediaSource::Text(text("data")?)),
        "file" => Some(MediaSource::File { dialect: Dialect::Anthropic, id: text("file_id")? }),
        _ => None,
    })
}

/// A source as this format says it.
#[derive(Debug)]
pub(super) enum SourceJson<'s> {
    Base64(&'s str, &'s str),
    Url(&'s str),
    Text(Cow<'s, str>),
    File(&'s str),
}

/// How an image's source is said, or why it can't be.
pub(super) fn image(image: &Image) -> Result<SourceJson<'_>, &'static str> {
    match &image.source {
        MediaSource::Base64 { media_type, data } if media_type.is_empty() => {
            Ok(SourceJson::Base64(guess_image(data), data))
        }
        MediaSource::Base64 { media_type, data } => Ok(SourceJson::Base64(media_type, data)),
        // An address with data that is not base64 is one that no provider fetches.
        MediaSource::Url(url) if url.starts_with("data:") => Err("a data address that is not base64"),
        MediaSource::Url(url) => Ok(SourceJson::Url(url)),
        MediaSource::File { dialect: Dialect::Anthropic, id } => Ok(SourceJson::File(id)),
        MediaSource::File { .. } => Err("an image stored at another provider"),
        MediaSource::Text(_) => Err("an image given as text"),
    }
}

/// How a document's source is said, or why it can't be.
pub(super) fn document(document: &Document) -> Result<SourceJson<'_>, &'static str> {
    match &document.source {
        MediaSource::Base64 { media_type, data } if media_type.starts_with("text/") => {
            decoded(data).map(SourceJson::Text)
        }
        // Documents in base64 can only be PDF here, so data without a type is taken for that.
        MediaSource::Base64 { media_type, data } if media_type.is_empty() => {
            Ok(SourceJson::Base64("application/pdf", data))
        }
        MediaSource::Base64 { media_type, data } => Ok(SourceJson::Base64(media_type, data)),
        MediaSource::Url(url) => Ok(SourceJson::Url(url)),
        MediaSource::Text(text) => Ok(SourceJson::Text(text.into())),
        MediaSource::File { dialect: Dialect::Anthropic, id } => Ok(SourceJson::File(id)),
        MediaSource::File { .. } => Err("a file stored at another provider"),
    }
}

/// The text in base64: this format takes text as text, and PDF alone as base64.
fn decoded(data: &str) -> Result<Cow<'_, str>, &'static str> {
    let bytes = STANDARD.decode(data).map_err(|_| "text that is not base64")?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| "text that is not UTF-8")
}

impl SourceJson<'_> {
    /// Writes `source`.
    pub(super) fn write(&self, o: &mut Object<'_>) {
        o.object("source", |o| {
            match self {
                Self::Base64(media_type, data) => {
                    o.string("type", "base64").string("media_type", media_type).string("data", data)
                }
                Self::Url(url) => o.string("type", "url").string("url", url),
                Self::Text(text) => o.string("type", "text").string("media_type", "text/plain").string("data", text),
                Self::File(id) => o.string("type", "file").string("file_id", id),
            };
        });
    }
}
