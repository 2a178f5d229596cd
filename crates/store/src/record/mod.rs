//! A request's record as JSON: one line of the journal, one item of the API's list.
//!
//! Times are RFC 3339 in UTC to the microsecond, money is a JSON number of dollars in exact decimal, `null` where it is
//! unpriced. What follows from the rest (`latency_ms`, the request's `cost`, `estimated`, `tokens`) is written for
//! readers and passed over when a record is read back.

mod read;
mod time;
mod write;

use baton_model::record::RequestRecord;

/// A line that is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not JSON of that shape.
    #[error("the record is not valid JSON of its shape")]
    Json(#[from] serde_json::Error),
    /// A field holds a word or number that is not known.
    #[error("the record's `{field}` is `{value}`")]
    Value {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
    },
}

/// The record as one line of JSON, without the line's end.
pub fn to_json(record: &RequestRecord) -> String {
    write::write(record)
}

/// Reads what [`to_json`] wrote.
///
/// # Errors
///
/// A line that is cut or holds unknown words.
pub fn from_json(text: &str) -> Result<RequestRecord, RecordError> {
    read::read(text)
}
