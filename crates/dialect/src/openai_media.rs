//! Images and files, as chats and responses write them into one string.

use baton_model::Dialect;
use baton_model::chat::{Document, Image, Source};

/// What a `data:` address holds; `None` of any other address.
pub(crate) fn data_url(url: &str) -> Option<Source> {
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    Some(Source::Base64 { media_type: media_type.to_owned(), data: data.to_owned() })
}

/// The address of an image, or one that holds it; `None` of one that only another provider has.
pub(crate) fn image_url(image: &Image) -> Option<String> {
    match &image.source {
        Source::Url(url) => Some(url.clone()),
        Source::Base64 { media_type, data } => {
            let media_type = if media_type.is_empty() { guess_media_type(data) } else { media_type };
            Some(format!("data:{media_type};base64,{data}"))
        }
        Source::Text(_) | Source::File { .. } => None,
    }
}

/// The media type of an image by how its base64 begins, for formats that do not say (Ollama).
fn guess_media_type(data: &str) -> &'static str {
    // The first bytes of each kind in base64: FF D8 FF, "GIF", "RIFF". PNG is left.
    match data.as_bytes() {
        [b'/', b'9', b'j', ..] => "image/jpeg",
        [b'R', b'0', b'l', b'G', ..] => "image/gif",
        [b'U', b'k', b'l', b'G', ..] => "image/webp",
        _ => "image/png",
    }
}

/// How a document is sent.
pub(crate) enum File<'d> {
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
pub(crate) fn file(document: &Document) -> File<'_> {
    match &document.source {
        Source::Base64 { media_type, data } if media_type.is_empty() => File::Data(data.clone()),
        Source::Base64 { media_type, data } => File::Data(format!("data:{media_type};base64,{data}")),
        Source::File { dialect: Dialect::OpenAi, id } => File::Id(id),
        Source::File { .. } => File::Unsupported("a file stored at another provider"),
        Source::Url(_) => File::Unsupported("document URLs are not supported by openai"),
        Source::Text(text) => match &document.title {
            Some(title) => File::Text(format!("{title}\n\n{text}")),
            None => File::Text(text.clone()),
        },
    }
}
