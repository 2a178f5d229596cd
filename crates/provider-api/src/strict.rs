//! Strict requests: what a model does not support refuses them, instead of being dropped with a warning.

use crate::ProviderError;
use baton_model::fault::ErrorKind;

/// Refuses a strict request of which something would be dropped or changed; each change is `field: what becomes of it`.
///
/// # Errors
/// `invalid_request` that names the first field and lists every change.
pub fn check_strict(strict: bool, changes: &[String]) -> Result<(), ProviderError> {
    let Some(first) = changes.first().filter(|_| strict) else { return Ok(()) };
    let message = format!("the request is strict, and the model does not support all of it: {}", changes.join("; "));
    // OpenAI's errors have one field in `param`; the message has them all.
    let field = first.split(": ").next().map(str::to_owned);
    Err(ProviderError { param: field, ..ProviderError::new(ErrorKind::InvalidRequest, message) })
}
