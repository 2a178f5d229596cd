//! Learns from the numbers of tokens that providers report how far the estimates are off.
//!
//! - [`Learner`]: a factor for each part of an estimate, for the prompts that one key sends to one model;
//! - [`SharedRatio`]: what the keys of a model have in common, for a key of which nothing is known yet; no key can move
//!   it by more than two percent;
//! - [`Prompt`]: a request taken apart for that, and its count by what is known;
//! - [`prefix`]: what the beginning of a conversation cost when it was sent before.
//!
//! Pure: who calls it keeps what was learned, and decides from which requests.

mod learner;
mod parts;
pub mod prefix;
mod prompt;
mod shared;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;

pub use learner::{Learner, Lesson};
pub use parts::{PARTS, Parts};
pub use prompt::{Basis, Knowledge, Prompt};
pub use shared::SharedRatio;
