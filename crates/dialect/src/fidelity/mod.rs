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
pub mod document;
pub mod reply;
pub mod request;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use compare::{lost, lost_of_reply, same_bill};

use crate::{anthropic, ollama, openai, responses};
use baton_model::{Dialect, UsageClass};

/// What becomes of a field in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The format has a word for it.
    Kept,
    /// The format has a word for some of it, and the rest is listed as dropped: which.
    Partly(&'static str),
    /// It is said in another way: how.
    Emulated(&'static str),
    /// It can't be said: why, or what the format has instead.
    Dropped(&'static str),
}

/// What a format says of requests and replies.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// Of a request's fields.
    pub request: fn(request::Field) -> Fate,
    /// Of a reply's fields.
    pub reply: fn(reply::Field) -> Fate,
    /// Of a reply's usage: among which class it is counted; `None` where the format has no number for it.
    pub counted: fn(UsageClass) -> Option<UsageClass>,
}

/// The declarations of a format's chats; `None` of a format without a codec.
pub fn declared(dialect: Dialect) -> Option<Declared> {
    match dialect {
        Dialect::OpenAi => Some(openai::FIDELITY),
        Dialect::Responses => Some(responses::FIDELITY),
        Dialect::Anthropic => Some(anthropic::FIDELITY),
        Dialect::Ollama => Some(ollama::FIDELITY),
    }
}

/// One thing that a request or reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<F> {
    /// Which field it is.
    pub field: F,
    /// Where it stands, as [`Dropped::field`](crate::Dropped::field) has it: `messages[0].content[1].title`.
    pub path: String,
    /// Its value, in a form in which two ways to say the same are equal.
    pub value: String,
}

/// Declares an enum of fields with the name of each, and the list of all.
macro_rules! fields {
    ($(#[$outer:meta])* $enum:ident { $($(#[$doc:meta])+ $variant:ident = $name:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $enum {
            $($(#[$doc])+ $variant,)+
        }

        impl $enum {
            /// All of them, in the order in which documents list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in documents.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}
use fields;
