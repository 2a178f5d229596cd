//! What Anthropic's door has beside messages.

pub mod batches;
pub mod count;
pub mod models;

use crate::door::Door;
use crate::failure::Failure;
use axum::response::{IntoResponse, Response};
use baton_model::{PublicError, RequestId};

/// An answer, or an error in this door's shape.
fn answer(result: Result<Response, PublicError>, id: RequestId) -> Response {
    result.unwrap_or_else(|error| Failure { door: Door::Anthropic, error, id }.into_response())
}
