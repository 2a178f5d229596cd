//! One thing that a request or reply says.

/// One thing that a request or reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<F> {
    /// Which field it is.
    pub field: F,
    /// Where it stands, as [`Dropped::field`](crate::Dropped::field) has it: `messages[0].content[1].title`.
    pub path: String,
    /// Its value, in a form in which two ways to say the same are equal.
    pub value: String,
}
