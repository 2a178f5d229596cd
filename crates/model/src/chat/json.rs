//! JSON that is carried and not read.

/// The text of a JSON value, kept as it was written: number spelling and key order survive. Valid by construction:
/// whoever makes one has parsed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Json(pub String);
