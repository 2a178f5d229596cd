//! The journal's lines: a checksum, what it is, and the record as JSON.

use baton_model::RequestId;
use baton_model::record::RequestRecord;
use baton_store::record;
use std::borrow::Cow;

/// Digits of a checksum.
const CHECKSUM: usize = 8;
/// Bytes of a usual line.
const LINE: usize = 1_024;

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalLine {
    /// A request was sent to a provider.
    Start(StartLine),
    /// A request ended.
    End(Box<RequestRecord>),
}

/// The start of a request, whose record is left as it was written: nearly every request ends, and then nobody reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct StartLine {
    /// The request.
    pub id: RequestId,
    record: Box<str>,
}

impl StartLine {
    /// The record.
    pub fn read(&self) -> Option<RequestRecord> {
        record::from_json(&self.record).ok()
    }
}

/// The one member of a record that says which it is.
#[derive(serde::Deserialize)]
struct RecordId<'t> {
    #[serde(borrow)]
    id: Cow<'t, str>,
}

/// The line for a start.
pub fn start(record: &RequestRecord) -> Vec<u8> {
    write("start", record)
}

/// The line for an end.
pub fn end(record: &RequestRecord) -> Vec<u8> {
    write("end", record)
}

fn write(word: &str, record: &RequestRecord) -> Vec<u8> {
    // One buffer, and the checksum is put into its place at the end: this is on the way of every request.
    let mut line = Vec::with_capacity(LINE);
    line.extend_from_slice(b"00000000 ");
    line.extend_from_slice(word.as_bytes());
    line.push(b' ');
    record::write_json(record, &mut line);
    let (head, text) = line.split_at_mut(CHECKSUM + 1);
    let checksum = format!("{:08x}", crc32fast::hash(text));
    head.iter_mut().zip(checksum.bytes()).for_each(|(place, digit)| *place = digit);
    line.push(b'\n');
    line
}

/// What a line says; `None` if it is damaged (a process was killed while it wrote).
pub fn read(line: &[u8]) -> Option<JournalLine> {
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
            Some(JournalLine::Start(StartLine { id: RequestId::from(id.as_ref()), record: json.into() }))
        }
        "end" => Some(JournalLine::End(Box::new(record::from_json(json).ok()?))),
        _ => None,
    }
}
