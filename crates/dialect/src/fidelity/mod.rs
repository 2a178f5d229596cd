//! What each format can say, field by field of the canonical vocabulary.
//!
//! [`request`] and [`reply`] list the fields and take a value apart into them: their `match`es and patterns are
//! exhaustive, so that a field added to the vocabulary must be placed there. Each codec declares beside itself, in its
//! `fidelity.rs`, what becomes of every field ([`Fate`]); the tests hold it to that, and `docs/dialects.md` is made of it
//! ([`document`]).
//!
//! What a request loses between two formats is what it says ([`request::said`]), does not arrive ([`lost`]) and is not
//! listed among what was [dropped](crate::Dropped).

mod compare;
mod declared;
pub mod document;
mod fate;
mod fields;
pub mod reply;
pub mod request;
mod said;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use compare::{lost, lost_of_reply, same_bill};
pub use declared::declared;
pub use fate::{Declared, Fate};
pub use said::Said;
