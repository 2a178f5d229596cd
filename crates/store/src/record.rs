//! A request's record as one line of JSON: an event. Its schema is its own, in `baton-model`.

use baton_model::record::RequestRecord;

/// The record as one line of JSON, without the line's end.
pub fn to_json(record: &RequestRecord) -> String {
    // Text keys and plain values only: nothing in it can fail to become JSON.
    serde_json::to_string(record).unwrap_or_default()
}

/// Reads what [`to_json`] wrote.
///
/// # Errors
///
/// A line that is cut or holds unknown words.
pub fn from_json(text: &str) -> Result<RequestRecord, serde_json::Error> {
    serde_json::from_str(text)
}
