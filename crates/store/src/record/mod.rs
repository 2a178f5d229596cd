//! A request's record as JSON: one line of the journal, one item of the API's list.
//!
//! Times are RFC 3339 in UTC to the microsecond, money is a JSON number of dollars in exact decimal, `null` where it is
//! unpriced. What follows from the rest (`latency_ms`, the request's `cost`, `estimated`, `tokens`) is written for
//! readers and passed over when a record is read back.

mod error;
mod read;
mod time;
mod write;

pub use error::RecordError;

use baton_model::record::RequestRecord;

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
