//! What a vendor's API accepts, applied to a request as it leaves: names, ids, numbers, schemas.
//!
//! The rules are data: each format has its own ([`Profile`]), which a vendor's preset and a model's quirks override.
//! One pass over the bytes applies them, after the codec and in the same way whether the request was translated or is
//! the client's own. Where nothing has to change, the bytes stay the very same.
//!
//! What is renamed comes back as it was: [`ToolNames`] puts the client's names into the reply.

mod edits;
mod fit;
mod instructions;
mod json_word;
mod media;
mod names;
mod places;
mod restrict;
mod rules;
mod schema;
mod strictness;
mod subset;
#[cfg(test)]
mod tests;
mod user;

pub use fit::{Fitted, fit, fit_written};
pub use media::fit_media;
pub use names::ToolNames;
pub use rules::{MediaTypes, Profile, TextRule, media_types};
