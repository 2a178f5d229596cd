//! The lines of earlier versions: a checksum, a word, and the record as JSON. They are read and no longer written.

use super::entry::{EncodedStart, JournalEntry};
use crate::id::RequestId;
use std::borrow::Cow;

/// Digits of a checksum.
const CHECKSUM: usize = 8;

/// The one member of a record that says which it is.
#[derive(serde::Deserialize)]
struct RecordId<'t> {
    #[serde(borrow)]
    id: Cow<'t, str>,
}

/// Whether a segment that begins so has lines.
pub(super) fn begins_line(bytes: &[u8]) -> bool {
    let Some((checksum, rest)) = bytes.split_at_checked(CHECKSUM) else { return false };
    checksum.iter().all(u8::is_ascii_hexdigit) && rest.starts_with(b" ")
}

/// What a line says; `None` if it is damaged (a process was killed while it wrote).
pub(super) fn read(line: &[u8]) -> Option<JournalEntry> {
    let line = std::str::from_utf8(line).ok()?.trim_end_matches('\n');
    let (checksum, text) = line.split_once(' ')?;
    // A killed process leaves half a line, which may still be valid UTF-8 and even valid JSON.
    if u32::from_str_radix(checksum, 16).ok()? != crc32fast::hash(text.as_bytes()) {
        return None;
    }
    let (word, json) = text.split_once(' ')?;
    match word {
        "start" => {
            let id = serde_json::from_str::<RecordId<'_>>(json).ok()?.id;
            Some(JournalEntry::Start(EncodedStart::from_json(RequestId::from(id.as_ref()), json)))
        }
        "end" => Some(JournalEntry::End(Box::new(serde_json::from_str(json).ok()?))),
        _ => None,
    }
}
