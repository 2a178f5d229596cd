//! The size of an image in pixels, and the number of pages of a PDF, from their bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// How much of an image is looked at, in bytes. The size stands in the first hundred; only a JPEG may have a preview
/// before it.
const HEADER: usize = 128 << 10;
/// How much of a PDF is looked at, in bytes: all that services accept.
const PDF: usize = 32 << 20;

/// Width and height in pixels of an image given as base64.
pub(super) fn size_of_base64(data: &str) -> Option<(u64, u64)> {
    // The first bytes are enough for nearly all, and decoding costs.
    size(&decode(data, 4 << 10)).or_else(|| size(&decode(data, HEADER)))
}

/// Width and height in pixels. `None` for what is no image of a known format.
pub(super) fn size(bytes: &[u8]) -> Option<(u64, u64)> {
    let head = bytes.get(..HEADER).unwrap_or(bytes);
    let size = imagesize::blob_size(head).ok()?;
    let (width, height) = (size.width as u64, size.height as u64);
    (width > 0 && height > 0).then_some((width, height))
}

/// The number of pages of a PDF given as base64; `None` if its pages can't be told, as where they are compressed.
pub(super) fn pages_of_base64(data: &str) -> Option<u64> {
    let pages = pages(&decode(data, PDF));
    (pages > 0).then_some(pages)
}

/// Counts the objects that are pages. The tree of pages has a `/Type /Pages` for each node, which is none.
fn pages(bytes: &[u8]) -> u64 {
    let mut count = 0;
    let mut rest = bytes;
    while let Some(place) = memchr::memmem::find(rest, b"/Type") {
        rest = rest.get(place + 5..).unwrap_or_default();
        let value = rest.trim_ascii_start();
        if value.starts_with(b"/Page") && value.get(5) != Some(&b's') {
            count += 1;
        }
    }
    count
}

/// At most `limit` decoded bytes; nothing where the text is no base64.
fn decode(data: &str, limit: usize) -> Vec<u8> {
    let wanted = limit / 3 * 4;
    // Line ends are common in base64 from other programs.
    let text: Cow<'_, [u8]> = match memchr::memchr(b'\n', data.as_bytes().get(..80).unwrap_or(data.as_bytes())) {
        None => Cow::Borrowed(data.as_bytes()),
        Some(_) => Cow::Owned(data.bytes().filter(|byte| !byte.is_ascii_whitespace()).take(wanted).collect()),
    };
    let text = text.get(..wanted).unwrap_or(&text);
    // The padding may be missing, and a cut text has none.
    let whole = text.len() / 4 * 4;
    let text = text.get(..whole).unwrap_or_default();
    STANDARD.decode(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_tell_the_size() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([0, 0, 4, 0, 0, 0, 2, 0, 8, 2, 0, 0, 0]);
        assert_eq!(size(&png), Some((1024, 512)));
        assert_eq!(size_of_base64(&STANDARD.encode(&png)), Some((1024, 512)));
        for broken in [&b""[..], b"\x89PNG", b"GIF89a", b"\xff\xd8\xff", b"no image"] {
            assert_eq!(size(broken), None);
        }
    }

    #[test]
    fn pages_are_objects_of_that_type() {
        assert_eq!(pages(b"<</Type /Pages /Count 2>> <</Type /Page>> <</Type/Page/Parent 1>>"), 2);
        assert_eq!(pages_of_base64(&STANDARD.encode(b"%PDF-1.4 nothing")), None);
        assert_eq!(pages_of_base64("?"), None);
    }
}
