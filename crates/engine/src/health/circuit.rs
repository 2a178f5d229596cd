//! Whether a model is tried, and the errors that decide it.

use super::State;
use baton_model::Timestamp;
use baton_model::fault::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

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

/// Leave to try a model now. Held until its reply begins or fails.
pub struct Pass {
    /// The model's state, if this is the one attempt that a half-open circuit lets through.
    pub(super) probed: Option<Arc<Mutex<State>>>,
}

/// A probe whose client left decides nothing, so the next request may be the probe.
impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(state) = &self.probed {
            state.lock().unwrap_or_else(PoisonError::into_inner).probing = false;
        }
    }
}
