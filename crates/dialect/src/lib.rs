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
pub mod error;
#[cfg(test)]
mod exact;
mod facts;
pub mod fidelity;
pub mod framing;
pub mod glance;
pub mod json;
pub mod native;
pub mod ollama;
mod open_calls;
pub mod openai;
#[cfg(test)]
mod pairs;
mod proof;
pub mod responses;
pub mod settle;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod wrong;

use baton_model::{Body, Capability, Dialect, Event, Operation, PublicError, Target};
use bytes::Bytes;

/// The codec of a capability in a format; `None` where the format has no such endpoint.
pub fn codec(dialect: Dialect, capability: Capability) -> Option<&'static dyn Codec> {
    match dialect {
        Dialect::OpenAi => openai::codec(capability),
        Dialect::Responses => responses::codec(capability),
        Dialect::Anthropic => anthropic::codec(capability),
        Dialect::Ollama => ollama::codec(capability),
    }
}

/// One capability of one format, in both directions.
pub trait Codec: Send + Sync {
    /// Reads a client's request. Lenient where the vendor is; what only this format knows becomes an extension.
    ///
    /// # Errors
    /// If it is not JSON, or a field has not the type or value that the format requires: the field is named.
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError>;

    /// Writes a request for a provider. Lists what the format, or this model, can't say.
    ///
    /// # Errors
    /// If the operation is of a capability that this codec does not write.
    fn write_request(&self, operation: &Operation, target: &Target) -> Result<Written, ReadError>;

    /// Changes what must be changed in a request of the same format, and keeps every other byte: the model's name,
    /// the operator's defaults for absent fields, limits that were lowered, usage reporting in streams.
    ///
    /// # Errors
    /// If a field to be changed has a form that the provider would refuse too.
    fn rewrite(&self, body: &Body, target: &Target) -> Result<Rewritten, ReadError>;

    /// Reads a provider's whole reply (status 200).
    ///
    /// # Errors
    /// If it is not of this format.
    fn read_reply(&self, body: &[u8]) -> Result<Vec<Event>, ReadError>;

    /// Writes a whole reply for a client.
    fn write_reply(&self, events: &[Event], names: &Names) -> Written;

    /// A reader for a provider's stream.
    fn reader(&self, detail: Detail) -> Box<dyn Reader>;

    /// A writer for a client's stream.
    fn writer(&self, names: Names) -> Box<dyn Writer>;
}

/// Reads one stream of a provider. One frame at a time, as [`framing`] cut it; keeps what later frames refer to.
pub trait Reader: Send {
    /// The events of one frame: none for a comment or an event that says nothing.
    ///
    /// # Errors
    /// If the frame is not of this format.
    fn push(&mut self, frame: &[u8]) -> Result<Vec<Event>, ReadError>;

    /// At the end of the bytes: [`Event::Ended`] if the format allows the stream to end here without a sign of its own
    /// (some OpenAI-compatible services send no `[DONE]`), nothing if it was cut.
    fn finish(&mut self) -> Vec<Event>;

    /// Whether the frame just pushed exists only because Baton asked for usage where the client did not, and so must
    /// not be forwarded. `asked` is [`Rewritten::hide_usage`].
    fn is_usage_only(&self) -> bool {
        false
    }
}

/// Writes one stream for a client.
pub trait Writer: Send {
    /// The bytes that say this event; empty if the format has nothing to say for it.
    fn push(&mut self, event: &Event) -> Bytes;

    /// The format's error event, after which nothing follows. Before the first byte an error is an error reply
    /// instead ([`error::write`]).
    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes;
}

/// How closely a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything, for translation.
    Full,
    /// Only what the meter and the fallback need: whether there is content ([`Event::Opaque`]), usage, errors, why it
    /// finished, the end. The bytes are forwarded as they came, so most are looked over, not parsed.
    Facts,
}

/// What a writer must know of the exchange.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// An id for formats that need one where the provider sent none.
    pub id: String,
    /// The model's name where the provider sent none.
    pub model: String,
    /// Seconds since 1970 where the provider sent none.
    pub created: i64,
    /// Whether the client asked for usage inside the stream.
    pub include_usage: bool,
    /// Whether a vector is wanted as base64.
    pub base64: bool,
    /// The client's request, for formats whose replies repeat it (responses); empty for others.
    pub request: Bytes,
    /// Whether the reply is kept for later requests, for formats that say so (responses).
    pub kept: bool,
}

/// A request or reply as bytes, and what could not be said.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The bytes.
    pub body: Bytes,
    /// Its media type.
    pub content_type: String,
    /// What was left out or changed.
    pub dropped: Vec<Dropped>,
}

impl Written {
    /// JSON, complete.
    pub fn json(body: Vec<u8>) -> Self {
        Self { body: body.into(), content_type: "application/json".into(), dropped: Vec::new() }
    }
}

/// Something that the target can't say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dropped {
    /// Where it stood, in the canonical vocabulary or in the source format: `seed`, `messages[3].image.detail`.
    pub field: String,
    /// What became of it: `not known to anthropic`, `lowered from 2 to 1`.
    pub reason: String,
}

impl Dropped {
    /// A field and what became of it.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// A request of the same format with a few places changed.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// The bytes.
    pub body: Bytes,
    /// Whether usage was asked for on Baton's behalf, so that frames which only report it are kept from the client.
    pub hide_usage: bool,
    /// What was changed beyond the name: lowered limits, refused parameters removed.
    pub dropped: Vec<Dropped>,
}

/// Bytes that are not of the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{problem}", path, if path.is_empty() { "" } else { ": " })]
pub struct ReadError {
    /// The field, from the top: `messages[0].role`; empty for the whole.
    pub path: String,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl ReadError {
    /// A field and what is wrong with it.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

impl From<ReadError> for PublicError {
    fn from(error: ReadError) -> Self {
        let public = Self::new(baton_model::Code::InvalidRequest, error.to_string());
        if error.path.is_empty() { public } else { public.at(error.path) }
    }
}
