//! Bounds of lists in requests.

use baton_model::{Code, PublicError};

/// The most fallbacks of one request, or of one model. Each may be tried in turn, with retries of its own.
pub const MOST_FALLBACKS: usize = 16;

/// Refuses a list that is longer than its bound.
///
/// # Errors
/// `invalid_request` that names the field and the bound.
pub fn at_most(most: usize, length: usize, name: &str) -> Result<(), PublicError> {
    if length <= most {
        return Ok(());
    }
    Err(PublicError::new(Code::InvalidRequest, format!("{name}: must have at most {most} entries, got {length}"))
        .at(name))
}
