//! Bytes that are not of the format.

use baton_model::PublicError;

/// Bytes that are not of the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{problem}", path, if path.is_empty() { "" } else { ": " })]
pub struct ReadError {
    /// The field, from the top: `messages[0].role`; empty for the whole.
    pub path: String,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl ReadError {
    /// A field and what is wrong with it.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }

    /// A codec was given the operation of another capability: a mistake of the caller, not of the client.
    pub(crate) fn wrong_operation(codec: &str) -> Self {
        Self::new("", format!("the {codec} codec does not support this operation"))
    }
}

impl From<ReadError> for PublicError {
    fn from(error: ReadError) -> Self {
        let public = Self::new(baton_model::Code::InvalidRequest, error.to_string());
        if error.path.is_empty() { public } else { public.at(error.path) }
    }
}
