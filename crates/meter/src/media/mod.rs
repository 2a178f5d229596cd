//! How many tokens images, documents and audio have, by the rules of the model's vendor.
//!
//! The rules stand in `data/counting.json`. An image is measured by its header alone; nothing is decoded but the
//! bytes that hold it. What is only named (by an address, or by an id at a provider) has a usual size.

mod header;
mod rule;

pub(crate) use rule::MediaRule;

use baton_model::chat::{Document, MediaSource};

/// Bytes of audio for one token: 10 tokens a second, and 16 bits at 24 kHz where it is not compressed.
const RAW_AUDIO_BYTES: u64 = 4_800;
/// The same for compressed audio at 128 kbit a second.
const AUDIO_BYTES: u64 = 1_600;

/// The text of a document that is text.
pub(crate) fn document_text(document: &Document) -> Option<&str> {
    match &document.source {
        MediaSource::Text(text) => Some(text),
        MediaSource::Base64 { .. } | MediaSource::Url(_) | MediaSource::File { .. } => None,
    }
}

/// Audio of that many bytes, in a format or of a file name (`wav`, `talk.mp3`).
pub(crate) fn audio(bytes: usize, format: &str) -> u64 {
    // A chat names a format, a transcription the name of a file.
    let raw = ["wav", "pcm", "pcm16"].iter().any(|ending| format.to_ascii_lowercase().ends_with(ending));
    (bytes as u64).div_ceil(if raw { RAW_AUDIO_BYTES } else { AUDIO_BYTES })
}

/// How many bytes a base64 text stands for.
pub(crate) fn decoded_len(base64: &str) -> usize {
    // The padding makes it up to two bytes too many, which an estimate can bear.
    base64.len() / 4 * 3
}

/// How many tokens encrypted content stands for, by the length of its base64. Recorded requests of OpenAI's show 3 tokens
/// for 20 bytes, after 900 that hold keys and names.
pub(crate) fn sealed(base64: &str) -> u64 {
    const OVERHEAD: u64 = 900;
    (base64.len() as u64).saturating_sub(OVERHEAD).saturating_mul(3) / 20 + 1
}

/// Whether a part of one format holds encrypted content, which is no text.
pub(crate) fn is_sealed(json: &str) -> bool {
    json.contains("\"encrypted_content\"")
}
