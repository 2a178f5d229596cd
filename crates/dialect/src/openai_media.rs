//! Images and files, as chats and responses write them into one string.

use crate::media_type::guess_image;
use baton_model::Dialect;
use baton_model::chat::{Document, Image, MediaSource};

/// What a `data:` address holds; `None` of any other address.
pub(crate) fn data_url(url: &str) -> Option<MediaSource> {
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    Some(MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() })
}

/// The address of an image, or one that holds it; `None` of one that only another provider has.
pub(crate) fn image_url(image: &Image) -> Option<String> {
    match &image.source {
        MediaSource::Url(url) => Some(url.clone()),
        MediaSource::Base64 { media_type, data } => {
            let media_type = if media_type.is_empty() { guess_image(data) } else { media_type };
            Some(format!("data:{media_type};base64,{data}"))
        }
        MediaSource::Text(_) | MediaSource::File { .. } => None,
    }
}

/// How a document is sent.
pub(crate) enum DocumentSource<'d> {
    /// As a `data:` address, or as the bare data where its type is not known.
    Data(String),
    /// By its id at OpenAI.
    Id(&'d str),
    /// As the text it is.
    Text(String),
    /// Not at all: why.
    Unsupported(&'static str),
}

/// How a document is to be sent.
pub(crate) fn file(document: &Document) -> DocumentSource<'_> {
    match &document.source {
        MediaSource::Base64 { media_type, data } if media_type.is_empty() => DocumentSource::Data(data.clone()),
        MediaSource::Base64 { media_type, data } => DocumentSource::Data(format!("data:{media_type};base64,{data}")),
        MediaSource::File { dialect: Dialect::OpenAi, id } => DocumentSource::Id(id),
        MediaSource::File { .. } => DocumentSource::Unsupported("a file stored at another provider"),
        MediaSource::Url(_) => DocumentSource::Unsupported("document URLs are not supported by openai"),
        MediaSource::Text(text) => match &document.title {
            Some(title) => DocumentSource::Text(format!("{title}\n\n{text}")),
            None => DocumentSource::Text(text.clone()),
        },
    }
}
