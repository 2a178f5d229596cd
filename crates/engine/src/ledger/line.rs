//! The journal's lines: a checksum, what it is, and the record as JSON.

use baton_model::record::RequestRecord;
use baton_store::record;

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalLine {
    /// A request was sent to a provider.
    Start(Box<RequestRecord>),
    /// A request ended.
    End(Box<RequestRecord>),
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
    let text = format!("{word} {}", record::to_json(record));
    format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes())).into_bytes()
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
    let record = Box::new(record::from_json(json).ok()?);
    match word {
        "start" => Some(JournalLine::Start(record)),
        "end" => Some(JournalLine::End(record)),
        _ => None,
    }
}
