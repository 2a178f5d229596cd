//! Baton's own request API: OpenAI's shapes with a few fields more, and an envelope around the reply.
//!
//! A request is unwrapped by splicing: what is Baton's is read and cut out, the rest is an OpenAI body, byte for byte
//! as the client wrote it, and takes that dialect's path. Its reply is wrapped the same way, as the bytes it came in.

mod envelope;
mod error;
mod request;

pub use envelope::{Summary, wrap_reply, write_summary};
pub use error::write as write_error;
pub use request::{Envelope, take_envelope};
