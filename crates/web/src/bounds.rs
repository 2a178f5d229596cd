//! Refusing what is beyond a [bound](baton_model::bounds), by the field's name and in the words of the caller's API.

use baton_dialect::framing::splice;
use baton_model::bounds::{self, Maximum};
use baton_model::record::Attribution;
use baton_model::{Code, PublicError};
use bytes::Bytes;

/// Refuses a text that is beyond its bound.
///
/// # Errors
/// `invalid_request` that names the field and the bound.
pub fn text(name: &str, text: &str, most: Maximum) -> Result<(), PublicError> {
    most.check(text).map_err(|problem| bound_error(name, &problem))
}

/// Refuses a list that is beyond its bound.
///
/// # Errors
/// As of [`text`].
pub fn list(name: &str, length: usize, most: usize) -> Result<(), PublicError> {
    Maximum::Entries(most).check_length(length).map_err(|problem| bound_error(name, &problem))
}

/// What is wrong with a JSON object of somebody's own: too long, too many members.
///
/// # Errors
/// What is expected, as a sentence that follows the field's name.
pub fn object(json: &str, most: Maximum) -> Result<(), String> {
    // The length first: only what is short is looked at.
    most.check(json)?;
    let body = splice::scan(Bytes::copy_from_slice(json.as_bytes())).map_err(|error| error.to_string())?;
    most.check_keys(body.fields.len())
}

/// Refuses what the body of a request says of itself beyond its bounds: all of it is kept with the request's record.
///
/// # Errors
/// `invalid_request` that names the field and the bound.
pub fn attribution(said: &Attribution) -> Result<(), PublicError> {
    for (name, value) in [("user_id", &said.user), ("project_id", &said.project), ("task_id", &said.task)] {
        if let Some(value) = value {
            text(name, value, Maximum::Bytes(bounds::ID))?;
        }
    }
    match &said.metadata {
        Some(metadata) => object(&metadata.0, Maximum::Object(bounds::JSON_BYTES, bounds::JSON_KEYS))
            .map_err(|problem| bound_error("metadata", &problem)),
        None => Ok(()),
    }
}

fn bound_error(name: &str, problem: &str) -> PublicError {
    PublicError::new(Code::InvalidRequest, format!("{name}: {problem}")).at(name)
}
