//! The wire formats of OpenAI, Anthropic and Ollama, each read and written by one codec.
//!
//! What a client sends Baton in the OpenAI format is what an OpenAI provider expects from Baton, so a format is one
//! folder with both directions: `request`, `reply`, `stream`, `error`, each with `read` and `write`. N formats cost N
//! folders, never N×M converters: everything passes through the canonical vocabulary of `baton-model`. What two
//! vendors of one format do differently is data ([`baton_model::Quirks`]).
//!
//! This crate does no I/O: bytes in, values out. It never panics on outside bytes, and its time is linear in them.
//!
//! To add a format: a variant of [`Dialect`], a folder like the others, and its line in [`codec`]. To add a
//! capability to a format: a file named after it in the folder, and its line in [`codec`].

pub mod anthropic;
mod call_in_text;
pub mod client_tools;
mod codec;
pub mod count;
mod effective_options;
mod encoded;
pub mod error;
#[cfg(test)]
mod exact;
mod extensions;
pub mod fidelity;
mod foreign_text;
pub mod framing;
pub mod json;
mod media_type;
mod meter_only;
pub mod native;
pub mod ollama;
mod open_calls;
pub mod openai;
mod openai_cache;
mod openai_media;
mod openai_usage;
#[cfg(test)]
mod pairs;
pub mod peek;
pub mod profile;
mod read_error;
mod reasoning_effort;
mod reasoning_origin;
mod rename_model;
pub mod responses;
mod stream;
#[cfg(test)]
mod testing;
mod turns;
mod unaccounted;
#[cfg(test)]
mod wrong;

pub use call_in_text::CallInText;
pub use codec::Codec;
pub use encoded::{Dropped, EncodedBody, ReplyContext, RewrittenRequest};
pub use read_error::ReadError;
pub use stream::{StreamReader, StreamWriter};

use baton_model::{Capability, Dialect};

/// The codec of a capability in a format; `None` where the format has no such endpoint.
pub fn codec(dialect: Dialect, capability: Capability) -> Option<&'static dyn Codec> {
    match dialect {
        Dialect::OpenAi => openai::codec(capability),
        Dialect::Responses => responses::codec(capability),
        Dialect::Anthropic => anthropic::codec(capability),
        Dialect::Ollama => ollama::codec(capability),
    }
}
