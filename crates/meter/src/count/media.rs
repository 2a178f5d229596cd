//! About how many tokens images, documents and audio have, from their size alone. Vendors compute them from pixels,
//! pages and seconds; taking files apart for that is the provider's business.

use baton_model::chat::{Document, Image, MediaSource};

/// An image at low detail (OpenAI, "Images and vision").
const IMAGE_LOW: u64 = 85;
/// An image otherwise: the most that Claude reads of one (Anthropic, "Vision"), and more than GPT-4o mostly does.
pub(super) const IMAGE: u64 = 1_600;
/// A document of which nothing is known but its address.
const DOCUMENT: u64 = 3_000;
/// Bytes of a PDF for one token: a page has about 50 kB and 2,000 tokens (Anthropic, "PDF support").
const DOCUMENT_BYTES: u64 = 25;
/// Bytes of audio for one token: 10 tokens a second, and 16 bits at 24 kHz where it is not compressed.
const RAW_AUDIO_BYTES: u64 = 4_800;
/// The same for compressed audio at 128 kbit a second.
const AUDIO_BYTES: u64 = 1_600;

pub(super) fn image(image: &Image) -> u64 {
    if image.detail.as_deref() == Some("low") { IMAGE_LOW } else { IMAGE }
}

/// The text of a document that is text.
pub(super) fn document_text(document: &Document) -> Option<&str> {
    match &document.source {
        MediaSource::Text(text) => Some(text),
        MediaSource::Base64 { .. } | MediaSource::Url(_) | MediaSource::File { .. } => None,
    }
}

/// A document but for its [text](document_text).
pub(super) fn document(document: &Document) -> u64 {
    let named =
        [&document.title, &document.context].into_iter().flatten().map(|text| text.len() as u64 / 4).sum::<u64>();
    named
        + match &document.source {
            MediaSource::Text(_) => 0,
            MediaSource::Base64 { data, .. } => (decoded(data) as u64).div_ceil(DOCUMENT_BYTES),
            MediaSource::Url(_) | MediaSource::File { .. } => DOCUMENT,
        }
}

/// Audio of that many bytes, in a format or of a file name (`wav`, `talk.mp3`).
pub(super) fn audio(bytes: usize, format: &str) -> u64 {
    // A chat names a format, a transcription the name of a file.
    let raw = ["wav", "pcm", "pcm16"].iter().any(|ending| format.to_ascii_lowercase().ends_with(ending));
    (bytes as u64).div_ceil(if raw { RAW_AUDIO_BYTES } else { AUDIO_BYTES })
}

/// How many bytes a base64 text stands for.
pub(super) fn decoded(base64: &str) -> usize {
    // The padding makes it up to two bytes too many, which an estimate can bear.
    base64.len() / 4 * 3
}
