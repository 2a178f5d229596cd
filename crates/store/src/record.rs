//! A request's record as one line of JSON: a line of the journal, an event. Its schema is its own, in `baton-model`.

use baton_model::record::RequestRecord;

/// The record as one line of JSON, without the line's end.
pub fn to_json(record: &RequestRecord) -> String {
    // Text keys and plain values only: nothing in it can fail to become JSON.
    serde_json::to_string(record).unwrap_or_default()
}

/// The same, behind what is in a buffer.
pub fn write_json(record: &RequestRecord, buffer: &mut Vec<u8>) {
    // As above, and a buffer takes whatever is written.
    let _ = serde_json::to_writer(buffer, record);
}

/// Reads what [`to_json`] wrote.
///
/// # Errors
///
/// A line that is cut or holds unknown words.
pub fn from_json(text: &str) -> Result<RequestRecord, serde_json::Error> {
    serde_json::from_str(text)
}
