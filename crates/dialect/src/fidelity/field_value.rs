//! The value of one field of a request or reply.

/// The value of one field of a request or reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldValue<F> {
    /// Which field it is.
    pub field: F,
    /// Where it stands, as [`Dropped::field`](crate::Dropped::field) has it: `messages[0].content[1].title`.
    pub path: String,
    /// Its value, in a form in which two ways to say the same are equal.
    pub value: String,
}
