//! Whether a model is tried in its turn, and the errors that decide it.

use baton_model::Timestamp;
use baton_model::fault::ErrorKind;

/// One error of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    /// When.
    pub at: Timestamp,
    /// Which kind.
    pub kind: ErrorKind,
    /// The provider's sentence.
    pub message: String,
}

/// Whether a model is tried in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Yes.
    Closed,
    /// Its cooldown is over: the next request tries it, and decides.
    HalfOpen,
    /// Only when all others have failed.
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
