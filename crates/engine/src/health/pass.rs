//! Leave to try a model.

use super::state::ModelHealth;
use std::sync::{Arc, Mutex, PoisonError};

/// Leave to try a model now. Held until its reply begins or fails.
pub struct AttemptPermit {
    /// The model's state, if this is the one attempt that a half-open circuit lets through.
    pub(super) probed: Option<Arc<Mutex<ModelHealth>>>,
}

/// A probe whose client left decides nothing, so the next request may be the probe.
impl Drop for AttemptPermit {
    fn drop(&mut self) {
        if let Some(state) = &self.probed {
            state.lock().unwrap_or_else(PoisonError::into_inner).probing = false;
        }
    }
}
