//! What can be wrong with a record's JSON.

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
