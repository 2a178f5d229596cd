//! Cutting bytes into frames, and changing a few places in a JSON body.
//!
//! - [`sse`]: server-sent events (OpenAI, Anthropic);
//! - [`ndjson`]: one JSON value a line (Ollama);
//! - [`splice`]: the scan over a body's top level, and edits that keep every other byte.

mod kind;
pub mod ndjson;
pub mod splice;
mod splitter;
pub mod sse;
mod too_long;

pub use kind::Framing;
pub use splitter::Splitter;
pub use too_long::TooLong;
