//! What each format supports, field by field of the canonical vocabulary.
//!
//! [`request`] and [`reply`] list the fields and take a value apart into them: their `match`es and patterns are
//! exhaustive, so that a field added to the vocabulary must be placed there. Each codec declares beside itself, in its
//! `fidelity.rs`, what becomes of every field ([`Fate`]); the tests hold it to that, and `docs/dialects.md` is made of
//! it ([`document`]).
//!
//! What a request loses between two formats is what it has ([`request::list_values`]), does not arrive ([`find_lost`])
//! and is not listed among what was [dropped](crate::Dropped).

mod canonical_json;
mod compare;
mod declared;
pub mod document;
mod fate;
mod field_value;
mod fields;
#[cfg(test)]
mod interleaved;
pub mod reply;
pub mod request;
mod request_fields;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use compare::{find_lost, find_lost_in_reply, same_bill};
pub use declared::declarations;
pub use fate::{Declared, Fate};
pub use field_value::FieldValue;
