//! Whether a model is tried, and the errors that decide it.

use baton_model::Timestamp;
use baton_model::fault::ErrorKind;

/// One error of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    /// When.
    pub at: Timestamp,
    /// Which kind.
    pub kind: ErrorKind,
    /// The provider's message.
    pub message: String,
}

/// Whether a model is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Yes.
    Closed,
    /// Its cooldown is over: one request tries it, and decides for the others.
    HalfOpen,
    /// No: requests go to the fallbacks, or fail at once.
    Open,
}

impl Circuit {
    /// The word in the API and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}
