//! What is wrong with a request, gathered, so that one reply names every bad field.

use baton_model::{Code, PublicError, bounds};
use serde::Serialize;
use utoipa::ToSchema;

/// An invalid field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// The field, with its path: `price.input`.
    #[schema(example = "price.input")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "must be dollars per million as a decimal, such as 0.59")]
    pub message: String,
}

/// Every field that is wrong, in the order of reading; no more than [`bounds::FAULTS`] are kept.
#[derive(Debug, Default)]
pub struct Faults {
    kept: Vec<FieldFault>,
    number: usize,
}

impl Faults {
    /// Notes one.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.number += 1;
        // A body may name a million unknown fields.
        if self.kept.len() < bounds::FAULTS {
            self.kept.push(FieldFault { field: field.into(), message: message.into() });
        }
    }

    /// Those that were kept.
    pub fn list(&self) -> &[FieldFault] {
        &self.kept
    }

    /// Nothing, if nothing is wrong.
    ///
    /// # Errors
    /// `validation_error`: the message names the first, `details.errors` all of them.
    pub fn check(self) -> Result<(), PublicError> {
        let Some(first) = self.kept.first() else { return Ok(()) };
        let more = match self.number {
            1 => String::new(),
            n => format!(" (and {} more, see details.errors)", n - 1),
        };
        let message = format!("{}: {}{more}", first.field, first.message);
        // Structs of strings always serialise.
        let errors = serde_json::to_string(&self.kept).unwrap_or_default();
        Err(PublicError::new(Code::ValidationError, message).at(&first.field).detail("errors", errors))
    }
}
