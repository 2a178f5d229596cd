//! What a model says that it sees in an image: enough to know whether it arrived intact.

use crate::seal::{decode, fingerprint};

/// `image/png 68 bytes 0123456789abcdef` for bytes in base64: the type that the bytes show themselves or else the one
/// that was declared, the length, and the start of the SHA-256.
pub(crate) fn of_base64(data: &str, declared: &str) -> String {
    let Some(bytes) = decode(data) else { return format!("{declared} unreadable") };
    format!("{} {} bytes {}", image_type(&bytes).unwrap_or(declared), bytes.len(), fingerprint(&bytes))
}

/// The same for a `data:` URL; other URLs as they are.
pub(crate) fn of_url(url: &str) -> String {
    let inside = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    inside.map_or_else(|| url.to_owned(), |(declared, data)| of_base64(data, declared))
}

/// Whether the bytes are of another type than the declared one.
pub(crate) fn is_mistaken(data: &str, declared: &str) -> bool {
    decode(data).is_some_and(|bytes| image_type(&bytes).is_some_and(|shown| shown != declared))
}

/// The type by the first bytes.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    let starts: [(&[u8], &str); 5] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"RIFF", "image/webp"),
        (b"%PDF", "application/pdf"),
    ];
    starts.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| kind)
}
